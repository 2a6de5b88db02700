"""Server and agent know each other by files and HTTP alone: what one writes, the other takes."""

import time
from pathlib import Path

from central_server.directory import ElectionDirectory
from central_server.roster import finish_roster
from ledger.canonical import encode
from ledger.primitives import Hash
from ledger.proof import verify_tlog_proof
from tests.unit.central_server.server_factory import DEVICE_SEEDS, init_small, small_tally
from tests.unit.central_server.server_process import ServerProcess
from urn_agent.bundle import import_bundle, load_bundle
from urn_agent.config import AgentFolder, BundleFolder, begin_folder, make_settings
from urn_agent.delivery import RECORDS_TYPE, ReceiptVerdict, RefusalVerdict, Unanswered, Verdicts, parse_answer
from urn_agent.uplink import Uplink, UplinkSettings


def enrol(root: Path) -> list[AgentFolder]:
    """The folders of three agents, and their enrolments in one folder."""
    (root / "enrolments").mkdir()
    folders = [AgentFolder(root / f"d{place}") for place in range(3)]
    for place, folder in enumerate(folders):
        begin_folder(folder, make_settings(f"d{place}", None, "en"), DEVICE_SEEDS[place])
        (root / "enrolments" / f"d{place}.json").write_bytes(folder.enrolment.read_bytes())
    return folders


def test_an_agent_enrols_takes_its_bundle_and_gets_receipts(tmp_path: Path) -> None:
    folders = enrol(tmp_path)
    directory: ElectionDirectory = init_small(tmp_path, server_url="https://cec.example:8443")
    state = finish_roster(directory, tmp_path / "enrolments", time.time, time.monotonic)
    for place, folder in enumerate(folders):
        key = begin_folder(folder, make_settings(f"d{place}", None, "en"), bytes(32))
        source = BundleFolder(directory.bundles / f"d{place}")
        import_bundle(source, folder.bundle, f"d{place}", key.public_key)
    own = begin_folder(folders[0], make_settings("d0", None, "en"), bytes(32))
    bundle = load_bundle(folders[0].bundle, "d0", own.public_key)
    assert (bundle.election_id.hex(), bundle.urns, bundle.server) == (
        state.election_id,
        ("u0",),
        "https://cec.example:8443",
    )
    with ServerProcess(directory) as server:
        files = folders[0].bundle
        settings = UplinkSettings(server.url, files.authority, files.certificate, folders[0].key)
        record = small_tally(Hash.from_hex(state.election_id))
        with Uplink(settings) as uplink:
            answer = uplink.send_records(encode([record, b"garbage"]))
            assert answer.content_type == RECORDS_TYPE
            verdicts = parse_answer(answer, 2)
            refused = parse_answer(uplink.send_records(b"no batch"), 1)
    assert isinstance(verdicts, Verdicts)
    receipt, refusal = verdicts.verdicts
    assert isinstance(receipt, ReceiptVerdict)
    assert verify_tlog_proof(receipt.proof, record, bundle.policy).leaf_index == receipt.index
    assert isinstance(refusal, RefusalVerdict)
    assert (refusal.code, refusal.retry) == ("NOT_CANONICAL", False)
    assert isinstance(refused, Unanswered)
    assert (refused.code, refused.needs_people) == ("BAD_BATCH", True)
