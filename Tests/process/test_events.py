"""Those who follow a shop's changes over real connections: told quickly, cheaply, and let go at the end."""

import json
import socket
import threading
import time

LISTENERS = 200
CHANGES = 20


class Listener:
    """A stream of events on a connection of its own, read by hand."""

    def __init__(self, shop, since=None):
        self.socket = shop.appliance.connect_raw()
        head = f"GET /api/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {shop.token}\r\n"
        if since:
            head += f"Last-Event-ID: {since}\r\n"
        self.socket.sendall(head.encode() + b"\r\n")
        self.file = self.socket.makefile("rb")
        self.read_until(b"retry: ")

    def read_until(self, start):
        """The rest of the next line that begins so; None at the end of the stream."""
        while line := self.file.readline():
            if line.startswith(start):
                return line[len(start):].strip().decode()
        return None

    def change(self):
        """When a change arrived, its id and what it says."""
        id = self.read_until(b"id: ")
        data = self.read_until(b"data: ")
        return (time.monotonic(), id, json.loads(data)) if data else None


def test_many_listeners_hear_of_every_change_and_cost_little(appliance):
    shop = appliance.add_shop("events")
    appliance.start()
    shop.sign_in()
    before = resident(appliance)
    heard = [Listener(shop) for _ in range(LISTENERS)]
    latencies = []
    for number in range(CHANGES):
        began = time.monotonic()
        made = shop.add_customer(f"E-{number}").json()["id"]
        for listener in heard:
            at, _, change = listener.change()
            assert change["id"] == made and change["action"] == "customers.create"
            latencies.append(at - began)
    latencies.sort()
    assert latencies[len(latencies) * 99 // 100] < 2, f"p99 {latencies[len(latencies) * 99 // 100]:.3f} s"
    grown = (resident(appliance) - before) / LISTENERS
    assert grown < 200 << 10, f"{grown / 1024:.0f} KiB each"


def test_what_happened_while_the_server_was_down_is_told_afterwards(appliance):
    shop = appliance.add_shop("events")
    appliance.start()
    shop.sign_in()
    listener = Listener(shop)
    shop.add_customer("first")
    _, seen, _ = listener.change()
    ids = [shop.add_customer(f"later-{number}").json()["id"] for number in range(3)]
    appliance.kill()
    appliance.start()
    again = Listener(shop, since=seen)
    assert [again.change()[2]["id"] for _ in ids] == ids


def test_a_server_that_stops_lets_its_listeners_go(appliance):
    shop = appliance.add_shop("events")
    appliance.start()
    shop.sign_in()
    heard = [Listener(shop) for _ in range(20)]
    assert appliance.stop() < 5
    for listener in heard:
        assert listener.change() is None


def test_a_reader_that_does_not_read_is_let_go_and_holds_up_nobody(appliance):
    shop = appliance.add_shop("events")
    appliance.start()
    shop.sign_in()
    slow = appliance.connect_raw()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.sendall(f"GET /api/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {shop.token}\r\n\r\n".encode())
    good = Listener(shop)
    before = resident(appliance)
    rows = "name\n" + "".join(f"N{number}\n" for number in range(100))

    def change():
        for _ in range(300):
            shop.post("/api/batch", {"operations": [
                {"method": "POST", "path": "/api/customers", "body": {"name": name}}
                for name in rows.split()[1:]]})

    writer = threading.Thread(target=change)
    writer.start()
    for _ in range(300 * 100):
        assert good.change() is not None
    writer.join()
    assert resident(appliance) - before < 48 << 20


def resident(appliance):
    status = open(f"/proc/{appliance.server.pid}/status").read()
    return int(status.split("VmRSS:")[1].split()[0]) << 10
