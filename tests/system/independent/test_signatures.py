"""Go's crypto/ed25519 (of the Go at hand) gives the verdicts of ours, for every key that a record may name."""

import subprocess
from pathlib import Path

import pytest

from ledger.key_check import is_sound_key
from tests.unit.ledger.signature_cases import SignatureCase, edge_cases, malleated_cases
from tests.unit.ledger.test_key_check import VERIFIERS, accepts

pytestmark = [pytest.mark.independent, pytest.mark.slow]


def ask(program: Path, cases: list[SignatureCase]) -> list[bool]:
    lines = "".join(f"{one.key.hex()} {one.signature.hex()} {one.message.hex() or '-'}\n" for one in cases)
    done = subprocess.run([program], input=lines, capture_output=True, text=True, check=True, timeout=60)
    return [line == "1" for line in done.stdout.split()]


def test_go_agrees_about_every_sound_key(go_ed25519: Path) -> None:
    cases = [one for one in edge_cases() + malleated_cases(120) if is_sound_key(one.key)]
    verdicts = ask(go_ed25519, cases)
    assert len(verdicts) == len(cases) > 120 and {True, False} == set(verdicts)
    for verifier in VERIFIERS:
        assert [accepts(verifier, one.key, one.signature, one.message) for one in cases] == verdicts
    assert all(one.honest in (None, verdict) for one, verdict in zip(cases, verdicts, strict=True))


def test_without_the_rule_it_would_not(go_ed25519: Path) -> None:
    """By the keys of the published cases, it accepts what another verifier of ours refuses."""
    verdicts = ask(go_ed25519, edge_cases())
    ours = [[accepts(verifier, one.key, one.signature, one.message) for one in edge_cases()] for verifier in VERIFIERS]
    assert any(verdicts != one for one in ours)
