"""A real identity provider on this machine (the package oidc-provider-mock), and the browser's part of a sign-in."""

import http.client
import json
import socket
import subprocess
import sys
from contextlib import closing, contextmanager
from urllib.parse import urlencode, urlsplit

from appliance import START_SECONDS, wait_until


class IdentityPeer:
    def __init__(self, port):
        self.port = port
        self.issuer = f"http://127.0.0.1:{port}"

    def send(self, method, path, body=None, content_type="application/x-www-form-urlencoded"):
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_SECONDS)) as connection:
            connection.request(method, path, body, {"Content-Type": content_type} if body else {})
            answer = connection.getresponse()
            answer.read()
            return answer

    def set_person(self, subject, **claims):
        answer = self.send("PUT", f"/users/{subject}", json.dumps(claims), "application/json")
        assert answer.status == 204

    def agree(self, location, subject):
        """The address that the provider sends the browser back to, once somebody agrees."""
        parts = urlsplit(location)
        assert parts.netloc == f"127.0.0.1:{self.port}"
        answer = self.send("POST", f"{parts.path}?{parts.query}", urlencode({"sub": subject}))
        assert answer.status == 302, answer.status
        return answer.headers["Location"]

    def is_ready(self):
        try:
            return self.send("GET", "/.well-known/openid-configuration").status == 200
        except OSError:
            return False


@contextmanager
def identity_peer():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)], stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        peer = IdentityPeer(port)
        wait_until(peer.is_ready, START_SECONDS, "the identity provider is ready")
        yield peer
    finally:
        process.kill()
        process.wait()
