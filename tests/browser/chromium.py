"""A real Chromium without a window, spoken to over a pair of pipes in its own protocol (CDP), without other libraries.

One connection, one thread: a command is sent, and what arrives until its answer is kept as events.
"""

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ANSWER_SECONDS = 60.0
"""For one command, on a machine that is busy with other tests."""

_NAMES = ("chromium", "chromium-browser", "google-chrome")


class BrowserError(Exception):
    """The browser refused a command, threw, or was silent for too long."""


def find_chromium() -> str | None:
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


@dataclass
class Browser:
    """Commands go down ``_down``, answers and events come up ``_up``, each ended by a zero byte."""

    _down: int
    _up: int
    _rest: bytes = b""
    _last: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        self._last += 1
        message = {"id": self._last, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        rest = memoryview(json.dumps(message).encode() + b"\0")
        while rest:
            rest = rest[os.write(self._down, rest) :]
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            answer = self._receive(deadline)
            if answer.get("id") == self._last:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    def wait(self, session: str, method: str) -> dict[str, Any]:
        """The next event of this name, taken out of the events."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            for event in self.events:
                if event.get("method") == method and event.get("sessionId") == session:
                    self.events.remove(event)
                    return event
            self.events.append(self._receive(deadline))

    def _receive(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._up], [], [], max(0.0, deadline - time.monotonic()))
            data = os.read(self._up, 1 << 20) if ready else b""
            if not data:
                raise BrowserError("the browser says nothing any more")
            self._rest += data
        message, _, self._rest = self._rest.partition(b"\0")
        received: dict[str, Any] = json.loads(message)
        return received

    def open_page(self) -> "Page":
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session)
        for domain in ("Page", "Runtime", "Network", "Log"):
            page.call(f"{domain}.enable")
        return page


@dataclass
class Page:
    """One tab."""

    browser: Browser
    session: str

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self.browser.call(method, self.session, **parameters)

    def show_as(self, width: int, height: int, *, dark: bool = False, scripts: bool = True) -> None:
        """Size in CSS pixels; narrow ones are a phone's."""
        mobile = width < 600
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)
        # Nothing moves, so that a picture is not of something half faded in.
        media = {"prefers-color-scheme": "dark" if dark else "light", "prefers-reduced-motion": "reduce"}
        features = [{"name": name, "value": value} for name, value in media.items()]
        self.call("Emulation.setEmulatedMedia", features=features)
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)

    def open(self, address: str) -> None:
        self.browser.events.clear()
        if "errorText" in (answer := self.call("Page.navigate", url=address)):
            raise BrowserError(f"{address}: {answer['errorText']}")
        self.browser.wait(self.session, "Page.loadEventFired")

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, waited for where it is a promise."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise BrowserError(f"{expression[:200]}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait_until(self, expression: str) -> None:
        """Until a JavaScript expression is true, looked at once a frame."""
        self.evaluate(
            "new Promise((done) => { const look = () => { if (" + expression + ") done(true);"
            " else setTimeout(look, 20); }; look(); })"
        )

    def press(self, key: str) -> None:
        for kind in ("rawKeyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=_KEYS[key])

    def picture(self, path: Path, *, whole: bool = False) -> None:
        answer = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(answer["data"]))

    def complaints(self) -> list[str]:
        """What the browser has logged since the page was opened: blocked content, failed requests, thrown errors."""
        self.evaluate("0")
        ours = [event for event in self.browser.events if event.get("sessionId") == self.session]
        bad = ("Log.entryAdded", "Runtime.exceptionThrown")
        return [json.dumps(event["params"]) for event in ours if event["method"] in bad]


_KEYS = {"Tab": 9, "Enter": 13}


def _await_end(process: int) -> None:
    """A browser whose pipes are closed ends by itself; one that hangs is ended."""
    descriptor = os.pidfd_open(process)
    if not select.select([descriptor], [], [], ANSWER_SECONDS)[0]:
        os.kill(process, signal.SIGKILL)
    os.close(descriptor)
    os.waitpid(process, 0)


def _pipe() -> tuple[int, int]:
    """With descriptors that lie above those which the child gets, so that neither is overwritten on the way."""
    ends = os.pipe()
    read, write = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends)
    for end in ends:
        os.close(end)
    return read, write


@contextmanager
def run_chromium(program: str, profile: Path) -> Iterator[Browser]:
    """``profile``: a folder of its own, so that nothing of an earlier run is remembered."""
    down_read, down_write = _pipe()
    up_read, up_write = _pipe()
    arguments = [
        program,
        "--headless=new",
        "--remote-debugging-pipe",
        f"--user-data-dir={profile}",
        # In a container there are no namespaces to be had, and only our own pages are opened.
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--no-first-run",
        "--hide-scrollbars",
    ]
    log = os.open(profile.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    process = os.posix_spawn(
        program,
        arguments,
        os.environ,
        # The protocol's pipes are descriptors 3 (commands) and 4.
        file_actions=[
            (os.POSIX_SPAWN_DUP2, log, 1),
            (os.POSIX_SPAWN_DUP2, log, 2),
            (os.POSIX_SPAWN_DUP2, down_read, 3),
            (os.POSIX_SPAWN_DUP2, up_write, 4),
        ],
    )
    for descriptor in (down_read, up_write, log):
        os.close(descriptor)
    browser = Browser(down_write, up_read)
    try:
        yield browser
        browser.call("Browser.close")
    finally:
        os.close(down_write)
        os.close(up_read)
        _await_end(process)
