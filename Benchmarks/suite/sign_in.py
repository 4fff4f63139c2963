"""What 200 people who sign in at once wait, what they cost everybody else, and whether a wrong password tells of an
account by the time of its refusal."""

import http.client
import json
import statistics
import threading
import time

from .appliance import OWNER, PASSWORD, SHOP, Appliance
from .client import Client
from .failure import BenchmarkFailure
from .load import Load
from .machine import say
from .scale import entry

PEOPLE = 200
TRIES = 500
# Four failures of an account in a row cost no waiting.
TRIES_PER_ACCOUNT = 4
# The server allows an address 100 sign-ins in 15 minutes.
TRIES_PER_ADDRESS = 50
TIMING_COST = "8"
WRONG = "a wrong but long enough password"


class Hurried(Appliance):
    """The lower the cost of a hash, the more of the time is what could differ."""

    def environment(self):
        return {**super().environment(), "APPLIANCE_BCRYPT_COST": TIMING_COST}


def measure(binary, products, settings):
    results = flood(Appliance(binary, settings.folder / "flood"), products, settings)
    return results + timing(Hurried(binary, settings.folder / "timing"))


# 200 at once

def flood(server, products, settings):
    try:
        server.prepare(products[:1000])
        load = Load(server, "mixed", server.tokens, settings, connections=4)
        load.warm_up()
        calm = load.measure()
        say(f"{PEOPLE} sign-ins at once, at the default cost of a hash")
        crowd = Crowd(server.port)
        crowd.start()
        busy = load.measure()
        crowd.join()
        again = load.measure()
        calm_p99 = (calm["p99"] + again["p99"]) / 2
        return [
            entry(f"a sign-in among {PEOPLE} at once, p50", statistics.median(crowd.seconds) * 1e3, "ms"),
            entry(f"a sign-in among {PEOPLE} at once, longest", max(crowd.seconds) * 1e3, "ms"),
            entry("answers 503 with Retry-After meanwhile", crowd.busy, ""),
            entry("p99 of 80 % get, 15 % list, 5 % create by 4 connections, nobody signs in", calm_p99, "ms", decimals=2),
            entry(f"the same while {PEOPLE} sign in", busy["p99"], "ms", round(2 * calm_p99, 2), decimals=2),
            entry("requests per second of those, nobody signs in", (calm["rate"] + again["rate"]) / 2, "/s"),
            entry(f"the same while {PEOPLE} sign in", busy["rate"], "/s"),
        ]
    finally:
        server.stop()


class Crowd:
    """Everybody begins at once, from two addresses each a hundred, and comes back when told to."""

    def __init__(self, port):
        self.port = port
        self.seconds = []
        self.busy = 0
        self.lock = threading.Lock()
        self.gate = threading.Barrier(PEOPLE + 1)
        self.threads = [threading.Thread(target=self.sign_in, args=(n,)) for n in range(PEOPLE)]

    def start(self):
        for thread in self.threads:
            thread.start()
        self.gate.wait()

    def join(self):
        for thread in self.threads:
            thread.join()
        if len(self.seconds) != PEOPLE:
            raise BenchmarkFailure(f"{len(self.seconds)} of {PEOPLE} signed in")

    def sign_in(self, number):
        self.gate.wait()
        began, attempt = time.perf_counter(), 0
        while True:
            # Each attempt from another address: what is measured is the hashing, not the limit of an address.
            answer, wait = try_sign_in(self.port, OWNER, PASSWORD, f"127.1.{attempt % 250}.{1 + number}")
            if answer == 200:
                break
            if answer != 503:
                return
            with self.lock:
                self.busy += 1
            attempt += 1
            time.sleep(wait)
        with self.lock:
            self.seconds.append(time.perf_counter() - began)


def try_sign_in(port, email, password, source):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300, source_address=(source, 0))
    try:
        connection.request("POST", "/api/auth/login", json.dumps({"email": email, "password": password}),
                           {"Content-Type": "application/json", "X-Tenant-ID": SHOP})
        answer = connection.getresponse()
        answer.read()
        return answer.status, float(answer.headers.get("Retry-After") or 1)
    finally:
        connection.close()


# Known and unknown

def timing(server):
    try:
        server.initialize()
        server.add_tenant(SHOP)
        # More people than the usual plan seats.
        server.command("tenant", "change-plan", SHOP, "--plan", "enterprise")
        owner = Client(server.port, server.sign_in(SHOP))
        accounts = TRIES // TRIES_PER_ACCOUNT
        say(f"{TRIES} wrong passwords for {accounts} accounts, and as many for addresses that are none")
        for number in range(accounts):
            owner.call("POST", "/api/users", {"email": f"known{number:03d}@bench.example", "password": PASSWORD})
        known, unknown = [], []
        for number in range(TRIES):
            source = f"127.2.{number // TRIES_PER_ADDRESS}.1"
            account = f"{number % accounts:03d}@bench.example"
            pair = [(known, f"known{account}"), (unknown, f"other{account}")]
            for times, email in pair if number % 2 == 0 else reversed(pair):
                began = time.perf_counter()
                status, _ = try_sign_in(server.port, email, WRONG, source)
                times.append(time.perf_counter() - began)
                if status != 401:
                    raise BenchmarkFailure(f"a wrong password for {email} was answered {status}")
        one, other = statistics.median(known) * 1e3, statistics.median(unknown) * 1e3
        return [
            entry(f"a wrong password for an account, median of {TRIES}, hashes of cost {TIMING_COST}", one, "ms", decimals=2),
            entry("the same where there is no account", other, "ms", decimals=2),
            entry("difference of the two", abs(one - other) / one * 100, "%", 5, decimals=2),
        ]
    finally:
        server.stop()
