"""Cosignatures of both types: what each covers, and that neither passes for anything else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.checkpoint import Checkpoint, cosign_checkpoint, encode_checkpoint, sign_checkpoint, verify_checkpoint
from ledger.cosignature import MAX_TIMESTAMP, CosignatureSigner, MLDSA44CosignatureSigner, verify_cosignature
from ledger.errors import FormatError, SignatureError
from ledger.merkle import MAX_TREE_SIZE
from ledger.note import Ed25519NoteSigner, NoteSigner
from ledger.policy import Policy, PolicyGroup, PolicyLog, PolicyWitness, log_only_policy, verify_checkpoint_with_policy
from ledger.primitives import Hash
from ledger.signing import CryptographyVerifier, Ed25519Signer
from ledger.vkey import KeyType, NoteKey, encode_vkey, parse_vkey

ORIGIN = "log.example/election/1"
HEAD = Checkpoint(ORIGIN, 7, Hash(bytes(range(32))))
TEXT = encode_checkpoint(HEAD)
LOG = Ed25519NoteSigner(ORIGIN, Ed25519Signer(bytes(32)))


def mldsa(name: str, time: int = 1_700_000_000) -> MLDSA44CosignatureSigner:
    return MLDSA44CosignatureSigner(name, name.encode().ljust(32, b"\0"), lambda: time)


def ed25519(name: str, time: int = 1_700_000_000) -> CosignatureSigner:
    return CosignatureSigner(name, Ed25519Signer(name.encode().ljust(32, b"\0")), lambda: time)


def verify(text: bytes, signature: bytes, key: NoteKey) -> int:
    return verify_cosignature(text, signature, key, CryptographyVerifier())


@pytest.mark.parametrize("signer", [mldsa("w.example"), ed25519("w.example")], ids=["06", "04"])
def test_a_cosignature_carries_its_time_and_covers_all_of_the_head(signer: NoteSigner) -> None:
    signature = signer.sign(TEXT)
    assert verify(TEXT, signature, signer.key) == 1_700_000_000
    others = [
        encode_checkpoint(Checkpoint(ORIGIN + "1", 7, HEAD.root)),
        encode_checkpoint(Checkpoint(ORIGIN, 8, HEAD.root)),
        encode_checkpoint(Checkpoint(ORIGIN, 7, Hash(bytes(32)))),
    ]
    for text in others:
        with pytest.raises(SignatureError):
            verify(text, signature, signer.key)
    with pytest.raises(SignatureError):
        verify(TEXT, (1_700_000_001).to_bytes(8) + signature[8:], signer.key)
    for length in (0, 8, len(signature) - 1):
        with pytest.raises(SignatureError):
            verify(TEXT, signature[:length], signer.key)
    assert parse_vkey(encode_vkey(signer.key)) == signer.key


def test_ml_dsa_covers_the_cosigner_s_name() -> None:
    """Ed25519 does not: that is why its key may serve one cosigner only."""
    signer = mldsa("w.example")
    renamed = NoteKey("other.example", KeyType.COSIGNATURE_MLDSA44, signer.key.public_key)
    with pytest.raises(SignatureError):
        verify(TEXT, signer.sign(TEXT), renamed)


def test_ml_dsa_neither_signs_nor_accepts_what_it_does_not_cover() -> None:
    signer = mldsa("w.example")
    extended = encode_checkpoint(Checkpoint(ORIGIN, 7, HEAD.root, ("more",)))
    with pytest.raises(FormatError):
        signer.sign(extended)
    with pytest.raises(SignatureError):
        verify(extended, signer.sign(TEXT), signer.key)
    for text in (b"no checkpoint\n", encode_checkpoint(Checkpoint("x" * 256, 7, HEAD.root))):
        with pytest.raises(FormatError):
            signer.sign(text)
        with pytest.raises(SignatureError):
            verify(text, signer.sign(TEXT), signer.key)


@pytest.mark.parametrize("signer", [mldsa("w", 2**63), ed25519("w", 2**63)], ids=["06", "04"])
def test_the_last_time_is_a_bound(signer: NoteSigner) -> None:
    with pytest.raises(SignatureError):
        verify(TEXT, signer.sign(TEXT), signer.key)


@given(
    origin=st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=60),
    size=st.integers(1, MAX_TREE_SIZE),
    root=st.binary(min_size=32, max_size=32),
    time=st.integers(0, MAX_TIMESTAMP),
)
def test_whatever_is_signed_verifies(origin: str, size: int, root: bytes, time: int) -> None:
    text = encode_checkpoint(Checkpoint(origin, size, Hash(root)))
    for signer in (mldsa("w", time), ed25519("w", time)):
        assert verify(text, signer.sign(text), signer.key) == time


def test_a_log_cosigns_its_own_checkpoint_and_every_policy_judges_it() -> None:
    """Policies made before the log had its second key, those that know it, and those that ask for it."""
    own, witness = mldsa(ORIGIN), ed25519("w.example")
    plain = sign_checkpoint(HEAD, LOG)
    cosigned = cosign_checkpoint(cosign_checkpoint(plain, own), witness)
    log = (PolicyLog(LOG.key),)
    knowing = Policy(log, (PolicyWitness(b"own", own.key), PolicyWitness(b"w", witness.key)))
    both = Policy(log, knowing.witnesses, (PolicyGroup(b"both", 2, (b"own", b"w")),), b"both")
    for policy in (log_only_policy(LOG.key), knowing, both):
        assert verify_checkpoint_with_policy(cosigned, policy).size == 7
    for policy in (log_only_policy(LOG.key), knowing):
        assert verify_checkpoint_with_policy(plain, policy).size == 7
    for note in (plain, cosign_checkpoint(plain, own), cosign_checkpoint(plain, witness)):
        with pytest.raises(SignatureError) as caught:
            verify_checkpoint_with_policy(note, both)
        assert caught.value.code == "QUORUM_NOT_MET"


def test_a_cosignature_of_the_log_s_name_is_not_the_log_s_signature() -> None:
    own = mldsa(ORIGIN)
    with pytest.raises(SignatureError) as caught:
        verify_checkpoint(cosign_checkpoint(sign_checkpoint(HEAD, ed_stranger()), own), LOG.key, [own.key])
    assert caught.value.code == "NOT_BY_LOG"


def ed_stranger() -> Ed25519NoteSigner:
    return Ed25519NoteSigner(ORIGIN, Ed25519Signer(b"\x01" * 32))
