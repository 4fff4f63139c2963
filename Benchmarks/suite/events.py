"""A thousand people follow one shop's changes: how soon each hears of one, and what that costs the server."""

import selectors
import socket
import statistics
import time

from .appliance import SHOP
from .client import Client
from .failure import BenchmarkFailure
from .machine import say
from .scale import Shops, entry

LISTENERS = 1_000
CHANGES = 100
GAP_SECONDS = 0.1
PATIENCE_SECONDS = 30
HINT = b"retry:"


def measure(binary, products, folder):
    server = Shops(binary, folder / "events")
    try:
        server.prepare(products[:100])
        return listen_and_change(server, server.sign_in(SHOP))
    finally:
        server.stop()


def listen_and_change(server, token):
    before = server.resident_mib()
    say(f"{LISTENERS:,} listeners join")
    connections = [join(server.port, token) for _ in range(LISTENERS)]
    each = (server.resident_mib() - before) * 1024 / LISTENERS
    used = server.cpu_seconds()
    say(f"{CHANGES} changes, {1 / GAP_SECONDS:.0f} a second")
    latencies = follow(Client(server.port, token), connections)
    used = server.cpu_seconds() - used
    for connection in connections:
        connection.close()
    return [
        entry("an event at each of 1,000 listeners, p50", statistics.median(latencies) * 1e3, "ms", decimals=1),
        entry("an event at each of 1,000 listeners, p99", statistics.quantiles(latencies, n=100)[98] * 1e3, "ms", 200),
        entry("memory of a listener", each, "KiB", 64),
        entry("CPU of an event at a listener", used / (CHANGES * LISTENERS) * 1e6, "µs", 100, decimals=1),
    ]


def join(port, token):
    connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
    connection.sendall(f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    head = b""
    while HINT not in head:
        part = connection.recv(4096)
        if not part:
            raise BenchmarkFailure(f"a listener was refused: {head.decode(errors='replace')[:300]}")
        head += part
    connection.setblocking(False)
    return connection


def follow(client, connections):
    """Seconds from before each change was sent until each listener had it, from all listeners."""
    selector = selectors.DefaultSelector()
    for connection in connections:
        selector.register(connection, selectors.EVENT_READ)
    latencies = []
    for number in range(CHANGES):
        began = time.perf_counter()
        client.call("POST", "/api/customers", {"name": f"Follower {number}"})
        waiting = set(connections)
        while waiting:
            ready = selector.select(PATIENCE_SECONDS)
            if not ready:
                raise BenchmarkFailure(f"{len(waiting)} listeners did not hear of a change")
            for key, _ in ready:
                # A sign of life is no event.
                if b"event: change" in key.fileobj.recv(65_536):
                    waiting.discard(key.fileobj)
                    latencies.append(time.perf_counter() - began)
        time.sleep(GAP_SECONDS)
    return latencies
