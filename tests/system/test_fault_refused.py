"""A server that refuses by mistake makes no report disappear: it is shown, kept, and delivered in the end."""

import subprocess
from pathlib import Path

import msgspec
import pytest

from simulator.serial_line import SerialLine
from tests.system.urn_agent_process import MODULE, WAIT_S, AgentDesk, UrnThread, agent_desk, kill, wait_until
from tests.unit.urn_agent.agent_factory import KEY, final_report, zero_report
from tests.unit.urn_agent.bundle_factory import write_bundle
from tests.unit.urn_agent.tls_server import Answer, running_server
from urn_agent.config import AgentFolder, begin_folder, make_settings
from urn_agent.delivery import RECORDS_TYPE
from urn_agent.messages import LANGUAGES, Language, say


def refuse_all(body: bytes) -> Answer:
    verdicts = [["refused", "FOREIGN_RECORD", "words", False] for _ in msgspec.msgpack.decode(body)]
    return 200, {"Content-Type": RECORDS_TYPE}, msgspec.msgpack.encode(verdicts)


def ask(desk: AgentDesk, command: str) -> str:
    """What a command says to people."""
    arguments = [*MODULE, command, "--data", str(desk.folder.root)]
    return subprocess.run(arguments, capture_output=True, check=True, timeout=WAIT_S, text=True).stdout


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_refusal_is_shown_in_the_devices_language(tmp_path: Path, language: Language) -> None:
    folder = AgentFolder(tmp_path / "device")
    begin_folder(folder, make_settings("d0", None, language), bytes([10]) * 32)
    with running_server(tmp_path / "server", KEY.public_key) as server, SerialLine() as line:
        server.interfere = refuse_all
        bundle = write_bundle(tmp_path / "usb", KEY.public_key, policy=server.log.policy)
        desk = AgentDesk(folder, bundle, tmp_path / "agent.log")
        try:
            desk.start(line.agent_path, server.url)
            UrnThread(line.urn_path, zero_report(), final_report()).join()
            wait_until(lambda: desk.status()["refused"] == 2, "both are refused")
            shown = ask(desk, "status")
            assert shown.count("FOREIGN_RECORD") == shown.count(say("FOREIGN_RECORD", language)) == 2
            wait_until(lambda: desk.said("RECORD_REFUSED") == 2, "it is told as well")
            assert f"FOREIGN_RECORD: {say('FOREIGN_RECORD', language)}" in desk.words.read_text()
        finally:
            desk.stop_all()


@pytest.mark.parametrize("is_resent", [False, True])
def test_what_was_refused_is_delivered_after_all(tmp_path: Path, is_resent: bool) -> None:
    """By an agent that is started again, and by one that people told to send it again."""
    with (
        running_server(tmp_path / "server", KEY.public_key) as server,
        agent_desk(tmp_path, server) as desk,
        SerialLine() as line,
    ):
        server.interfere = refuse_all
        agent = desk.start(line.agent_path, server.url)
        UrnThread(line.urn_path, zero_report(), final_report()).join()
        wait_until(lambda: desk.status()["refused"] == 2, "both are refused")
        kill(agent)
        if is_resent:
            assert ask(desk, "resend") == "records to be sent again: 2\n"
            assert (desk.status()["refused"], desk.status()["pending"]) == (0, 2)
        server.interfere = lambda body: None
        desk.start(line.agent_path, server.url)
        wait_until(lambda: desk.status()["receipted"] == 2, "both are delivered")
        assert ask(desk, "resend") == "records to be sent again: 0\n"
        assert len(set(server.log.entries)) == len(server.log.entries) == 2
