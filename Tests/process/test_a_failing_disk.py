"""A disk that refuses every change under a running server, and then takes them again: only writing stops,
and nobody has to do anything."""

import errno
from contextlib import closing

import pytest

from appliance import wait_until
from faults import Faults

RECOVERY_SECONDS = 5


@pytest.fixture
def faults(appliance):
    with closing(Faults(appliance)) as faults:
        yield faults


@pytest.mark.parametrize("error, refusal", [
    (errno.ENOSPC, (507, "storage_full")), (errno.EROFS, (503, "storage_failed")), (errno.EIO, (503, "storage_failed"))],
    ids=["full", "turned read-only", "failing"])
def test_writing_stops_reading_goes_on_and_all_returns_by_itself(appliance, faults, error, refusal):
    shop = appliance.add_shop("acme")
    appliance.start(environment=faults.environment)
    acknowledged = set()
    shop.sign_in()
    for number in range(5):
        assert shop.add_customer(f"C-{number}").status == 201
        acknowledged.add(f"C-{number}")
    assert health(appliance) == "ok"
    for _ in range(2):
        faults.arm("any change", 1, error, lasts=True)
        refused = shop.add_customer("REFUSED")
        assert (refused.status, refused.code) == refusal
        for path in ("/api/customers", "/api/health/live", "/api/health/ready"):
            assert shop.get(path).status == 200, path
        assert health(appliance) == "degraded"
        faults.disarm()
        # Nobody has to write first.
        wait_until(lambda: health(appliance) == "ok", RECOVERY_SECONDS, "health returns")
        name = f"C-{len(acknowledged)}"
        assert shop.add_customer(name).status == 201
        acknowledged.add(name)
    appliance.kill()
    appliance.start()
    found = {name for (name,) in shop.sql("SELECT externalId FROM customers")}
    assert acknowledged <= found <= acknowledged | {"REFUSED"}


def health(appliance):
    answer = appliance.request("GET", "/api/health")
    assert answer.status == 200
    return answer.json()["status"]
