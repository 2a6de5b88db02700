"""The ``observer`` command as people and programs run it: exit status, JSON, words, and what it does not load."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from ledger.observer.cli import main
from ledger.policy import encode_policy
from tests.system.test_observer_http import answer_with, file_server, scripted_server
from tests.unit.ledger.election_factory import DEVICE_KEYS, tally
from tests.unit.ledger.observer.publication_factory import Author, raw_record, whole_author, write_files

FOREIGN = ("web3", "eth_tester", "eth_account", "eth_utils", "eth", "fastapi", "starlette", "jinja2", "serial", "nacl")


@pytest.fixture
def publication(tmp_path: Path) -> Path:
    author = whole_author(300)
    (tmp_path / "policy").write_bytes(encode_policy(author.policy()))
    return write_files(author.files, tmp_path / "publication")


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, dict[str, object]]:
    """The exit status and the one JSON object on standard output."""
    status = main([*map(str, arguments), "--json"])
    output = capsys.readouterr().out
    assert output.count("\n") == 1
    document = json.loads(output)
    assert isinstance(document, dict)
    return status, document


def error_code(document: dict[str, object]) -> object:
    error = document["error"]
    assert isinstance(error, dict) and document["ok"] is None
    return error["code"]


def run_process(arguments: Sequence[str | Path], **environment: str) -> subprocess.CompletedProcess[str]:
    """A process of its own, in an environment with nothing else."""
    command = [sys.executable, "-m", "ledger.observer.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False, env=environment)


def test_pass_is_0(publication: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, document = run(capsys, "verify", publication, "--policy", tmp_path / "policy")
    assert status == 0 and document["ok"] is True
    assert document["tree_size"] == 300 and document["anchors"] is None


def test_failure_is_1_and_names_the_place(
    publication: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = publication / "results" / "000001.json"
    path.write_bytes(path.read_bytes().replace(b'"votes":6', b'"votes":7', 1))
    status, document = run(capsys, "verify", publication, "--policy", tmp_path / "policy")
    assert status == 1 and document["ok"] is False and document["error"] is None
    assert document["failures"] == [
        {
            "code": "RESULT_DIFFERS",
            "index": 12,
            "path": "results/000001.json",
            "message": "results/000001.json, contests[0].selections[0].votes: published is 7, the entries give 6",
        }
    ]


def test_an_unknown_kind_is_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    author = Author()
    index = author.log_unseen(raw_record("audit/1", tally(author.night), DEVICE_KEYS[0]))
    author.publish_log()
    (tmp_path / "policy").write_bytes(encode_policy(author.policy()))
    write_files(author.files, tmp_path / "publication")
    status, document = run(capsys, "verify", tmp_path / "publication", "--policy", tmp_path / "policy")
    assert status == 2 and error_code(document) == "UNKNOWN_KIND"
    assert isinstance(document["error"], dict) and document["error"]["index"] == index


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], "USAGE"),
        (["verify"], "USAGE"),
        (["verify", "publication"], "USAGE"),
        (["other", "publication"], "USAGE"),
        (["verify", "publication", "--policy", "policy", "--lang", "de"], "USAGE"),
        (["verify", "publication", "--policy", "nothing"], "POLICY_UNREADABLE"),
        (["verify", "publication", "--policy", "publication/checkpoint"], "BAD_POLICY"),
        (["verify", "publication", "--policy", "publication"], "POLICY_UNREADABLE"),
        (["verify", "nothing", "--policy", "policy"], "UNREACHABLE"),
        (["verify", "empty", "--policy", "policy"], "NOT_A_PUBLICATION"),
        (["verify", "http://127.0.0.1:1/", "--policy", "policy", "--rpc", "nothing"], "BAD_ADDRESS"),
        (["verify", "publication", "--policy", "policy", "--rpc", "http://127.0.0.1:1/"], "CHAIN_UNREACHABLE"),
    ],
)
def test_no_verdict_is_2_and_says_why(
    publication: Path,
    tmp_path: Path,
    arguments: list[str],
    code: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    status, document = run(capsys, *arguments)
    assert status == 2 and error_code(document) == code


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"not JSON", "CHAIN_ANSWER_MALFORMED"),
        (b"[" * 100_000, "CHAIN_ANSWER_MALFORMED"),
        (b'{"id":99,"result":"0x1"}', "CHAIN_ANSWER_MALFORMED"),
        (b'{"id":1}', "CHAIN_ANSWER_MALFORMED"),
        (b'{"id":1,"error":{"code":-32601,"message":"no"}}', "CHAIN_REFUSED"),
        (b'{"id":1,"error":"no"}', "CHAIN_REFUSED"),
        (b" " * (9 * 1024 * 1024), "CHAIN_ANSWER_MALFORMED"),
    ],
    ids=["text", "nested", "foreign id", "nothing", "refusal", "odd refusal", "endless"],
)
def test_a_node_that_talks_nonsense_leaves_no_verdict(
    publication: Path, tmp_path: Path, body: bytes, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with scripted_server(answer_with(200, body)) as url:
        status, document = run(capsys, "verify", publication, "--policy", tmp_path / "policy", "--rpc", url)
    assert status == 2 and error_code(document) == code


def test_an_address_is_read_like_a_folder(publication: Path, tmp_path: Path) -> None:
    with file_server(publication) as url:
        done = run_process(["verify", url, "--policy", tmp_path / "policy", "--lang", "ru"])
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("ВЕРНО")


def test_words_follow_the_environment_and_codes_do_not(publication: Path, tmp_path: Path) -> None:
    (publication / "tile" / "0" / "000").unlink()
    arguments: list[str | Path] = ["verify", publication, "--policy", tmp_path / "policy"]
    starts = {"ky_KG.UTF-8": "ТУУРА ЭМЕС", "ru_RU.UTF-8": "НЕВЕРНО", "C": "FAIL"}
    for language, start in starts.items():
        done = run_process(arguments, LANG=language, PYTHONIOENCODING="utf-8")
        assert done.returncode == 1 and done.stdout.startswith(start) and "[FILE_MISSING]" in done.stdout


def test_a_terminal_that_lacks_letters_gets_a_verdict_all_the_same(publication: Path, tmp_path: Path) -> None:
    arguments: list[str | Path] = ["verify", publication, "--policy", tmp_path / "policy"]
    done = run_process(arguments, LANG="ru_RU", PYTHONIOENCODING="ascii")
    assert done.returncode == 0 and "\\u0412" in done.stdout


@pytest.mark.parametrize("option", ["--help", "verify"])
def test_neither_the_servers_nor_the_chains_libraries_are_loaded_nor_what_a_folder_needs_not(
    publication: Path, tmp_path: Path, option: str
) -> None:
    arguments = [option] if option == "--help" else ["verify", str(publication), "--policy", str(tmp_path / "policy")]
    script = (
        "import sys\n"
        "from ledger.observer.cli import main\n"
        "try:\n"
        f"    status = main({arguments!r})\n"
        "except SystemExit as end:\n"
        "    status = end.code\n"
        "print(*{name.split('.')[0] for name in sys.modules}, file=sys.stderr)\n"
        "sys.exit(status)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0
    loaded = set(done.stderr.split())
    assert "ledger" in loaded and loaded & {*FOREIGN, "httpx"} == set()
