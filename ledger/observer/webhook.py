"""Telling an alarm to an address on the web."""

import contextlib

import httpx
import msgspec

from ledger.observer.notify import Notify, NotifyError

WEBHOOK_SECONDS = 10.0


def webhook_notifier(url: str, stack: contextlib.ExitStack) -> Notify:
    """Posts the alarm. Any answer from 200 to 299 means that it was taken."""
    client = stack.enter_context(httpx.Client(timeout=WEBHOOK_SECONDS))

    def notify(alarm: dict[str, object]) -> None:
        headers = {"Content-Type": "application/json"}
        try:
            with client.stream("POST", url, content=msgspec.json.encode(alarm), headers=headers) as response:
                status = response.status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NotifyError(f"{url}: {error or type(error).__name__}") from error
        if not 200 <= status < 300:
            raise NotifyError(f"{url} answered {status}")

    return notify
