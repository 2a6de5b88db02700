"""A log that is written down as it grows: each entry with what must become of it."""

from dataclasses import dataclass, field

from msgspec import structs

from ledger.errors import FormatError, SignatureError, UnjudgeableError
from ledger.fold import Fold
from ledger.merkle import hash_leaf, merkle_root
from ledger.primitives import Hash, sha256
from ledger.record import KIND_OF, Body, Snapshot, parse_record, sign_record, verify_record
from ledger.results import StateFiles, numbered_path, render_numbered
from ledger.signing import CryptographyVerifier
from ledger.tally import DeviceBody
from tests.vectors.records.election import KEYS

Row = dict[str, object]


@dataclass
class WrittenLog:
    """``rows`` is one object an entry; ``snapshots`` what the published files were."""

    fold: Fold = field(default_factory=Fold)
    entries: list[bytes] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    snapshots: list[Row] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    chains: dict[str, tuple[int, Hash]] = field(default_factory=dict)

    @property
    def election_id(self) -> Hash:
        election_id = self.fold.definition.election_id
        return Hash(bytes(32)) if election_id is None else election_id

    def say(self, note: str, body: Body, *signers: str) -> Hash:
        """Log what ``signers`` sign; its leaf hash."""
        return self.take(note, sign_record(body, [KEYS[name] for name in signers]), KIND_OF[type(body)])

    def tell(self, note: str, body: DeviceBody, device: str) -> Hash:
        """Log what a device tells, as the next link of its chain."""
        seq, previous = self.chains.get(device, (0, None))
        leaf = self.say(note, structs.replace(body, seq=seq + 1, previous=previous), device)
        self.chains[device] = seq + 1, leaf
        return leaf

    def take(self, note: str, data: bytes, kind: str | None = None) -> Hash:
        """Log bytes as they are, a record or not."""
        status, code, message = self._judge(data)
        row: Row = {"index": len(self.entries), "note": note, "kind": kind, "outcome": status}
        if code:
            row["code"] = code
        if message:
            row["message"] = message
        leaf = hash_leaf(data)
        self.rows.append({**row, "leaf_hash": leaf.hex(), "entry": data.hex()})
        self.entries.append(data)
        return leaf

    def _judge(self, data: bytes) -> tuple[str, str, str]:
        index = self.fold.size
        try:
            record = verify_record(parse_record(data), self.fold.definition, CryptographyVerifier())
            outcome = self.fold.apply(index, record)
        except (FormatError, SignatureError) as error:
            self.fold.skip(index)
            return "refused", error.code, ""
        except UnjudgeableError as error:
            return "unjudgeable", error.code, ""
        return outcome.status, outcome.code, outcome.message

    def root(self) -> Hash:
        return merkle_root([hash_leaf(entry) for entry in self.entries])

    def snapshot(self, note: str, time: int) -> None:
        """Render the files of this moment, and log the snapshot that names them."""
        number, size, root = self.fold.snapshots + 1, len(self.entries), self.root()
        state = StateFiles(self.fold).render()
        numbered = render_numbered(self.fold, root, state)
        self.files = {**state, numbered_path(number): numbered}
        hashes = {path: sha256(data).hex() for path, data in sorted(self.files.items())}
        self.snapshots.append({"number": number, "tree_size": size, "root_hash": root.hex(), "files": hashes})
        self.say(note, Snapshot(self.election_id, number, size, root, time, 1, sha256(numbered)), "publisher")
