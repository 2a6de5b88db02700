"""The JSON Schema of a definition file, for editors and for other people's programs: ``docs/schema/``.

Made from ``definition_file``, so that what the schema says of a field's shape is what the server asks; a description of
each field is added here. A schema cannot say what fits together: that is for ``definition_checks``.
"""

import json
from typing import Any

import msgspec

from central_server.definition_file import DefinitionFile

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

DESCRIPTIONS = {
    "Definition": "Definition of an election, as central-server init reads it. Times are Unix seconds.",
    "Definition.format": "Which format this is.",
    "Definition.authority": "Name of whoever holds the election; the log's name begins with it.",
    "Definition.title": "Title of the election.",
    "Definition.date": "Day of the election, YYYY-MM-DD.",
    "Definition.utc_offset": "Local time against UTC, such as +06:00.",
    "Definition.polls_close": "When the polls close.",
    "Definition.vote_types": "Ways of voting that are counted apart, such as stationary and mobile.",
    "Definition.contests": "What is decided.",
    "Definition.units": "One country, and what it is divided into, down to the precincts.",
    "Definition.devices": "The agents, the urns that each reads, and the precincts that these serve.",
    "Definition.polls_open": "When the polls open; null: twelve hours before they close.",
    "Definition.turnout_times": "When urns tell how many ballots were cast so far, ascending.",
    "Definition.secrecy_threshold": "With fewer ballots than this in a cell, its votes are not published; 0: all are.",
    "Definition.rules": "Rules that tallies are held to; null: the standard rules.",
    "Definition.roles": "Keys of officials and commissions.",
    "Words": "One text in three languages; proper names may be the same in all.",
    "Words.ky": "In Kyrgyz.",
    "Words.ru": "In Russian.",
    "Words.en": "In English.",
    "Contest": "A decision on the ballot.",
    "Contest.number": "Number of the contest, unique in the election.",
    "Contest.title": "Title for people.",
    "Contest.office": "What is filled or decided, as in the results' CSV files.",
    "Contest.district": "District of the contest; blank where there is one only.",
    "Contest.votes_allowed": "How many selections a voter may mark.",
    "Contest.selections": "What can be marked, by ascending id.",
    "Selection": "A line of the ballot.",
    "Selection.id": "Number of the selection, unique in the contest, never used again.",
    "Selection.name": "Name for people.",
    "Selection.party": "Party or list; may be blank.",
    "Selection.kind": "What sort of selection it is.",
    "Unit": "A reporting unit.",
    "Unit.id": "Identifier, unique in the election.",
    "Unit.type": "Country, region, county or precinct, each within the one before.",
    "Unit.name": "Name for people.",
    "Unit.parent": "Identifier of the unit that it lies in; null for the country.",
    "Unit.registered_voters": "Voters on the list; null where it is not known.",
    "Unit.ballot": "Contests that are voted on in this precinct, by ascending number; empty for all other units.",
    "Ballot": "A contest on a precinct's ballot.",
    "Ballot.contest": "Number of the contest.",
    "Ballot.omitted": "Ids of selections that this precinct's ballot leaves out.",
    "Device": "An agent.",
    "Device.id": "Name of the device, as urn-agent init gets it.",
    "Device.urns": "The urns that it reads.",
    "Urn": "A ballot-scanning urn.",
    "Urn.urn": "Name of the urn, unique in the election.",
    "Urn.units": "The precincts whose votes it may hold.",
    "Assignment": "A precinct of an urn.",
    "Assignment.unit": "Identifier of the precinct.",
    "Assignment.role": "primary: the precinct's own; spare: counts if that fails; remote: holds votes from elsewhere.",
    "Assignment.contests": "Numbers of the contests that it counts; null: all of the precinct's ballot.",
    "Term": "A multiple of a number of the tally.",
    "Term.factor": "How many times.",
    "Term.quantity": "Which number.",
    "Rule": "What must hold: left, relation, right. A tally that breaks an F rule is held, by a W rule flagged.",
    "Rule.code": "F or W, a dot, three digits.",
    "Rule.scope": "What the rule is about.",
    "Rule.left": "Sum on the left.",
    "Rule.relation": "How the sums must compare.",
    "Rule.right": "Sum on the right.",
    "Rule.words": "The rule for people.",
    "Rule.where": "The rule is asked only where this is not zero; null: everywhere.",
    "Role": "A person's key.",
    "Role.role": "What the key may sign. The publisher's key is made by init and not listed.",
    "Role.holder": "Tells persons apart without naming them.",
    "Role.public_key": "Ed25519 public key, in hex.",
}


def render_schema() -> bytes:
    """The schema as a JSON file; the same bytes each time."""
    schema = _tidy(msgspec.json.schema(DefinitionFile))
    definitions = {_name(name): body for name, body in schema["$defs"].items()}
    for name, body in definitions.items():
        body["title"], body["description"] = name, DESCRIPTIONS[name]
        for field, shape in body["properties"].items():
            shape["description"] = DESCRIPTIONS[f"{name}.{field}"]
    document = {"$schema": _DIALECT, "$ref": schema["$ref"], "$defs": definitions}
    return json.dumps(document, indent=1, ensure_ascii=False).encode() + b"\n"


def _tidy(value: Any) -> Any:
    """Names without what Python calls the classes, and anchors as JSON Schema's regular expressions have them."""
    if isinstance(value, dict):
        return {key: _tidy(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_tidy(inner) for inner in value]
    if isinstance(value, str) and value.startswith("#/$defs/"):
        return "#/$defs/" + _name(value.removeprefix("#/$defs/"))
    if isinstance(value, str) and value.startswith(r"\A"):
        return "^" + value.removeprefix(r"\A").removesuffix(r"\Z") + "$"
    return value


def _name(name: str) -> str:
    return name.removesuffix("Field").removesuffix("File")
