"""Agents at a real server: each with the folder that it enrolled from, and the bundle that the server made for it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from central_server.directory import ElectionDirectory
from tests.system.urn_agent_process import AgentDesk
from tests.unit.central_server.server_factory import DEVICE_SEEDS
from urn_agent.config import AgentFolder, begin_folder, make_settings


@contextmanager
def real_desk(root: Path, directory: ElectionDirectory, place: int) -> Iterator[AgentDesk]:
    """Device ``place`` of the small election, whose urn is ``u<place>``; its agents end with it."""
    name = f"d{place}"
    folder = AgentFolder(root / name)
    begin_folder(folder, make_settings(name, None, "en"), DEVICE_SEEDS[place])
    desk = AgentDesk(folder, directory.bundles / name, root / f"{name}.log")
    try:
        yield desk
    finally:
        desk.stop_all()


def free_port(first: int) -> int:
    """A free port from ``first`` on, below those of outgoing connections: a server takes it again after each kill."""
    for port in range(first, 32_000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port")
