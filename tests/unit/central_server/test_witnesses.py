"""Asking all witnesses of a policy: quorums, and witnesses that fail or make others wait."""

import threading
from collections.abc import Iterator

import pytest

from central_server.witness_client import NewHead, WitnessError
from central_server.witnesses import FIRST_BACKOFF, QuorumError, Witnesses
from ledger.cosignature import CosignatureSigner
from ledger.errors import TunukError
from ledger.note import NoteSignature, parse_note, sign_text
from ledger.policy import Policy, PolicyGroup, PolicyLog, PolicyWitness, verify_checkpoint_with_policy
from ledger.primitives import Hash
from ledger.signing import Ed25519Signer
from tests.unit.ledger.observer.witness_factory import (
    LOG,
    MLDSA44,
    head,
)

SIGNERS = [CosignatureSigner(f"w{n}", Ed25519Signer(bytes([n + 10]) * 32), lambda: 1_700_000_000) for n in range(3)]
WITNESSES = tuple(PolicyWitness(b"w%d" % n, signer.key) for n, signer in enumerate(SIGNERS))
TWO_OF_THREE = Policy((PolicyLog(LOG.key),), WITNESSES, (PolicyGroup(b"g", 2, (b"w0", b"w1", b"w2")),), b"g")


class Scripted:
    """Signs, unless it is told to fail, or to wait until ``gate`` is open."""

    def __init__(self, signer: CosignatureSigner) -> None:
        self.signer, self.asked = signer, 0
        self.error: TunukError | None = None
        self.gate = threading.Event()
        self.gate.set()

    def cosign(self, new: NewHead) -> tuple[NoteSignature, ...]:
        self.asked += 1
        if self.error is not None:
            raise self.error
        self.gate.wait(60)
        return (sign_text(new.note.text, self.signer),)


class Panel:
    def __init__(self) -> None:
        self.scripted = [Scripted(signer) for signer in SIGNERS]
        self.now = 0.0
        self.told: list[str] = []
        named = [(f"https://{n}.example", one) for n, one in enumerate(self.scripted)]
        self.witnesses = Witnesses(TWO_OF_THREE, named, [MLDSA44], self._clock, self._tell)

    def _tell(self, source: str, error: TunukError) -> None:
        self.told.append(error.code)

    def _clock(self) -> float:
        # Time passes with every look, so that whoever waits comes to an end.
        self.now += 0.001
        return self.now

    def cosign(self, size: int = 5) -> bytes:
        return self.witnesses.cosign(head(size), no_proof)


def no_proof(old_size: int) -> tuple[Hash, ...]:
    return ()


@pytest.fixture
def panel(monkeypatch: pytest.MonkeyPatch) -> Iterator[Panel]:
    monkeypatch.setattr("central_server.witnesses.GRACE_SECONDS", 0.01)
    panel = Panel()
    with panel.witnesses:
        yield panel
        for one in panel.scripted:
            one.gate.set()


def failing() -> WitnessError:
    return WitnessError("WITNESS_UNREACHABLE", "gone")


def test_all_signatures_are_gathered_with_the_log_s_own(panel: Panel) -> None:
    data = panel.cosign()
    checkpoint = verify_checkpoint_with_policy(data, TWO_OF_THREE)
    assert len(checkpoint.signatures) == 4
    assert MLDSA44.key.key_id in [line.key_id for line in parse_note(data).signatures]
    assert (panel.witnesses.problem, panel.witnesses.counts.cosigned) == (None, 3)


def test_the_quorum_is_enough(panel: Panel) -> None:
    panel.scripted[1].error = failing()
    verify_checkpoint_with_policy(panel.cosign(), TWO_OF_THREE)
    assert panel.told == ["WITNESS_UNREACHABLE"] and panel.witnesses.problem is None


def test_without_a_quorum_nothing_is_published(panel: Panel) -> None:
    for one in panel.scripted[:2]:
        one.error = failing()
    with pytest.raises(QuorumError) as caught:
        panel.cosign()
    assert caught.value.code == panel.witnesses.problem == "WITNESS_QUORUM"
    assert "WITNESS_UNREACHABLE" in caught.value.message
    for one in panel.scripted:
        one.error = None
    panel.now += FIRST_BACKOFF * 2
    panel.cosign(6)
    assert panel.witnesses.problem is None


def test_who_failed_is_left_alone_for_longer_each_time(panel: Panel) -> None:
    panel.scripted[0].error = failing()
    panel.cosign()
    panel.cosign()
    assert panel.scripted[0].asked == 1
    panel.now += FIRST_BACKOFF
    panel.cosign()
    panel.now += FIRST_BACKOFF
    panel.cosign()
    assert panel.scripted[0].asked == 2
    panel.now += 2 * FIRST_BACKOFF
    panel.cosign()
    assert panel.scripted[0].asked == 3


def test_a_slow_witness_holds_up_nobody_and_is_asked_once(panel: Panel) -> None:
    slow = panel.scripted[2]
    slow.gate.clear()
    for size in (5, 6, 7):
        assert len(verify_checkpoint_with_policy(panel.cosign(size), TWO_OF_THREE).signatures) == 3
    assert slow.asked == 1
    pending = panel.witnesses._asked[2].pending
    assert pending is not None
    slow.gate.set()
    pending.result(60)
    assert len(verify_checkpoint_with_policy(panel.cosign(8), TWO_OF_THREE).signatures) == 4


def test_too_many_slow_witnesses_are_no_quorum(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("central_server.witnesses.TOTAL_SECONDS", 0.01)
    for one in panel.scripted[1:]:
        one.gate.clear()
    with pytest.raises(QuorumError):
        panel.cosign()
