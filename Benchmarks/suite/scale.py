"""What happens with many shops, many idle connections, one greedy shop, and a slow disk: each with its goal."""

import os
import resource
import shutil
import socket
import statistics
import threading
import time
from pathlib import Path

from .appliance import OWNER, PASSWORD, SHOP, SIGN_INS_PER_ADDRESS, Appliance
from .failure import BenchmarkFailure
from .load import Load
from .machine import say

ACTIVE = 1_000
STARTS = 5
IDLE_CONNECTIONS = 10_000
GREEDY_CONNECTIONS = 64
CALM_CONNECTIONS = 4
SYNC_DELAY_MICROSECONDS = 2_000


class Shops(Appliance):
    """Hundreds of sign-ins would measure bcrypt alone: its cost is the lowest that the configuration takes."""

    def environment(self):
        return {**super().environment(), "APPLIANCE_BCRYPT_COST": "4"}


class SlowDisk(Shops):
    """Every sync of the server takes two milliseconds longer; other system calls run untraced (seccomp)."""

    def serve_command(self):
        return ["strace", "--follow-forks", "--seccomp-bpf", "--quiet=all", "--output", "/dev/null",
                "--trace", "fsync,fdatasync", "--inject", f"fsync,fdatasync:delay_enter={SYNC_DELAY_MICROSECONDS}",
                *super().serve_command()]

    def stop(self):
        """Ends the server, not strace, which ends with it."""
        if self.process is not None:
            children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
            for child in children:
                os.kill(int(child), 15)
            self.process.wait(60)
            self.process = None


def measure(binary, products, shops, settings):
    folder = settings.folder
    results = many_shops(Shops(binary, folder / "shops"), shops, settings)
    shutil.rmtree(folder / "shops")
    results += one_server(Shops(binary, folder / "scale"), Shops(binary, folder / "neighbour"), products, settings)
    if shutil.which("strace"):
        results += slow_disk(SlowDisk(binary, folder / "slow"), settings)
    else:
        say("no strace: the slow disk is not measured")
    return results


def entry(work, value, unit, goal=None, at_most=True, decimals=0):
    say(f"{work}: {value:,.{decimals}f} {unit}")
    return {"work": work, "value": value, "unit": unit, "goal": goal, "atMost": at_most, "decimals": decimals}


# Many shops

def many_shops(server, count, settings):
    active = min(ACTIVE, count)
    try:
        server.initialize()
        say(f"making {count:,} shops, {active:,} of them with an owner who signs in")
        make_shops(server, range(active), PASSWORD)
        results = [start_time(server, f"start to first answer, {active:,} shops on disk", 100)]
        took = make_shops(server, range(active, count), None)
        if count > active:
            results.append(entry("making a shop, by the API one after the other", took * 1e3 / (count - active), "ms", 5, decimals=1))
            results.append(start_time(server, f"start to first answer, {count:,} shops on disk", None))
        tokens = [server.sign_in(slug(n), f"127.0.1.{1 + n // SIGN_INS_PER_ADDRESS}") for n in range(active)]
        load = Load(server, "create", tokens, settings)
        load.warm_up()
        with Watch(server) as watch:
            figures = load.measure()
        title = f"{count:,} shops on disk, creates in {active:,} of them by turns"
        return results + [
            entry(f"{title}: memory at the most", watch.memory, "MiB", 1024),
            entry(f"{title}: open files at the most", watch.files, "", 1024 * 5 + 200),
            entry(f"{title}: rate", figures["rate"], "/s"),
            entry(f"{title}: CPU", figures["cpu"], "µs each"),
        ]
    finally:
        server.stop()


def slug(number):
    return f"shop-{number:05d}"


def make_shops(server, numbers, password):
    """Seconds that it took; without a password the owner would be invited, which costs no hash."""
    client = server.operator()
    begin = time.perf_counter()
    for number in numbers:
        body = {"slug": slug(number), "name": f"Shop {number}", "modules": ["shop"], "currency": "INR", "ownerEmail": OWNER}
        client.call("POST", "/api/admin/tenants", body | ({"ownerPassword": password} if password else {}))
    return time.perf_counter() - begin


def start_time(server, work, goal):
    times = []
    for _ in range(STARTS):
        server.stop()
        times.append(server.start() * 1e3)
    return entry(work, statistics.median(times), "ms", goal)


class Watch:
    """The most memory and descriptors that a server has while a block runs."""

    def __init__(self, server):
        self.server, self.memory, self.files = server, 0, 0
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.look)

    def look(self):
        while not self.done.wait(0.1):
            self.memory = max(self.memory, self.server.resident_mib())
            self.files = max(self.files, len(os.listdir(f"/proc/{self.server.process.pid}/fd")))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()


# One server: idle connections, fairness

def one_server(server, neighbour, products, settings):
    try:
        server.prepare(products)
        server.add_tenant("greedy")
        neighbour.prepare(products)
        neighbour.add_tenant("greedy")
        return fairness(server, neighbour, settings) + idle_connections(server, settings)
    finally:
        server.stop()
        neighbour.stop()


def fairness(server, neighbour, settings):
    """The same load against a server of its own tells what of the wait is the machine's, and no server's to shorten."""
    calm = Load(server, "get", server.tokens, settings, CALM_CONNECTIONS)
    calm.warm_up()
    alone = calm.measure()
    title = f"one shop alone, {CALM_CONNECTIONS} connections: "
    results = [entry(title + "median of get", alone["p50"], "ms", decimals=2), entry(title + "p99 of get", alone["p99"], "ms", decimals=2)]
    for work in ("create", "list"):
        for hammered, whose, goal in ((server, "another shop", round(2 * alone["p99"], 2)), (neighbour, "a shop of another server", None)):
            greedy = Load(hammered, work, [hammered.sign_in("greedy")], settings, GREEDY_CONNECTIONS)
            greedy.warm_up()
            hammer = threading.Thread(target=greedy.run, args=[settings.seconds + 4])
            hammer.start()
            time.sleep(1)
            beside = calm.measure()
            hammer.join()
            title = f"the same while {whose} is sent {work}s over {GREEDY_CONNECTIONS} connections: "
            results.append(entry(title + "median", beside["p50"], "ms", decimals=2))
            results.append(entry(title + "p99", beside["p99"], "ms", goal, decimals=2))
    return results


def idle_connections(server, settings):
    count = IDLE_CONNECTIONS
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < count + 2_000:
        say(f"only {hard} descriptors allowed: {count} idle connections are not measured")
        return []
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    say(f"opening {count:,} connections, each with one request")
    request = f"GET {server.health_path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode()
    connections = []
    try:
        for _ in range(count):
            connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)
            connection.sendall(request)
            if not connection.recv(4096).startswith(b"HTTP/1.1 200"):
                raise BenchmarkFailure("an idle connection was refused")
            connections.append(connection)
        load = Load(server, "get", server.tokens, settings, CALM_CONNECTIONS)
        load.warm_up()
        figures = load.measure()
        return [entry(f"{count:,} idle connections: memory", figures["memory"], "MiB", 300),
                entry(f"{count:,} idle connections: p99 of get over {CALM_CONNECTIONS} others", figures["p99"], "ms", 10, decimals=2)]
    finally:
        for connection in connections:
            connection.close()


# A slow disk

def slow_disk(server, settings):
    try:
        server.initialize()
        server.add_tenant(SHOP)
        server.tokens = [server.sign_in(SHOP)]
        one, many = (slow_rate(server, settings, connections) for connections in (1, GREEDY_CONNECTIONS))
        title = "creates, each sync delayed by 2 ms"
        return [entry(f"{title}: one connection, so one commit each", one, "/s"),
                entry(f"{title}: {GREEDY_CONNECTIONS} connections, commits shared", many, "/s", round(10 * one), at_most=False)]
    finally:
        server.stop()


def slow_rate(server, settings, connections):
    load = Load(server, "create", server.tokens, settings, connections)
    load.warm_up()
    result = load.run(settings.seconds)
    return result["requests"] / (result["microseconds"] / 1e6)
