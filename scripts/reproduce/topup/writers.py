"""A chat server on loopback whose rows are known: what a model could write at best, and what it should not."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
from proof.sets import Rows

ASKED = re.compile(r'of the kind "(.*)"\.\n.*?Write (\d+) new rows of the same kind, numbers (\d+) to', re.DOTALL)
REAL, COPIES, POISON = "held-back rows", "copies", "other classes"
WRITERS = (REAL, COPIES, POISON)


class Writer(ThreadingHTTPServer):
    """Answers requests of ``augmenter=endpoint``.

    Parameters
    ----------
    kind : str
        ``held-back rows``: real rows of the class that nobody else has, each once, until there are no more.
        ``copies``: the rows that it is shown. ``other classes``: held-back rows of any class but that which is asked
        for.
    held_back : dict of str to list of dict
        Rows by class.
    """

    daemon_threads = True

    def __init__(self, kind: str, held_back: dict[str, Rows], seed: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.kind, self.held_back, self.seed = kind, held_back, seed

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def rows(self, asked: str) -> Rows:
        found = ASKED.search(asked)
        assert found, "the prompt is ours"
        name, count, first = found[1], int(found[2]), int(found[3]) - 1
        if self.kind == COPIES:
            return [json.loads(line) for line in asked.splitlines() if line.startswith('{"')]
        if self.kind == REAL:
            return self.held_back.get(name, [])[first : first + count]
        others = [row for other, rows in sorted(self.held_back.items()) if other != name for row in rows]
        rng = np.random.default_rng([self.seed, first, len(name)])
        return [others[at] for at in rng.integers(0, len(others), count)]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Writer

    def log_message(self, *words: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        said = json.dumps({"rows": self.server.rows(body["messages"][1]["content"])})
        choice = {"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        answer = {"id": "1", "object": "chat.completion", "created": 0, "model": body["model"], "choices": [choice],
                  "usage": usage}  # fmt: skip
        content = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def serving(kind: str, held_back: dict[str, Rows], seed: int) -> Iterator[Writer]:
    server = Writer(kind, held_back, seed)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
