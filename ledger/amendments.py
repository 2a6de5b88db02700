"""What ``authority/1`` records do to the definition: keys granted, revoked, replaced; parts amended; chains succeeded.

Each act is checked whole before anything is changed. Refusals, by code:
    POLLS_ARE_OPEN    the election key alone acts until a snapshot's time says that the polls have opened
    KEY_ALREADY_NAMED a new key has not been named before
    UNSOUND_KEY       a new key is a canonical point of the prime-order group (``ledger.key_check``)
    NO_SUCH_KEY       a key that is revoked was named and is in force; a device that is replaced was not replaced before
    NOT_AMENDABLE     an amended part keeps what the counting relies on; a new device speaks for the same urns;
                      all registered voters together are a count
"""

from msgspec import structs

from ledger.canonical import MAX_INTEGER
from ledger.counting import cover_anew, uncover
from ledger.definition import Definition
from ledger.election import Contest, ReportingDevice, ReportingUnit
from ledger.key_check import is_sound_key
from ledger.primitives import KeyId, PublicKey
from ledger.rulings import Authority
from ledger.state import APPLIED, Outcome, Ruled, State, held


def apply_authority(state: State, index: int, body: Authority, signers: tuple[KeyId, ...]) -> Outcome:
    """Let the act take effect, or say why it does not."""
    if not state.definition.complete:
        return held("PARTS_INCOMPLETE", "an act of authority came before the election was complete")
    if len(signers) == 1 and state.polls_opened:
        return held("POLLS_ARE_OPEN", "once the polls are open it takes two officials")
    outcome = _amend(state, body) if body.contest or body.unit else apply_to_keys(state.definition, body)
    if outcome.status == "applied":
        state.rulings.append(Ruled(index, body.action, _subject(body), body.reason, body.document))
    return outcome


def apply_to_keys(definition: Definition, body: Authority) -> Outcome:
    """What an act does to keys and chains, of which no count depends. An act that amends a part does nothing here."""
    if body.role is not None:
        return _grant(definition, PublicKey(body.role.public_key).key_id, body)
    if body.device is not None and body.key_id is not None:
        return _replace(definition, KeyId(body.key_id), body.device)
    if body.key_id is not None:
        return _revoke(definition, KeyId(body.key_id))
    if body.chain is not None:
        definition.chains.append(body.chain)
    return APPLIED


def _amend(state: State, body: Authority) -> Outcome:
    if body.contest is not None:
        return _amend_contest(state, body.contest)
    return APPLIED if body.unit is None else _amend_unit(state, body.unit)


def keeps_contest(before: Contest | None, contest: Contest) -> bool:
    """Whether ``contest`` keeps of the one before what the counting relies on."""
    return (
        before is not None
        and [row.id for row in contest.selections] == [row.id for row in before.selections]
        and (contest.votes_allowed, contest.election_id) == (before.votes_allowed, before.election_id)
    )


def keeps_unit(before: ReportingUnit | None, unit: ReportingUnit) -> bool:
    """As ``keeps_contest``: of a unit, its names and its registered voters may change."""
    return (
        before is not None and structs.replace(before, name=unit.name, registered_voters=unit.registered_voters) == unit
    )


def _grant(definition: Definition, key_id: KeyId, body: Authority) -> Outcome:
    if body.role is None or definition.keys.knows(key_id):
        return held("KEY_ALREADY_NAMED", f"the key {key_id.hex()} has been named before")
    if not is_sound_key(body.role.public_key):
        return _unsound(key_id)
    definition.keys.name_role(body.role)
    return APPLIED


def _revoke(definition: Definition, key_id: KeyId) -> Outcome:
    if not definition.keys.knows(key_id) or key_id in definition.keys.revoked:
        return held("NO_SUCH_KEY", f"no key {key_id.hex()} is in force")
    definition.keys.revoked.add(key_id)
    return APPLIED


def _replace(definition: Definition, old: KeyId, device: ReportingDevice) -> Outcome:
    before, new = definition.devices.get(old), PublicKey(device.public_key).key_id
    if before is None or any(definition.speaker_of[line.urn] != old for line in before.urns):
        return held("NO_SUCH_KEY", f"no device that speaks for its urns has the key {old.hex()}")
    if definition.keys.knows(new):
        return held("KEY_ALREADY_NAMED", f"the key {new.hex()} has been named before")
    if not is_sound_key(device.public_key):
        return _unsound(new)
    if device.urns != before.urns or device.election_id != definition.election_id:
        return held("NOT_AMENDABLE", f"device {device.id} does not speak for the same urns as {before.id}")
    if device.id != before.id and device.id in definition.device_ids:
        return held("NOT_AMENDABLE", f"another device has the id {device.id}")
    definition.keys.revoked.add(old)
    definition.keys.devices[new] = device
    definition.device_ids.add(device.id)
    for line in device.urns:
        definition.speaker_of[line.urn] = new
    return APPLIED


def _unsound(key_id: KeyId) -> Outcome:
    return held("UNSOUND_KEY", f"the key {key_id.hex()} is not of the prime-order group")


def _amend_contest(state: State, contest: Contest) -> Outcome:
    before = state.definition.contests.get(contest.number)
    if not keeps_contest(before, contest):
        return held("NOT_AMENDABLE", f"contest {contest.number} keeps its votes allowed and its selections' ids")
    state.definition.contests[contest.number] = contest
    state.changed.update(unit.id for unit in state.definition.units.values() if unit.ballot)
    return APPLIED


def _amend_unit(state: State, unit: ReportingUnit) -> Outcome:
    definition = state.definition
    before = definition.units.get(unit.id)
    if before is None or not keeps_unit(before, unit):
        return held("NOT_AMENDABLE", f"unit {unit.id} keeps its type, its parent and its ballot")
    more = (unit.registered_voters or 0) - (before.registered_voters or 0)
    if sum(other.registered_voters or 0 for other in definition.units.values()) + more > MAX_INTEGER:
        return held("NOT_AMENDABLE", f"unit {unit.id}: all registered voters together would be more than a count holds")
    for line in unit.ballot:
        if not definition.expected[unit.id, line.contest].cells:
            # Nothing is waited for any more: the precinct's voters are in no sum that could change.
            continue
        uncover(state, unit.id, line.contest)
        for above in definition.ancestry(unit.id):
            definition.expected[above, line.contest].registered += more
        cover_anew(state, unit.id, line.contest)
    definition.units[unit.id] = unit
    state.changed.update((unit.id, *(other.id for other in definition.units.values() if other.parent == unit.id)))
    return APPLIED


def _subject(body: Authority) -> str:
    """What the act is about, in one word."""
    if body.device is not None:
        return body.device.id
    if body.role is not None:
        return body.role.holder
    if body.contest is not None:
        return str(body.contest.number)
    if body.unit is not None:
        return body.unit.id
    return body.key_id.hex() if body.key_id is not None else ""
