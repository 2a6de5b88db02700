"""What a proof bundle proves, and that nothing which is changed in it passes."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import pytest
from coincurve import PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.election import ChainPins, ValidatorSet
from ledger.errors import TunukError
from ledger.merkle import consistency_proof
from ledger.observer.bundle import AnchorProof, LogEntry, ProofBundle, encode_bundle_file, parse_bundle_file
from ledger.observer.check import Proved, check_bundle
from ledger.observer.messages import LANGUAGES
from ledger.observer.proof_words import describe_proved
from ledger.observer.prove import make_bundle
from ledger.observer.published_log import PublishedLog, read_published_log
from ledger.policy import log_only_policy
from ledger.signing import Ed25519Signer
from ledger.tiles import TileReader
from tests.unit.ledger.election_factory import DEVICE_KEYS, ELECTION_KEY, PUBLISHER_KEY, tally
from tests.unit.ledger.observer.bundle_factory import bundle_of
from tests.unit.ledger.observer.publication_factory import Author, MemorySource
from tests.unit.ledger.observer.sealed_chain import KEYS, VALIDATORS, anchor
from tests.unit.ledger.ruling_factory import OFFICIALS, act, decision, leaf, snapshot

CONTRACT = bytes([7]) * 20
ANCHORED = 12


def write_log() -> Author:
    """Two precincts; in the first a conflict that two officials decide."""
    author = Author()
    night = author.night
    pins = ChainPins(1, bytes(32), CONTRACT, bytes(20), (ValidatorSet(5, tuple(map(bytes, VALIDATORS))),))
    author.say(act(night, "succeed_chain", chain=pins), ELECTION_KEY)
    author.say(snapshot(night), PUBLISHER_KEY)
    author.say(tally(night), DEVICE_KEYS[0])
    first = leaf(night)
    author.say(tally(night, 1, "201"), DEVICE_KEYS[1])
    author.say(tally(night, votes=7, seq=2), DEVICE_KEYS[0])
    author.say(decision(night, "correct", leaf(night), supersedes=first), *OFFICIALS)
    author.publish_log()
    return author


AUTHOR = write_log()
POLICY = AUTHOR.policy()
LOG: PublishedLog = read_published_log(MemorySource(AUTHOR.files), POLICY)
BUNDLE = make_bundle(LOG, "101", 1, None)


def refusal(bundle: ProofBundle) -> str:
    with pytest.raises(TunukError) as caught:
        check_bundle(bundle, POLICY)
    return caught.value.code


def with_anchor(
    sealers: Sequence[PrivateKey] = KEYS[:3], contract: bytes = CONTRACT, number: int = 9, **changes: object
) -> ProofBundle:
    subtree = TileReader(LOG.tree.size, LOG.tree.content).subtree
    consistency = consistency_proof(ANCHORED, LOG.tree.size, subtree)
    proof: AnchorProof = anchor(contract, ANCHORED, LOG.tree.root_at(ANCHORED), consistency, sealers, number)
    return msgspec.structs.replace(BUNDLE, anchor=msgspec.structs.replace(proof, **changes))


def test_a_precincts_records_are_proved() -> None:
    proved: Proved = check_bundle(parse_bundle_file(encode_bundle_file(BUNDLE)), POLICY)
    assert [one.report.contests[0].ballots for one in proved.tallies] == [18, 24]
    [(index, ruled)] = proved.decisions.items()
    assert ruled.action == "correct" and [one.rulings for one in proved.tallies] == [(index,), (index,)]
    assert proved.anchor is None
    assert {one.index for one in proved.tallies} < set(range(LOG.tree.size))
    for language in LANGUAGES:
        words = "\n".join(describe_proved(proved, language))
        assert "101" in words and LOG.checkpoint.root.hex() in words


def test_another_precincts_records_are_not_in_it() -> None:
    whole = make_bundle(LOG, "201", None, None)
    assert [one.report.unit for one in check_bundle(whole, POLICY).tallies] == ["201"]
    mine = {entry.index for entry in BUNDLE.entries}
    foreign = next(entry.index for entry in whole.entries if entry.index not in mine and entry.index > ANCHORED)
    assert refusal(bundle_of(LOG, [*mine, foreign], "101", 1)) == "UNKNOWN_KEY"
    device = next(entry.index for entry in whole.entries if entry.index not in mine and entry.index < ANCHORED - 1)
    assert refusal(bundle_of(LOG, [*mine, device], "101", 1)) == "FOREIGN_ENTRY"


def test_an_anchor_is_proved_with_the_seals_of_the_pinned() -> None:
    proved = check_bundle(parse_bundle_file(encode_bundle_file(with_anchor())), POLICY).anchor
    assert proved is not None
    assert (proved.size, proved.block, proved.sealers, proved.validators) == (ANCHORED, 9, 3, 4)


@pytest.mark.parametrize(
    ("bundle", "code"),
    [
        (with_anchor(KEYS[:2]), "SEALS_TOO_FEW"),
        (with_anchor([*KEYS[:2], PrivateKey(bytes([9]) * 32)]), "SEAL_FOREIGN"),
        (with_anchor(contract=bytes([8]) * 20), "ANCHOR_NOT_PINNED"),
        (with_anchor(number=4), "ANCHOR_NOT_PINNED"),
        (with_anchor(transaction=0), "NOT_IN_BLOCK"),
        (with_anchor(log=1), "ANCHOR_EVENT_DIFFERS"),
        (with_anchor(size=ANCHORED + 1), "BAD_CONSISTENCY_PROOF"),
        (with_anchor(consistency=()), "BAD_CONSISTENCY_PROOF"),
        (with_anchor(path=()), "NOT_IN_BLOCK"),
    ],
)
def test_each_part_of_an_anchor_is_asked_for(bundle: ProofBundle, code: str) -> None:
    assert refusal(bundle) == code


def test_an_anchor_of_the_right_root_with_another_event() -> None:
    subtree = TileReader(LOG.tree.size, LOG.tree.content).subtree
    other = anchor(CONTRACT, ANCHORED - 1, LOG.tree.root_at(ANCHORED - 1), (), KEYS[:3])
    consistency = tuple(map(bytes, consistency_proof(ANCHORED, LOG.tree.size, subtree)))
    lying = msgspec.structs.replace(
        other, size=ANCHORED, root=bytes(LOG.tree.root_at(ANCHORED)), consistency=consistency
    )
    assert refusal(msgspec.structs.replace(BUNDLE, anchor=lying)) == "ANCHOR_EVENT_DIFFERS"


def test_another_log_proves_nothing_here() -> None:
    key = replace(POLICY.logs[0].key, public_key=Ed25519Signer(bytes([8]) * 32).public_key)
    policy = log_only_policy(key)
    with pytest.raises(TunukError) as caught:
        check_bundle(BUNDLE, policy)
    assert caught.value.code == "NO_KNOWN_SIGNATURE"


@pytest.mark.parametrize(
    ("unit", "contest", "code"),
    [("A", None, "NO_SUCH_UNIT"), ("9", None, "NO_SUCH_UNIT"), ("101", 9, "NO_SUCH_CONTEST")],
)
def test_only_what_there_is_can_be_proved(unit: str, contest: int | None, code: str) -> None:
    with pytest.raises(TunukError) as caught:
        make_bundle(LOG, unit, contest, None)
    assert caught.value.code == code


WHOLE = encode_bundle_file(with_anchor())


@settings(max_examples=300)
@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_no_changed_byte_passes(place: int, change: int) -> None:
    """Every byte is hashed, signed, or the one way to say it."""
    data = WHOLE[:place] + bytes([WHOLE[place] ^ change]) + WHOLE[place + 1 :]
    with pytest.raises(TunukError):
        check_bundle(parse_bundle_file(data), POLICY)


def test_an_entry_that_is_left_out_is_missed_only_where_others_need_it() -> None:
    """The election, the keys and the precinct itself; that no tally is left out no file alone can show."""
    indices = [entry.index for entry in BUNDLE.entries]
    for index in indices:
        less = bundle_of(LOG, [one for one in indices if one != index], "101", 1)
        try:
            check_bundle(less, POLICY)
        except TunukError as error:
            assert error.code in ("NOT_THIS_ELECTION", "UNKNOWN_KEY", "BAD_BUNDLE", "ACT_NOT_IN_FORCE"), index


@pytest.mark.parametrize("data", [b"", b"\x00", b"\xc1", bytes(5_000_000)])
def test_what_is_no_bundle_is_refused(data: bytes) -> None:
    with pytest.raises(TunukError) as caught:
        parse_bundle_file(data)
    assert caught.value.code in ("BAD_BUNDLE", "BUNDLE_TOO_LONG")


def test_entries_come_once_and_in_order() -> None:
    with pytest.raises(ValueError, match="ascending"):
        msgspec.structs.replace(BUNDLE, entries=(LogEntry(1, b"a"), LogEntry(1, b"a")))
