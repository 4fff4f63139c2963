"""HTTP as a client of the appliance speaks it."""

import http.client
import json
import socket
import ssl
from contextlib import closing
from dataclasses import dataclass

PASSWORD = "a horse, a battery and a staple"
OPERATOR = "operator@appliance.example"
REQUEST_SECONDS = 60


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json()["code"]


class Client:
    """Requests to a server on this machine."""

    port = 0
    tls = None

    def connect(self):
        """A connection of one's own, for many requests."""
        if self.tls:
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=REQUEST_SECONDS, context=self.tls)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=REQUEST_SECONDS)

    def connect_raw(self, receive_buffer=None):
        """A bare connection, for what a well-behaved client would not send; `receive_buffer` in bytes."""
        connection = socket.socket()
        connection.settimeout(REQUEST_SECONDS)
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.connect(("127.0.0.1", self.port))
        return connection

    def request(self, method, path, body=None, token=None, headers=None, connection=None):
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        if connection is None:
            with closing(self.connect()) as own:
                return self.request(method, path, body, None, headers, own)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())

    def login(self, email, tenant=None):
        return self.request(
            "POST", "/api/auth/login", {"email": email, "password": PASSWORD},
            headers={"X-Tenant-ID": tenant} if tenant else {})

    def operator_token(self):
        answer = self.login(OPERATOR)
        assert answer.status == 200, answer.body
        return answer.json()["token"]

    def trust(self, certificate):
        self.tls = ssl.create_default_context(cafile=certificate)
