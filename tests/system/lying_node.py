"""A node of the chain that changes one digit of every event it is asked about, and is honest otherwise."""

import http.server
import json
import threading
import urllib.request
from types import TracebackType
from typing import Any


class LyingNode:
    """A proxy on loopback before the true node; ``what`` names the member of the log entry that is changed."""

    def __init__(self, true_node: str, what: str) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                request = urllib.request.Request(true_node, body, {"Content-Type": "application/json"})
                with urllib.request.urlopen(request, timeout=30) as answer:
                    document = json.load(answer)
                for log in _logs(document):
                    log[what] = _change(log[what])
                data = json.dumps(document).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                """A test needs no access log."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_port}"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _logs(document: Any) -> list[dict[str, Any]]:
    """The event logs in an answer: of a receipt, or of eth_getLogs."""
    result = document.get("result") if isinstance(document, dict) else None
    if isinstance(result, dict) and "logs" in result:
        return list(result["logs"])
    if isinstance(result, list) and result and isinstance(result[0], dict) and "topics" in result[0]:
        return result
    return []


def _change(value: Any) -> Any:
    if isinstance(value, list):
        return [*value[:-1], _change(value[-1])]
    return value[:-1] + ("1" if value[-1] != "1" else "2")
