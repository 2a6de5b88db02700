"""``urn-agent status``, ``receipt`` and ``resend``: what is stored, for people and for programs, and once more."""

import argparse
from dataclasses import asdict

import msgspec

from urn_agent.bundle import load_bundle
from urn_agent.config import AgentFolder, load_settings
from urn_agent.files import FolderError, create_file
from urn_agent.keys import load_key
from urn_agent.link_messages import REPORT_KINDS
from urn_agent.messages import say
from urn_agent.outbox import Outbox
from urn_agent.outbox_file import OutboxError


def show_status(options: argparse.Namespace) -> int:
    """Print the device's name and key, urns, each record with its outcome, and reports that were refused for good.

    Always 0 where the folder is sound.
    """
    folder = AgentFolder(options.data)
    settings, key = load_settings(folder), load_key(folder.key)
    records, urns, missing = [], [], []
    if folder.outbox.exists():
        outbox = _open(folder)
        try:
            records = [{**asdict(row), "kind": _kind(row.kind)} for row in outbox.rows()]
            urns = [asdict(sitting) for sitting in outbox.sittings.sittings()]
            missing = [{**asdict(row), "kind": _kind(row.kind)} for row in outbox.sittings.refused()]
        finally:
            outbox.close()
    state = {
        "device": settings.device,
        "key_id": key.public_key.key_id.hex(),
        "has_bundle": folder.bundle.note.exists(),
        "pending": sum(record["state"] == "pending" for record in records),
        "receipted": sum(record["state"] == "receipted" for record in records),
        "refused": sum(record["state"] == "refused" for record in records),
        "records": records,
        "urns": urns,
        "refused_reports": missing,
    }
    if options.json:
        print(msgspec.json.encode(state).decode())
        return 0
    print(f"device {state['device']}, key {state['key_id']}, bundle {'imported' if state['has_bundle'] else 'missing'}")
    print(f"records: {state['pending']} pending, {state['receipted']} with receipts, {state['refused']} refused")
    for record in records:
        outcome = f"entry {record['log_index']}" if record["state"] == "receipted" else record["code"] or ""
        place = f"urn {record['urn']}, session {record['session']}, report {record['number']} ({record['kind']})"
        print(f"{record['seq']:>6}  {record['state']:<9}  {place}  {outcome}")
        if record["state"] == "refused":
            print(f"        {say(record['code'], settings.language)}")
    for report in missing:
        place = f"urn {report['urn']}, session {report['session']}, report {report['number']} ({report['kind']})"
        print(f"     -  not taken  {place}  {report['code']}")
    for urn in urns:
        clock = "unknown" if urn["clock_offset_s"] is None else f"{urn['clock_offset_s']:+} s against this device's"
        print(f"urn {urn['urn']}, session {urn['session']}, firmware {urn['firmware']}: clock {clock}")
    return 0


def take_receipt(options: argparse.Namespace) -> int:
    """Write the record and its receipt as two files, and a file for each receipt that a log gave which has ended.

    Raises OutboxError(``OUTBOX_NO_RECEIPT``) where there is none of any.
    """
    outbox = _open(AgentFolder(options.data))
    try:
        data, receipt = outbox.record(options.seq)
        former = outbox.former_receipts(options.seq)
    finally:
        outbox.close()
    if receipt is None and not former:
        raise OutboxError("OUTBOX_NO_RECEIPT", f"record {options.seq} has no receipt yet")
    if not options.to.is_dir():
        raise FolderError("FILE_MISSING", f"{options.to} is no folder")
    create_file(options.to / f"{options.seq}.record", data)
    if receipt is not None:
        create_file(options.to / f"{options.seq}.tlog-proof", receipt)
    for number, before in enumerate(former, 1):
        create_file(options.to / f"{options.seq}.former-{number}.tlog-proof", before)
    return 0


def resend(options: argparse.Namespace) -> int:
    """Have the refused records sent again, by the agent that is running or by the next one."""
    outbox = _open(AgentFolder(options.data))
    try:
        count = outbox.resend()
    finally:
        outbox.close()
    print(f"records to be sent again: {count}")
    return 0


def _kind(number: int) -> str:
    return REPORT_KINDS.get(number, str(number))


def _open(folder: AgentFolder) -> Outbox:
    settings, key = load_settings(folder), load_key(folder.key)
    bundle = load_bundle(folder.bundle, settings.device, key.public_key)
    return Outbox.open(folder.outbox, key.public_key.key_id, bundle.election_id)
