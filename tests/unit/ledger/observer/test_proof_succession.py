"""Proof bundles of a successor log: they show whose successor it is, and anchors of the old contract prove nothing."""

import msgspec
import pytest

from ledger.errors import TunukError
from ledger.merkle import consistency_proof
from ledger.observer.bundle import ProofBundle, encode_bundle_file, parse_bundle_file
from ledger.observer.check import check_bundle
from ledger.observer.messages import LANGUAGES
from ledger.observer.proof_words import describe_proved
from ledger.observer.prove import make_bundle
from ledger.observer.published_log import PublishedLog, read_published_log
from ledger.signing import Ed25519Signer
from ledger.tiles import TileReader
from tests.unit.ledger.election_factory import ELECTION_KEY, POLLS_OPEN, PUBLISHER_KEY
from tests.unit.ledger.observer.bundle_factory import bundle_of
from tests.unit.ledger.observer.publication_factory import Author, MemorySource, whole_author
from tests.unit.ledger.observer.sealed_chain import KEYS, anchor
from tests.unit.ledger.observer.successor_factory import SECOND_KEY, Heir, policy, succession, take_again
from tests.unit.ledger.ruling_factory import OFFICIALS, act, other_chain, snapshot

BEFORE = whole_author()


def read(heir: Author, key: Ed25519Signer = SECOND_KEY) -> PublishedLog:
    heir.publish_log()
    heir.files["checkpoint"] = heir.checkpoint(key)
    return read_published_log(MemorySource(heir.files), policy(heir))


def heir() -> Heir:
    return take_again(BEFORE, BEFORE.size)


def refusal(bundle: ProofBundle) -> str:
    with pytest.raises(TunukError) as caught:
        check_bundle(bundle, policy(BEFORE))
    return caught.value.code


def test_a_successors_file_shows_the_succession() -> None:
    log = read(heir())
    bundle = make_bundle(log, "101", 1, None)
    proved = check_bundle(parse_bundle_file(encode_bundle_file(bundle)), policy(BEFORE))
    assert list(proved.successions) == [BEFORE.size] and len(proved.tallies) == 2
    assert all(str(BEFORE.size) in "\n".join(describe_proved(proved, language)) for language in LANGUAGES)


def test_without_it_the_file_is_refused() -> None:
    log = read(heir())
    kept = [entry.index for entry in make_bundle(log, "101", 1, None).entries if entry.index != BEFORE.size]
    assert refusal(bundle_of(log, kept, "101", 1)) == "WRONG_GENERATION"


def test_the_log_signs_by_the_key_that_it_names() -> None:
    other = take_again(BEFORE, BEFORE.size, log_key=bytes(ELECTION_KEY.public_key))
    assert refusal(make_bundle(read(other), "101", 1, None)) == "WRONG_GENERATION"


def test_a_succession_that_the_fold_holds_does_not_count() -> None:
    """Neither made into a file, nor taken from one."""
    other = heir()
    other.say(succession(other, generation=2), *OFFICIALS)
    log = read(other)
    bundle = make_bundle(log, "101", 1, None)
    assert list(check_bundle(bundle, policy(BEFORE)).successions) == [BEFORE.size]
    forged = bundle_of(log, [*(entry.index for entry in bundle.entries), BEFORE.size + 1], "101", 1)
    assert refusal(forged) == "ACT_NOT_IN_FORCE"


def test_by_the_election_key_alone_it_is_in_force_before_the_polls_open() -> None:
    """Two snapshots around it show that, as for every act."""
    author = Author()
    author.say(snapshot(author.night, POLLS_OPEN - 60), PUBLISHER_KEY)
    author.publish_log()
    other = Heir(author.night)
    other.origin = author.origin[:-1] + "2"
    other.say(succession(other), ELECTION_KEY)
    size = other.size
    assert refusal(make_bundle(read(other), "101", 1, None)) == "ACT_NOT_IN_FORCE"
    other.say(snapshot(other.night, POLLS_OPEN), PUBLISHER_KEY)
    assert list(check_bundle(make_bundle(read(other), "101", 1, None), policy(other)).successions) == [size - 1]


def test_an_anchor_on_the_old_contract_is_none_of_this_log() -> None:
    old = Author()
    old.say(act(old.night, "succeed_chain", chain=other_chain(7)), ELECTION_KEY)
    old.snapshot()
    log = read(take_again(old, old.size))
    subtree = TileReader(log.tree.size, log.tree.content).subtree
    for contract, code in ((7, "ANCHOR_NOT_PINNED"), (9, "")):
        root, proof = log.tree.root_at(5), consistency_proof(5, log.tree.size, subtree)
        anchored = anchor(bytes([contract]) * 20, 5, root, proof, KEYS[:3])
        bundle = msgspec.structs.replace(make_bundle(log, "101", 1, None), anchor=anchored)
        if code:
            assert refusal(bundle) == code
        else:
            assert check_bundle(bundle, policy(BEFORE)).anchor is not None
