"""A small JSON client for setting up and checking; the load itself comes from wrk."""

import http.client
import json

from .failure import BenchmarkFailure


class Client:
    """Calls one server on the loopback. `source` is the loopback address that the server sees."""

    def __init__(self, port, token=None, headers=None, source="127.0.0.1"):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60, source_address=(source, 0))
        self.headers = {"Content-Type": "application/json", **(headers or {})}
        if token:
            self.headers["Authorization"] = f"Bearer {token}"

    def call(self, method, path, body=None, expect=(200, 201, 204)):
        """Over the connection of the call before, where the server still has it."""
        for is_last in (self.connection.sock is None, True):
            try:
                self.connection.request(method, path, None if body is None else json.dumps(body), self.headers)
                answer = self.connection.getresponse()
                break
            except ConnectionError:
                self.connection.close()
                if is_last:
                    raise
        text = answer.read().decode()
        if answer.status not in expect:
            raise BenchmarkFailure(f"{method} {path} on port {self.connection.port} answered {answer.status}: {text[:600]}")
        return json.loads(text) if text else None
