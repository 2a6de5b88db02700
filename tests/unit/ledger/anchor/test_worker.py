"""The anchor worker follows the log through failures, other submitters and restarts; no anchor twice, none lost."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from ledger.anchor.anchor_key import AnchorKey, GuardedAnchorSigner
from ledger.anchor.claim import AnchorClaim
from ledger.anchor.primitives import Address, ChainError
from ledger.anchor.schedule import AnchorPace
from ledger.anchor.statement import AnchorDomain
from ledger.anchor.submitter import KeySubmitter
from ledger.anchor.worker import AnchorWorker
from ledger.errors import RollbackError
from ledger.primitives import sha256
from ledger.store.contract import TreeHead
from tests.unit.ledger.anchor.chain_bench import Bench, MemoryLog

PACE = AnchorPace(interval=10.0, poll=1.0, give_up=60.0)


@dataclass
class Run:
    """A worker with a clock that steps move, and the claims that it wrote; restart() forgets all but those."""

    bench: Bench
    now: float = 0.0
    written: list[AnchorClaim] = field(default_factory=list)
    write_fault: Callable[[], None] = lambda: None
    worker: AnchorWorker = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.worker = AnchorWorker(
            open_anchors=self.bench.deploy,
            log=self.bench.log,
            signer=self.bench.anchor_key,
            last_claim=self.written[-1] if self.written else None,
            write_claim=self.write,
            replace_claims=self.replace,
            pace=PACE,
            confirmations=0,
            clock=lambda: self.now,
        )

    def write(self, claim: AnchorClaim) -> None:
        self.write_fault()
        self.written.append(claim)

    def replace(self, claims: Sequence[AnchorClaim]) -> None:
        self.written[:] = claims

    def publish(self, size: int) -> None:
        self.bench.log.published = size

    def steps(self, count: int) -> None:
        for _ in range(count):
            self.now += self.worker.step()

    @property
    def sizes(self) -> list[int]:
        return [claim.head.size for claim in self.written]


@pytest.fixture
def run(bench: Bench) -> Run:
    return Run(bench)


def anchored_sizes(bench: Bench) -> list[int]:
    contract = bench.deploy()
    return [claim.head.size for claim in contract.claims_after(None, contract.block_number())]


def test_it_anchors_what_is_published_at_its_pace(run: Run) -> None:
    run.steps(2)
    assert run.sizes == []
    run.publish(5)
    run.steps(2)
    assert run.sizes == [5]
    # More is published every second; what is anchored keeps the interval and takes the newest.
    start = run.now
    for size in range(6, 66):
        run.publish(size)
        run.now += 1.0
        run.worker.step()
    assert run.now - start == 60
    assert 5 <= len(run.sizes) <= 8
    assert run.written == run.bench.deploy().claims_after(None, run.bench.chain.head_number())
    run.steps(4)
    assert run.sizes[-1] == 65
    assert run.worker.status.lag == 0
    assert run.worker.status.problem is None


def test_a_chain_that_is_down_delays_and_is_caught_up_with(run: Run) -> None:
    run.publish(5)
    run.bench.node.down = True
    run.steps(8)
    down = run.worker.status
    assert (down.failures, down.problem) == (8, "CHAIN_UNREACHABLE")
    assert run.now == 1 + 2 + 4 + 8 + 16 + 32 + 60 + 60
    run.publish(9)
    run.bench.node.down = False
    run.steps(2)
    assert run.sizes == [9]
    up = run.worker.status
    assert (up.failures, up.problem) == (0, None)


def test_a_lost_request_is_sent_again(run: Run) -> None:
    """Lost before it took effect."""
    run.publish(5)
    faults = iter([True])

    def before(method: str) -> None:
        if method == "eth_sendRawTransaction" and next(faults, False):
            raise ChainError("CHAIN_UNREACHABLE", "lost", retryable=True)

    run.bench.node.before = before
    run.steps(4)
    assert run.sizes == [5] == anchored_sizes(run.bench)


def test_a_lost_answer_anchors_once(run: Run) -> None:
    """Lost after it took effect: the contract's state tells, and the claim is written."""
    run.publish(5)
    faults = iter([True])

    def after(method: str, result: object) -> object:
        if method == "eth_sendRawTransaction" and next(faults, False):
            raise ChainError("CHAIN_UNREACHABLE", "lost", retryable=True)
        return result

    run.bench.node.after = after
    run.steps(4)
    assert run.sizes == [5] == anchored_sizes(run.bench)


def test_a_claim_that_was_not_written_is_found_after_a_restart(run: Run) -> None:
    """The anchor landed, the process died before the claim was on record."""
    run.publish(5)
    run.worker.step()
    assert run.sizes == []
    run.restart()
    run.worker.step()
    assert run.sizes == [5]


def test_a_full_disk_loses_no_claim(run: Run) -> None:
    def fault() -> None:
        raise OSError("no space left")

    run.publish(5)
    run.write_fault = fault
    run.steps(3)
    assert run.worker.status.problem == "IO_FAILED"
    run.write_fault = lambda: None
    run.steps(1)
    assert run.sizes == [5]


def test_somebody_elses_anchors_get_claims_too(run: Run) -> None:
    run.publish(5)
    run.steps(2)
    run.bench.anchor(7, 9)
    run.publish(12)
    run.steps(4)
    assert run.sizes == [5, 7, 9, 12]
    assert run.written == run.bench.deploy().claims_after(None, run.bench.chain.head_number())


@pytest.mark.parametrize(
    "somebody", [None, KeySubmitter(sha256(b"an observer"))], ids=["same account", "another account"]
)
@pytest.mark.parametrize("step", ["eth_call", "eth_sendRawTransaction"])
@pytest.mark.parametrize("meanwhile", [5, 8])
def test_losing_the_race_to_somebody_else_is_no_harm(
    run: Run, somebody: KeySubmitter | None, step: str, meanwhile: int
) -> None:
    """Between the look at the contract and the transaction another submitter anchors as much, or less."""
    run.publish(3)
    run.steps(2)
    run.now += 60
    # The worker's third call of a step simulates the transaction.
    calls = iter([False, False, True] if step == "eth_call" else [True])

    def before(method: str) -> None:
        if method == step and next(calls, False):
            run.bench.anchor(meanwhile, submitter=somebody)

    run.bench.node.before = before
    run.publish(8)
    run.steps(6)
    assert run.sizes == [3, *sorted({meanwhile, 8})]
    assert run.written == run.bench.deploy().claims_after(None, run.bench.chain.head_number())


def test_a_second_history_is_an_alarm_and_never_sent(run: Run) -> None:
    run.publish(8)
    run.steps(2)
    other = MemoryLog([sha256(b"other %d" % number) for number in range(50)])
    run.bench.log.leaves = other.leaves
    asked = len(run.bench.node.asked)
    for size, problem in [(8, "ANCHOR_FORK"), (5, "ANCHOR_AHEAD"), (20, "BAD_CONSISTENCY_PROOF")]:
        run.publish(size)
        run.now += 20
        run.worker.step()
        assert run.worker.status.problem == problem
    assert "eth_sendRawTransaction" not in run.bench.node.asked[asked:]
    assert run.sizes == [8]


def test_nothing_is_signed_that_the_guard_has_not_passed() -> None:
    passed = TreeHead(5, sha256(b"passed"))

    def require_passed(head: TreeHead) -> None:
        if head != passed:
            raise RollbackError("GUARD_BACKWARD", "not passed")

    signer = GuardedAnchorSigner(AnchorKey(sha256(b"key")), require_passed)
    domain = AnchorDomain(1, Address(bytes(20)), sha256(b"origin"))
    assert signer.sign_anchor(domain, passed) == AnchorKey(sha256(b"key")).sign_anchor(domain, passed)
    with pytest.raises(RollbackError):
        signer.sign_anchor(domain, TreeHead(6, sha256(b"not passed")))
