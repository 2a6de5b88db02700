"""The second half of the story: tallies come in, and two officials decide about some of them."""

from msgspec import structs

from ledger.primitives import Hash
from ledger.rulings import Authority, Decision, DecisionAction, Return, ReturnContest, ReturnLine, ReturnVotes
from ledger.tally import ContestTally, TallyReport, UrnEvent
from tests.vectors.records.election import POLLS_CLOSE, key_id
from tests.vectors.records.log import WrittenLog
from tests.vectors.records.story_before import WORTHLESS, succession

FIRST = ContestTally(1, 45, 1, 2, ((1, 20, 5), (2, 0, 0), (9, 15, 2)))
SECOND = ContestTally(2, 45, 2, 11, ((1, 30, 4), (2, 20, 6), (3, 10, 5)))
LIBRARY = (
    ContestTally(1, 30, 0, 3, ((1, 10, 2), (2, 0, 0), (9, 14, 1))),
    ContestTally(2, 30, 2, 16, ((1, 20, 2), (2, 18, 0))),
)
HIDDEN = ContestTally(2, 3, None, None, None)


def tally(log: WrittenLog, urn: str, unit: str, *contests: ContestTally) -> TallyReport:
    time = POLLS_CLOSE + 2_000 if urn == "u1" else POLLS_CLOSE + 300
    return TallyReport(
        log.election_id, 1, None, urn, unit, 1, time, "urn", bytes([8]) * 32, b"an urn's own signature", contests
    )


def decision(log: WrittenLog, action: DecisionAction, *targets: Hash, **subjects: object) -> Decision:
    body = Decision(log.election_id, "out_of_use", "recount", "45-B", (), urn="u1")
    named = {"action": action, "targets": tuple(sorted(targets)), "urn": None, **subjects}
    return structs.replace(body, **named)


def decide(log: WrittenLog, note: str, action: DecisionAction, *targets: Hash, **subjects: object) -> Hash:
    return log.say(note, decision(log, action, *targets, **subjects), "official-1", "official-2")


def report(log: WrittenLog) -> dict[str, Hash]:
    """What the urns tell after the polls have closed; leaf hashes of what decisions are about."""
    leaves = {"live": log.tell("a tally; the clock is fast", tally(log, "u1", "1001", FIRST, SECOND), "device-1")}
    log.tell("the same counts in another envelope", tally(log, "u1", "1001", FIRST, SECOND), "device-1")
    other = structs.replace(FIRST, undervotes=3, selections=((1, 19, 5), (2, 0, 0), (9, 15, 2)))
    leaves["conflict"] = log.tell("other counts", tally(log, "u1", "1001", other, SECOND), "device-1")
    wrong: list[tuple[str, tuple[ContestTally, ...]]] = [
        ("a contest is missing", (FIRST,)),
        ("a selection is missing", (structs.replace(FIRST, selections=((1, 20, 5), (2, 0, 0))), SECOND)),
        (
            "a vote type too many",
            (structs.replace(FIRST, selections=((1, 20, 5, 0), (2, 0, 0, 0), (9, 15, 2, 0))), SECOND),
        ),
        ("more votes than ballots", (structs.replace(FIRST, ballots=41), SECOND)),
        ("votes withheld without a reason", (ContestTally(1, 5, None, None, None), SECOND)),
    ]
    for note, contests in wrong:
        log.tell(note, tally(log, "u1", "1001", *contests), "device-1")
    log.tell("another device's urn", tally(log, "u2", "1002", *LIBRARY), "device-1")
    log.tell("votes withheld to keep them secret", tally(log, "u1", "1002", HIDDEN), "device-1")
    odd = (structs.replace(LIBRARY[0], undervotes=4), LIBRARY[1])
    leaves["odd"] = log.tell("arithmetic that does not hold", tally(log, "u2", "1002", *odd), "device-2")
    leaves["spare"] = log.tell(
        "a spare beside its primary urn", tally(log, "u3", "1001", FIRST, SECOND), "device-3-new"
    )
    log.tell("a device that was replaced", tally(log, "u3", "1001", other, SECOND), "device-3")
    event = UrnEvent(log.election_id, 1, None, "u3", 1, POLLS_CLOSE, "restarted")
    log.tell("an event from it", event, "device-3")
    log.snapshot("the first numbers", POLLS_CLOSE + 1_000)
    return leaves


def correct(log: WrittenLog, leaves: dict[str, Hash]) -> None:
    live, conflict, odd, spare = (leaves[name] for name in ("live", "conflict", "odd", "spare"))
    decide(log, "a target that is not held", "release", live)
    decide(log, "a target beside what counts", "release", spare)
    decide(log, "what is superseded does not count", "correct", conflict, supersedes=spare)
    decide(log, "a correction", "correct", conflict, supersedes=live)
    decide(log, "and back", "correct", live, supersedes=conflict)
    decide(log, "a release", "release", odd)
    right = log.tell("the right counts", tally(log, "u2", "1002", *LIBRARY), "device-2")
    decide(log, "take the place of the odd ones", "correct", right, supersedes=odd)
    leaves["right"] = right


def annul(log: WrittenLog, leaves: dict[str, Hash]) -> None:
    live, spare, right = leaves["live"], leaves["spare"], leaves["right"]
    remote = next(tally.leaf_hash for place, tally in log.fold.live.items() if place == ("u1", "1002"))
    decide(log, "a tally is left out", "annul", unit="1001")
    decide(log, "a unit without a ballot", "annul", live, unit="north")
    contest = decide(log, "a contest of a precinct", "annul", live, unit="1001", contests=(2,))
    decide(log, "the same contest again", "annul", live, unit="1001", contests=(2,))
    log.tell("a new tally there", tally(log, "u3", "1001", SECOND_OF_SPARE, SECOND), "device-3-new")
    decide(log, "a release there", "release", spare)
    decide(log, "a target that is no annulment", "reinstate", live)
    log.snapshot("while it is annulled", POLLS_CLOSE + 1_500)
    decide(log, "the contest counts again", "reinstate", contest)
    decide(log, "a whole precinct", "annul", remote, right, unit="1002")


SECOND_OF_SPARE = structs.replace(FIRST, ballots=44, undervotes=1)


def close(log: WrittenLog) -> None:
    decide(log, "no such urn", "out_of_use", urn="u9")
    decide(log, "an urn that has reported", "out_of_use", urn="u1")
    decide(log, "an idle spare", "out_of_use", urn="u3")
    log.tell("a tally from it", tally(log, "u3", "1001", SECOND_OF_SPARE, SECOND), "device-3-new")
    revocation = Authority(log.election_id, "revoke_key", "lost", "13/3", key_id=key_id("official-2"))
    log.say("an official is replaced", revocation, "official-1", "official-3")
    decide(log, "and decides no more", "out_of_use", urn="u2")
    lines = (ReturnLine("valid", 41), ReturnLine("invalid", 1))
    rows = tuple(ReturnVotes(selection, votes) for selection, votes in ((1, 25), (2, 0), (9, 17)))
    protocol = Return(log.election_id, "1001", "P-1001", (), (ReturnContest(1, lines, rows),))
    log.say("a protocol", protocol, "commission")
    log.say("a protocol of a unit without a ballot", structs.replace(protocol, unit="north"), "commission")
    log.snapshot("the last one", POLLS_CLOSE + 3_600)


def succeed(log: WrittenLog) -> None:
    """The log has ended; another one has taken its entries again, and goes on from here."""
    both = "official-1", "official-3"
    log.say("the election key alone, too late", succession(log), "election")
    log.say("entries that were not taken", structs.replace(succession(log), tree_size=3), *both)
    log.say("a generation is left out", succession(log, 3), *both)
    log.say("a log's key that anybody can sign with", structs.replace(succession(log), log_key=WORTHLESS), *both)
    log.say("a successor log", succession(log), *both)
    log.say("the same generation again", succession(log), *both)
    log.snapshot("the first of the successor's own", POLLS_CLOSE + 7_200)
