"""An election commission with its officials' keys, and the commands that they type."""

import json
from dataclasses import dataclass
from pathlib import Path

from central_server.directory import ElectionDirectory
from ledger.primitives import Hash
from tests.system.urn_agent_process import wait_until
from tests.unit.central_server.server_factory import small_definition, write_enrolments
from tests.unit.central_server.server_process import ServerProcess, read_latest, run_command

Said = dict[str, object]


@dataclass(frozen=True, slots=True)
class Commission:
    """An election with officials o1 (two keys), o2, and a precinct commission; ``keys`` by name."""

    directory: ElectionDirectory
    keys: dict[str, Path]
    election_id: Hash

    def run(self, *arguments: object, status: int = 0) -> Said:
        """A command that ends with ``status``; its JSON, or the code and words of its error."""
        ended, said, errors = run_command(*map(str, arguments))
        assert ended == status, errors
        if status == 0:
            found: Said = json.loads(said)
            return found | {"words": errors}
        code, _, message = errors.strip().partition(": ")
        return {"code": code, "message": message}

    def prepare(self, out: Path, *arguments: object, status: int = 0) -> Said:
        where = "--publication", self.directory.publication, "--policy", self.directory.policy
        rest = "--document", "45/3", "--out", out, "--lang", "en"
        return self.run("decide", "prepare", *arguments, *where, *rest, status=status)

    def sign(self, ruling: Path, name: str, status: int = 0) -> Said:
        return self.run("decide", "sign", ruling, "--key", self.keys[name], "--lang", "en", status=status)

    def submit(self, ruling: Path, server: str, status: int = 0) -> Said:
        trusted = "--ca", self.directory.certificates / "ca.pem", "--policy", self.directory.policy
        return self.run("decide", "submit", ruling, "--server", server, *trusted, "--lang", "en", status=status)

    def rule(self, server: ServerProcess, out: Path, *arguments: object) -> int:
        """A ruling of o1 and o2 from beginning to end; its index."""
        self.wait_published()
        self.prepare(out, *arguments)
        self.sign(out, "o1")
        self.sign(out, "o2")
        index = self.submit(out, server.url)["index"]
        assert isinstance(index, int)
        wait_until(lambda: read_latest(self.directory)["tree_size"] > index, "the ruling is in a snapshot")
        return index

    def wait_published(self) -> None:
        """Until the polls are known to be open and the published checkpoint covers the newest snapshot."""
        wait_until(lambda: (self.directory.publication / "results" / "latest.json").exists(), "a snapshot")

    def votes(self) -> list[int]:
        [first, _] = read_latest(self.directory)["contests"]
        return [row["votes"] for row in first["selections"]]


def found_commission(tmp_path: Path) -> Commission:
    """Four keys, an election that names them, and its roster."""
    keys, roles = {}, []
    for name, holder, role in [
        ("o1", "o1", "official"), ("o1-second", "o1", "official"),
        ("o2", "o2", "official"), ("uik", "uik-101", "commission"),
    ]:  # fmt: skip
        keys[name] = tmp_path / "keys" / f"{name}.key"
        arguments = "official-key", "--out", str(keys[name]), "--holder", holder, "--role", role
        status, said, errors = run_command(*arguments)
        assert status == 0, errors
        roles.append(json.loads(said))
    definition = small_definition() | {"roles": roles, "polls_open": 1_790_000_000}
    (tmp_path / "definition.json").write_text(json.dumps(definition))
    enrolments = write_enrolments(tmp_path / "enrolments")
    root = tmp_path / "election"
    options = "--snapshot-seconds", "1", "--anchor-seconds", "1"
    made = run_command("init", "--dir", str(root), "--definition", str(tmp_path / "definition.json"), *options)
    assert made[0] == 0, made[2]
    status, said, errors = run_command("roster", "--dir", str(root), "--enrolments", str(enrolments))
    assert status == 0, errors
    return Commission(ElectionDirectory(root), keys, Hash.from_hex(json.loads(said)["election_id"]))
