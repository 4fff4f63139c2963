"""A disk that is full: writing is refused, reading goes on, and with space again everything does, without a restart."""

import errno
import os
import subprocess
from contextlib import closing

import pytest

from appliance import Appliance, wait_until

DISK_MIB = 8
# A WAL that was longer once takes some writes without growing.
WRITES_UNTIL_FULL = 2_000
RECOVERY_SECONDS = 5
IMPORTED = 40_000
BLOCK = bytes(4096)


@pytest.fixture
def small_disk():
    """An appliance whose data folder is a small disk of its own."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    with closing(Appliance()) as appliance:
        appliance.data.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m,mode=700", "tmpfs", appliance.data],
            capture_output=True, text=True)
        if mounted.returncode != 0:
            pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
        try:
            yield appliance.init()
        finally:
            subprocess.run(["umount", "--lazy", appliance.data], check=True)


@pytest.fixture
def shop(small_disk):
    shop = small_disk.add_shop("acme")
    small_disk.start()
    return shop.sign_in()


def fill(folder):
    """Takes all the space that is left."""
    path = folder / "ballast"
    with open(path, "ab", buffering=0) as file:
        try:
            while file.write(BLOCK):
                pass
        except OSError as error:
            assert error.errno == errno.ENOSPC
    return path


def write_until_refused(shop, acknowledged):
    for number in range(len(acknowledged), len(acknowledged) + WRITES_UNTIL_FULL):
        answer = shop.add_customer(f"F-{number}")
        if answer.status != 201:
            return answer
        acknowledged.add(f"F-{number}")
    raise AssertionError("the disk never got full")


def assert_reading_goes_on(shop, acknowledged):
    for path in ("/api/health", "/api/health/live", "/api/health/ready", "/api/health/database"):
        assert shop.get(path).status == 200, path
    answer = shop.get("/api/customers?limit=1&count=exact")
    assert (answer.status, answer.json()["total"]) == (200, len(acknowledged))


def test_writing_is_refused_and_goes_on_as_soon_as_there_is_space(small_disk, shop):
    acknowledged = set()
    for _ in range(3):
        ballast = fill(small_disk.data)
        refused = write_until_refused(shop, acknowledged)
        assert (refused.status, refused.code) == (507, "storage_full")
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert_reading_goes_on(shop, acknowledged)
        ballast.unlink()
        name = f"F-{len(acknowledged)}"
        wait_until(lambda: shop.add_customer(name).status == 201, RECOVERY_SECONDS, "writing goes on")
        acknowledged.add(name)
    small_disk.kill()
    small_disk.start()
    assert {name for (name,) in shop.sql("SELECT externalId FROM customers")} == acknowledged
    assert shop.sql("PRAGMA integrity_check") == [("ok",)]


def test_an_import_onto_a_full_disk_leaves_nothing_behind(small_disk, shop):
    assert shop.add_customer("BEFORE").status == 201
    file = small_disk.folder / "customers.csv"
    file.write_text("externalId,notes\n" + "".join(f"I-{number},{'x' * 450}\n" for number in range(IMPORTED)))
    assert file.stat().st_size > DISK_MIB << 20, "the upload does not fit"
    assert_refused(small_disk, shop, file)
    file.write_text("externalId\n" + "".join(f"I-{number}\n" for number in range(IMPORTED)))
    assert file.stat().st_size < DISK_MIB << 18, "the upload fits, its records do not"
    assert_refused(small_disk, shop, file)
    assert shop.add_customer("AFTER").status == 201


def assert_refused(small_disk, shop, file):
    failed = small_disk.cli("import", file, "--tenant", shop.slug, "--collection", "customers", code=1)
    assert "The disk is full." in failed.stderr
    assert list((small_disk.data / "scratch").iterdir()) == []
    assert_reading_goes_on(shop, {"BEFORE"})


def test_a_backup_without_space_fails_and_harms_nothing(small_disk, shop):
    acknowledged = set()
    ballast = fill(small_disk.data)
    write_until_refused(shop, acknowledged)
    failed = small_disk.cli("backup", "create", code=1)
    assert "disk is full" in failed.stderr
    assert small_disk.json("backup", "list")["items"] == []
    assert_reading_goes_on(shop, acknowledged)
    ballast.unlink()
    assert small_disk.json("backup", "create")["verified"] is True
