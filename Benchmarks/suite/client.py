"""A small JSON client for setting up and checking; the load itself comes from wrk."""

import http.client
import json

from .failure import BenchmarkFailure


class Client:
    """Calls one server on the loopback. `source` is the loopback address that the server sees."""

    def __init__(self, port, token=None, headers=None, source="127.0.0.1"):
        self.port = port
        self.source = source
        self.headers = {"Content-Type": "application/json", **(headers or {})}
        if token:
            self.headers["Authorization"] = f"Bearer {token}"

    def call(self, method, path, body=None, expect=(200, 201, 204)):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60, source_address=(self.source, 0))
        try:
            connection.request(method, path, None if body is None else json.dumps(body), self.headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status not in expect:
            raise BenchmarkFailure(f"{method} {path} on port {self.port} answered {answer.status}: {text[:600]}")
        return json.loads(text) if text else None
