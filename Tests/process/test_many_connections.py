"""Many clients at once: thousands that idle, more than the process may open, and some that read late.

APPLIANCE_IDLE_CONNECTIONS=10000 holds that many instead of 2,000 (both ends need the descriptors: see `ulimit -n`).
"""

import json
import os
import resource
import time
from contextlib import ExitStack, closing, contextmanager

import pytest

from appliance import wait_until

IDLE = int(os.environ.get("APPLIANCE_IDLE_CONNECTIONS", "2000"))
REQUEST = b"GET /api/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
MEMORY_BYTES = 250 << 20
FEW_DESCRIPTORS = 256
RECOVERY_SECONDS = 2
# Each late reader is sent some 1.3 MB, more than sockets hold.
LATE_READERS, LATE_ANSWERS, LATE_RECORDS = 8, 30, 40


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


def test_a_shells_low_limit_is_raised_as_far_as_the_system_allows(appliance):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    appliance.start(under=("prlimit", f"--nofile={FEW_DESCRIPTORS}:{hard}"))
    with connections(appliance, 3 * FEW_DESCRIPTORS) as clients:
        for client in clients:
            client.sendall(REQUEST)
        assert all(client.recv(4096).startswith(b"HTTP/1.1 200") for client in clients)


def test_who_reads_late_gets_the_own_answers(appliance, shop):
    """Answers that wait for a slow socket keep their memory, while those of others use theirs again and again."""
    ids = []
    for number in range(LATE_RECORDS):
        answer = shop.post("/api/customers", {"externalId": f"C-{number}", "notes": str(number % 10) * 1000})
        ids.append(answer.json()["id"])
    path = f"/api/customers?limit={LATE_RECORDS}"
    expected = shop.get(path).json()
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {shop.token}\r\n\r\n".encode()
    with ExitStack() as stack:
        late = [stack.enter_context(appliance.connect_raw(receive_buffer=4096)) for _ in range(LATE_READERS)]
        for connection in late:
            connection.sendall(request * LATE_ANSWERS)
        quick = [stack.enter_context(closing(appliance.connect())) for _ in range(LATE_READERS)]
        for number in range(40 * LATE_READERS):
            own = ids[number % len(ids)]
            answer = shop.get(f"/api/customers/{own}", connection=quick[number % len(quick)])
            assert answer.json()["id"] == own
        for connection in late:
            stream = stack.enter_context(connection.makefile("rb"))
            assert all(read_json(stream) == expected for _ in range(LATE_ANSWERS))


def read_json(stream):
    """The body of the next answer."""
    assert stream.readline().startswith(b"HTTP/1.1 200 ")
    length = None
    while (line := stream.readline()) != b"\r\n":
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return json.loads(stream.read(length))
