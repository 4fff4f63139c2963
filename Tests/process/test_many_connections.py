"""Clients that only hold connections: thousands that idle, and more than the process may open.

APPLIANCE_IDLE_CONNECTIONS=10000 holds that many instead of 2,000 (both ends need the descriptors: see `ulimit -n`).
"""

import os
import resource
import time
from contextlib import ExitStack, contextmanager

import pytest

from appliance import wait_until

IDLE = int(os.environ.get("APPLIANCE_IDLE_CONNECTIONS", "2000"))
REQUEST = b"GET /api/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
MEMORY_BYTES = 250 << 20
FEW_DESCRIPTORS = 256
RECOVERY_SECONDS = 2


@pytest.fixture
def shop(appliance):
    shop = appliance.add_shop("acme")
    appliance.start()
    return shop.sign_in()


@contextmanager
def connections(appliance, count):
    """So many at once."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        with ExitStack() as stack:
            yield [stack.enter_context(appliance.connect_raw()) for _ in range(count)]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def memory_of(process):
    with open(f"/proc/{process.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def test_thousands_may_idle_and_each_is_answered(appliance, shop):
    with connections(appliance, IDLE) as idle:
        assert shop.get("/api/customers").status == 200
        for client in idle:
            client.sendall(REQUEST)
        answered = sum(client.recv(4096).startswith(b"HTTP/1.1 200") for client in idle)
        assert answered == IDLE
        assert memory_of(appliance.server) < MEMORY_BYTES * max(1, IDLE // 10_000)


def test_more_clients_than_the_process_may_open_do_not_end_it(appliance):
    shop = appliance.add_shop("acme")
    appliance.start(under=("prlimit", f"--nofile={FEW_DESCRIPTORS}"))
    shop.sign_in()
    with connections(appliance, FEW_DESCRIPTORS + 44):
        time.sleep(1)
        assert appliance.is_running
    wait_until(lambda: shop.get("/api/customers").status == 200, RECOVERY_SECONDS, "it serves again")
    assert shop.add_customer("AFTER").status == 201
