"""The short account that a played night ends with, for people: what came out, and how to check it."""

import json
import shlex
import sys
from pathlib import Path

from simulator.night import Account


def tell_account(account: Account, directory: Path) -> None:
    """On standard output."""
    verdict = account.audit.verdict
    latest = json.loads((directory / "publication" / "results" / "latest.json").read_bytes())
    print(f"\n{account.urns} urns, {account.tallies} tallies, {verdict.get('tree_size')} log entries, ", end="")
    print(f"{verdict.get('snapshots')} snapshots; {account.total_seconds:.1f} s")
    first = latest["contests"][0]
    print(f"{first['title']['en']}: {first['cells_reported']} of {first['cells_expected']} cells")
    for row in sorted(first["selections"], key=lambda row: -row["votes"])[:5]:
        print(f"  {row['votes']:>12,}  {row['name']['en']}")
    print(f"root {verdict.get('root_hash')}")
    print(f"page {directory / 'publication' / 'index.html'}")
    if account.audit.status == 0:
        print("the audit passed: every signature, every sum, every file and every anchor")
    else:
        print(f"the audit did NOT pass: {json.dumps(verdict, indent=1)}")
    print("check it yourself:")
    observer, server = (str(Path(sys.executable).parent / name) for name in ("observer", "central-server"))
    print(
        f"  {shlex.join([server, 'chain', '--dir', str(directory)])}    (serves the chain, and says at which address)"
    )
    arguments = [observer, "verify", str(directory / "publication"), "--policy", str(directory / "policy")]
    print(f"  {shlex.join(arguments)} --rpc ADDRESS")
    print("look at the results in a browser:")
    serve = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", str(directory / "publication")]
    print(f"  {shlex.join([*serve, '8000'])}    and open http://127.0.0.1:8000/")
