"""Threads that meet a kind of record for the first time at the same time all get it, and the process lives."""

import subprocess
import sys

# In a process of its own, for it is the process that dies where this goes wrong. Each of many kinds is met once.
_PROGRAM = """
import sys, threading
from msgspec import defstruct
from ledger.canonical import Canonical, Identifier, decode, encode

sys.setswitchinterval(1e-6)
THREADS = 8
kinds = []
for number in range(100):
    fields = [(f"field{place}", Identifier | None) for place in range(12)]
    line = defstruct("Line", fields, bases=(Canonical,), frozen=True)
    fields = [("lines", tuple[line, ...]), ("name", Identifier)]
    kinds.append(defstruct("Kind", fields, bases=(Canonical,), frozen=True))
data = encode([[[None] * 12] * 3, "name"])
start, good = threading.Barrier(THREADS), []

def read():
    for kind in kinds:
        start.wait()
        good.append(encode(decode(kind, data)) == data)

threads = [threading.Thread(target=read) for _ in range(THREADS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(good.count(True) == THREADS * len(kinds))
"""


def test_kinds_are_met_by_several_threads_at_once() -> None:
    ended = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, timeout=120, check=False)
    assert (ended.returncode, ended.stdout.strip()) == (0, "True"), ended.stderr
