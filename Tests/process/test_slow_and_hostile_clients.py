"""Clients that are slow, endless or malformed are got rid of, and the others do not notice."""

import re
import select
import selectors
import socket
import time
from contextlib import suppress

import pytest

from watcher import nobody_else_notices

# Of each kind.
CLIENTS = 300
UNREAD_SECONDS = (20, 75)
DRIP_SECONDS = 0.5
# The server's limits are 10 s for a header and 20 s for a body, which a byte now and then does not move.
HEADER_SECONDS = (5, 15)
BODY_SECONDS = (10, 30)
CLOSED_SECONDS = 5
ENDLESS_BYTES = 16 << 20
CHUNK = b"10000\r\n" + b"x" * 65_536 + b"\r\n"


@pytest.fixture
def shop(appliance):
    shop = appliance.add_shop("acme")
    appliance.start()
    shop.sign_in()
    assert shop.add_customer("REGULAR").status == 201
    return shop


def test_half_open_requests_are_closed_in_time(appliance, shop):
    """All at once, because each takes as long as its limit."""
    header = b"GET /api/customers HTTP/1.1\r\nHost: localhost\r\n"
    body = (f"POST /api/customers HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {shop.token}\r\n"
            "Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n").encode()
    slow = (
        [SlowClient(appliance, b"", b"", HEADER_SECONDS) for _ in range(CLIENTS // 5)]
        + [SlowClient(appliance, header, b"", HEADER_SECONDS) for _ in range(CLIENTS * 2 // 5)]
        + [SlowClient(appliance, header, b"X-A: b\r\n", HEADER_SECONDS) for _ in range(CLIENTS * 2 // 5)]
        + [SlowClient(appliance, body, b" ", BODY_SECONDS) for _ in range(CLIENTS // 2)]
        + [SlowClient(appliance, body + b"{", b"", BODY_SECONDS) for _ in range(CLIENTS // 2)])
    with nobody_else_notices(shop):
        drip_until_closed(slow)
        wrong = [client for client in slow if not client.limits[0] <= client.closed_after <= client.limits[1]]
        assert wrong == []
    assert shop.get("/api/customers?count=exact").json()["total"] == 1


class SlowClient:
    def __init__(self, appliance, start, drip, limits):
        self.socket = appliance.connect_raw()
        self.socket.setblocking(False)
        self.start, self.drip, self.limits = start, drip, limits
        self.opened = time.monotonic()
        self.closed_after = float("inf")
        if start:
            self.socket.send(start)

    def __repr__(self):
        return f"<{self.start[:20]!r} and {self.drip!r} closed after {self.closed_after:.1f} s, limits {self.limits}>"

    def send_a_little(self):
        try:
            if self.drip:
                self.socket.send(self.drip)
        except OSError:
            self.note_the_end()

    def read(self):
        try:
            if self.socket.recv(65_536):
                return False
        except OSError:
            pass
        self.note_the_end()
        return True

    def note_the_end(self):
        self.closed_after = min(self.closed_after, time.monotonic() - self.opened)


def drip_until_closed(clients):
    deadline = time.monotonic() + max(client.limits[1] for client in clients) + CLOSED_SECONDS
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client.socket, selectors.EVENT_READ, client)
        next_drip = time.monotonic()
        while selector.get_map() and time.monotonic() < deadline:
            if time.monotonic() >= next_drip:
                next_drip += DRIP_SECONDS
                for key in list(selector.get_map().values()):
                    key.data.send_a_little()
            for key, _ in selector.select(max(0, next_drip - time.monotonic())):
                if key.data.read():
                    selector.unregister(key.fileobj)
    for client in clients:
        client.socket.close()


def test_clients_that_never_read_are_cut_off_in_time(appliance, shop):
    """They ask for more and more; the server holds no more of the answers than fits into the sockets. Lists are answered
    by the connection itself, the description goes the general way."""
    for number in range(30):
        assert shop.post("/api/customers", {"externalId": f"C-{number}", "notes": "n" * 1000}).status == 201
    requests = [
        (f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {shop.token}\r\n\r\n").encode() * count
        for path, count in (("/api/customers?limit=200", 200), *[("/api/openapi.json", 300)] * 9)]
    before = appliance.resident_mib()
    poll, clients, closed = select.poll(), {}, []
    with nobody_else_notices(shop):
        for number in range(CLIENTS):
            client = appliance.connect_raw(receive_buffer=4096)
            # All of it fits into the buffers, read or not.
            client.sendall(requests[number % len(requests)])
            clients[client.fileno()] = (client, time.monotonic())
            # No event is asked for: a reset is told all the same.
            poll.register(client, 0)
        deadline = time.monotonic() + UNREAD_SECONDS[1]
        while len(closed) < CLIENTS and time.monotonic() < deadline:
            for descriptor, _ in poll.poll(1000):
                client, opened = clients[descriptor]
                closed.append(time.monotonic() - opened)
                poll.unregister(descriptor)
        grown = appliance.resident_mib() - before
        for client, _ in clients.values():
            client.close()
    assert len(closed) == CLIENTS, f"{len(closed)} of {CLIENTS} are closed"
    assert UNREAD_SECONDS[0] < min(closed) and max(closed) < UNREAD_SECONDS[1], (min(closed), max(closed))
    assert grown < 150, f"{grown} MiB more"


def test_an_endless_body_is_answered_413_and_cut_off(appliance, shop):
    with nobody_else_notices(shop), appliance.connect_raw() as client:
        client.settimeout(CLOSED_SECONDS)
        client.sendall(
            f"POST /api/customers HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {shop.token}\r\n"
            "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        answer, sent = b"", 0
        try:
            while sent < ENDLESS_BYTES:
                client.sendall(CHUNK)
                sent += len(CHUNK)
                if not answer:
                    answer = read_what_is_there(client)
        except OSError:
            pass
        assert sent < ENDLESS_BYTES, "the server takes an endless body"
        assert not answer or answer.startswith(b"HTTP/1.1 413 "), answer
    assert shop.get("/api/customers?count=exact").json()["total"] == 1


def read_what_is_there(client):
    client.setblocking(False)
    try:
        return client.recv(65_536)
    except BlockingIOError:
        return b""
    finally:
        client.settimeout(CLOSED_SECONDS)


def test_a_body_that_is_said_to_be_too_large_is_refused_at_once(appliance, shop):
    with appliance.connect_raw() as client:
        client.settimeout(CLOSED_SECONDS)
        client.sendall(
            f"POST /api/customers HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {shop.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {ENDLESS_BYTES}\r\n\r\n".encode() + b"x" * 100)
        client.sendall(b"x" * (1 << 21))
        assert answer_to_the_end(client).startswith(b"HTTP/1.1 413 ")


POST = b"POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
GET = b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"
MALFORMED = {
    "a length and chunks":
        POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n",
    "two lengths": POST + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    "a negative length": POST + b"Content-Length: -1\r\n\r\n",
    "a chunk size of too many digits": POST + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\nx",
    "a chunk size that is none": POST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "a space before the colon": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "a huge header": b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
    "two thousand headers": b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: a\r\n" * 2000 + b"\r\n",
    "a huge address": GET % (b"/" + b"a" * 100_000),
    "NUL in a header": b"GET /api/health HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n",
    "NUL in the address": GET % b"/api/\0health",
    "an encoded NUL": GET % b"/api/customers/%00",
    "no Host": b"GET /api/health HTTP/1.1\r\n\r\n",
    "two Hosts": b"GET /api/health HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n",
    "a path in Host": b"GET /api/health HTTP/1.1\r\nHost: a/../b@c\r\n\r\n",
    "line ends without CR": b"GET /api/health HTTP/1.1\nHost: localhost\n\n",
    "dots": GET % b"/../../etc/passwd",
    "encoded dots": GET % b"/..%2f..%2fetc%2fpasswd",
    "dots encoded twice": GET % b"/%252e%252e/etc/passwd",
    "dots below the page": GET % b"/admin/..%2f..%2fsystem.sqlite",
    "a header injected by the address": GET % b"/api/x%0d%0aX-Evil:%201",
    "a TLS greeting": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 64,
    "deep JSON": POST + b"Content-Length: 200000\r\n\r\n" + b"[" * 200_000,
    "bytes that are no UTF-8": POST + b'Content-Length: 13\r\n\r\n{"email":"\xff"}',
}


@pytest.mark.parametrize("malformed", MALFORMED)
def test_a_malformed_request_is_refused(served, malformed):
    with served.connect_raw() as client:
        client.settimeout(CLOSED_SECONDS)
        # The server may have answered and closed before it read the last byte.
        with suppress(OSError):
            client.sendall(MALFORMED[malformed])
            client.shutdown(socket.SHUT_WR)
        answer = answer_to_the_end(client)
    statuses = re.findall(rb"^HTTP/1\.1 (\d{3})", answer, re.MULTILINE)
    assert statuses and all(400 <= int(status) < 500 for status in statuses), answer[:500]
    assert b"X-Evil" not in answer.partition(b"\r\n\r\n")[0] and b"root:" not in answer
    assert served.request("GET", "/api/health/live").status == 200


@pytest.fixture(scope="module")
def served(make_appliance):
    return make_appliance().start()


def answer_to_the_end(client):
    answer = b""
    try:
        while part := client.recv(65_536):
            answer += part
    except OSError:
        pass
    return answer
