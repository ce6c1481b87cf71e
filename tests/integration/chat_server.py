"""A chat server on loopback that answers as it is told: the judge of tests, with its moods."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server(ThreadingHTTPServer):
    """``answer(number, body)`` gives a text, or a status, or a status and headers, or seconds to wait and a text."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, answer):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer, self.bodies, self.running, self.most_running = answer, [], 0, 0
        self.lock, self.usage = threading.Lock(), "counted"

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        server = self.server
        with server.lock:
            number = len(server.bodies)
            server.bodies.append(body)
            server.running += 1
            server.most_running = max(server.most_running, server.running)
        try:
            self.respond(server.answer(number, body), body)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the client did not wait
        finally:
            with server.lock:
                server.running -= 1

    def respond(self, told, body):
        headers = {}
        if isinstance(told, tuple) and isinstance(told[0], float):
            time.sleep(told[0])
            told = told[1]
        elif isinstance(told, tuple):
            told, headers = told
        if isinstance(told, int):
            self.send(told, {"error": {"message": f"status {told}"}}, headers)
            return
        asked = sum(len(one["content"].split()) for one in body["messages"])
        message = {"role": "assistant", "content": told}
        usage = {"prompt_tokens": asked, "completion_tokens": 10, "total_tokens": asked + 10}
        if self.server.usage != "counted":
            usage = self.server.usage
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        self.send(200, {"id": "1", "object": "chat.completion", "created": 0, "model": body["model"],
                        "choices": [choice], "usage": usage})  # fmt: skip

    def send(self, status, content, headers=None):
        content = json.dumps(content).encode()
        self.send_response(status)
        for name, value in {
            "content-type": "application/json",
            "content-length": len(content),
            **(headers or {}),
        }.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def serving(answer):
    server = Server(answer)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
