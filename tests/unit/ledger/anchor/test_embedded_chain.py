"""The embedded chain keeps what it acknowledged, gives the same hashes again, and refuses what it cannot execute."""

from pathlib import Path

import pytest

from ledger.anchor.anchor_key import AnchorKey
from ledger.anchor.chain_execution import MAX_TRANSACTION, Call, TransactionRefusedError
from ledger.anchor.chain_store import FILE_NAME, ChainStore, StoredLog
from ledger.anchor.contract_code import encode_anchor_call
from ledger.anchor.embedded_chain import EmbeddedChain
from ledger.anchor.primitives import Address
from ledger.anchor.submitter import KeySubmitter
from ledger.errors import FormatError, TunukError
from ledger.store.durable import StorageError
from tests.unit.ledger.anchor.chain_bench import CHAIN_ID, START, Bench, make_bench

SOMEBODY = Address(b"\x0b" * 20)


def later() -> float:
    return START + 1_000.0


def block_facts(chain: EmbeddedChain) -> list[tuple[bytes, list[bytes], int]]:
    """Of every block: its hash, its receipts' encodings, its total difficulty."""
    facts: list[tuple[bytes, list[bytes], int]] = []
    for number in range(chain.head_number() + 1):
        sealed = chain.read_block(number)
        assert sealed is not None
        facts.append((sealed.block.hash, [receipt.encode() for receipt in sealed.receipts], sealed.total_difficulty))
    return facts


def test_opened_again_it_is_the_same_chain(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    claims, facts = bench.anchor(5, 8, 21), block_facts(bench.chain)
    bench.chain.close()
    reopened = EmbeddedChain.open(tmp_path, later)
    assert (reopened.chain_id, reopened.genesis_hash) == (CHAIN_ID, bench.chain.genesis_hash)
    assert block_facts(reopened) == facts
    # And it goes on from there.
    again = Bench(reopened, type(bench.node)(reopened), bench.log, bench.target, bench.anchor_key, bench.submitter)
    assert again.anchor(34)[:3] == claims
    reopened.close()


def test_two_chains_made_alike_are_alike(tmp_path: Path) -> None:
    """Nothing but what is passed in goes into a block: no clock, no randomness."""
    facts = []
    for name in ("one", "two"):
        bench = make_bench(tmp_path / name)
        bench.anchor(5, 8)
        facts.append(block_facts(bench.chain))
        bench.chain.close()
    assert facts[0] == facts[1]


def test_time_never_goes_back(bench: Bench) -> None:
    """The clock stands still here; blocks follow one another all the same."""
    bench.anchor(5, 8)
    blocks = [bench.chain.read_block(number) for number in range(bench.chain.head_number() + 1)]
    times = [sealed.block.header.timestamp for sealed in blocks if sealed is not None]
    assert times == sorted(set(times))


def test_only_one_process_has_it_open(tmp_path: Path, bench: Bench) -> None:
    with pytest.raises(StorageError) as caught:
        EmbeddedChain.open(tmp_path / "chain", later)
    assert caught.value.code == "CHAIN_IN_USE"


def test_it_is_made_once(tmp_path: Path) -> None:
    make_bench(tmp_path).chain.close()
    with pytest.raises(StorageError) as caught:
        EmbeddedChain.create(tmp_path, CHAIN_ID, {}, later)
    assert caught.value.code == "CHAIN_EXISTS"


def test_a_creation_that_was_interrupted_is_done_again(tmp_path: Path) -> None:
    ChainStore.open(tmp_path, create=True).close()
    with pytest.raises(StorageError) as caught:
        EmbeddedChain.open(tmp_path, later)
    assert caught.value.code == "CHAIN_MISSING"
    EmbeddedChain.create(tmp_path, CHAIN_ID, {}, later).close()
    EmbeddedChain.open(tmp_path, later).close()


def test_a_missing_or_foreign_file_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as missing:
        EmbeddedChain.open(tmp_path, later)
    assert missing.value.code == "CHAIN_MISSING"
    (tmp_path / FILE_NAME).write_bytes(b"not a database, but long enough to look at" * 100)
    with pytest.raises(StorageError) as foreign:
        EmbeddedChain.open(tmp_path, later)
    assert foreign.value.code == "STORAGE_FAILED"


@pytest.mark.parametrize(
    ("chain_id", "balances", "code"),
    [
        (0, {}, "BAD_CHAIN_ID"),
        (2**53, {}, "BAD_CHAIN_ID"),
        (5, {SOMEBODY: -1}, "BAD_GENESIS"),
        (5, {SOMEBODY: 10**31}, "BAD_GENESIS"),
        (5, {AnchorKey(bytes(31) + b"\x01").address: 1}, "WELL_KNOWN_ACCOUNT"),
        (5, {AnchorKey(bytes(31) + b"\x0a").address: 1}, "WELL_KNOWN_ACCOUNT"),
    ],
)
def test_a_bad_first_block_is_refused(tmp_path: Path, chain_id: int, balances: dict[Address, int], code: str) -> None:
    with pytest.raises(FormatError) as caught:
        EmbeddedChain.create(tmp_path, chain_id, balances, later)
    assert caught.value.code == code
    # Nothing is left behind that would be in the way.
    EmbeddedChain.create(tmp_path, 5, {SOMEBODY: 1}, later).close()


def test_no_account_but_the_funded_has_money(bench: Bench) -> None:
    for number in range(1, 11):
        known = AnchorKey(number.to_bytes(32, "big")).address
        assert bench.chain.read_account(known, 0) == (0, 0, b"")
    assert bench.chain.read_account(bench.submitter.address, 0) == (0, 10**18, b"")


def sign(submitter: KeySubmitter, **changes: int) -> bytes:
    fields = {"chain_id": CHAIN_ID, "nonce": 1, "gas": 21_000, "gas_price": 0, **changes}
    return submitter.sign(to=SOMEBODY, data=b"", **fields).raw


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"chain_id": CHAIN_ID + 1}, "TX_OTHER_CHAIN"),
        ({"nonce": 0}, "TX_NONCE"),
        ({"nonce": 2}, "TX_NONCE"),
        ({"gas": 20_999}, "TX_REFUSED"),
        ({"gas": 30_000_001}, "TX_REFUSED"),
        ({"gas_price": 10**18}, "TX_REFUSED"),
    ],
)
def test_a_transaction_that_cannot_be_executed_changes_nothing(bench: Bench, change: dict[str, int], code: str) -> None:
    facts = block_facts(bench.chain)
    with pytest.raises(TransactionRefusedError) as caught:
        bench.chain.send_transaction(sign(bench.submitter, **change))
    assert caught.value.code == code
    assert block_facts(bench.chain) == facts
    bench.chain.send_transaction(sign(bench.submitter))


@pytest.mark.parametrize(
    "raw", [b"", b"\x00", b"\x01", b"\x02\xc0", b"\xc0", b"\xf8", b"\xff" * 200, bytes(MAX_TRANSACTION + 1)]
)
def test_bytes_that_are_no_transaction_are_refused(bench: Bench, raw: bytes) -> None:
    with pytest.raises(TransactionRefusedError):
        bench.chain.send_transaction(raw)


@pytest.mark.parametrize("position", range(0, 110, 7))
def test_a_flipped_bit_is_refused(bench: Bench, position: int) -> None:
    """The signature covers everything: a changed transaction is by somebody else, or by nobody."""
    raw = bytearray(sign(bench.submitter, nonce=1, gas_price=1))
    raw[position % len(raw)] ^= 1
    with pytest.raises(TransactionRefusedError):
        bench.chain.send_transaction(bytes(raw))


def test_a_failing_disk_rolls_everything_back(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last write of a block fails: neither block nor state is there, and the same transaction passes later."""
    bench.anchor(5)
    facts, head = block_facts(bench.chain), bench.log.head(8)
    contract = bench.deploy()
    arguments = (head, bench.log.consistency_proof(5, 8), bench.anchor_key.sign_anchor(contract.domain, head))

    def fail(self: ChainStore, log: StoredLog) -> None:
        raise StorageError("DISK_FULL", "no space left")

    with monkeypatch.context() as patch:
        patch.setattr(ChainStore, "write_log", fail)
        with pytest.raises(TunukError):
            contract.submit(*arguments)
    assert block_facts(bench.chain) == facts
    assert contract.head() == bench.log.head(5)
    contract.submit(*arguments)
    assert contract.head() == head


def test_reads_write_nothing(tmp_path: Path, bench: Bench) -> None:
    """A call executes code that stores, and nothing of it reaches the database."""
    bench.anchor(5)
    head, contract = bench.log.head(8), bench.deploy()
    signature = bench.anchor_key.sign_anchor(contract.domain, head)
    data = encode_anchor_call(head, bench.log.consistency_proof(5, 8), signature)
    facts = block_facts(bench.chain)
    call = Call(SOMEBODY, bench.target.contract, data, 0, None)
    bench.chain.call(call, bench.chain.head_number())
    assert bench.chain.estimate_gas(call, bench.chain.head_number()) < 100_000
    assert block_facts(bench.chain) == facts
    assert contract.head() == bench.log.head(5)


def test_a_write_outside_a_transaction_is_refused(tmp_path: Path) -> None:
    store = ChainStore.open(tmp_path, create=True)
    with pytest.raises(StorageError) as caught:
        store[b"key"] = b"value"
    assert caught.value.code == "CHAIN_READ_ONLY"
    with store.transaction():
        store[b"key"] = b"value"
    assert store[b"key"] == b"value"
    with pytest.raises(KeyError), store.transaction():
        del store[b"key"]
        del store[b"key"]
    assert b"key" in store
    store.close()
