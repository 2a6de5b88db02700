module tunuk/tests/ed25519

go 1.21
