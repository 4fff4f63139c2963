"""Whatever happened to one shop's files: the server starts, the others are served, and nothing worse than 503 is said."""

import os
import shutil
import sqlite3
from contextlib import closing

import pytest

from appliance import Appliance
from client import OPERATOR
from shop import Shop
from watcher import nobody_else_notices

CUSTOMERS = 300
PAGE = 4096
WRITTEN = {f"D-{number}" for number in range(CUSTOMERS)}


@pytest.fixture(scope="module")
def base():
    """An appliance that was killed while one of its shops had records in both the file and the WAL."""
    with closing(Appliance()) as appliance:
        appliance.init()
        appliance.add_shop("damaged")
        appliance.add_shop("healthy")
        books = appliance.folder / "customers.csv"
        books.write_text("externalId\n" + "\n".join(sorted(WRITTEN)) + "\n")
        appliance.start()
        for slug in ("damaged", "healthy"):
            appliance.cli("import", books, "--tenant", slug, "--collection", "customers")
        appliance.cli(
            "tenant", "act-as", "damaged", "--operator", OPERATOR, "--reason", "Its file", "--minutes", 240, "--write")
        appliance.cli("backup", "create")
        appliance.kill()
        yield appliance


@pytest.fixture
def copy(base):
    """A copy of it, to be damaged."""
    with closing(Appliance()) as appliance:
        shutil.copytree(base.data, appliance.data, ignore=shutil.ignore_patterns("*.sock"))
        shutil.copytree(base.backups, appliance.backups)
        yield appliance


def shops(appliance):
    found = {tenant["slug"]: tenant["id"] for tenant in appliance.json("tenant", "list")["items"]}
    return [Shop(appliance, slug, found[slug]) for slug in ("damaged", "healthy")]


# --- twelve kinds of damage, each to the shop's tenant.sqlite and what lies beside it

def wal(file):
    return file.with_name(file.name + "-wal")


def shm(file):
    return file.with_name(file.name + "-shm")


def overwrite(path, position, content):
    with open(path, "r+b") as file:
        file.seek(position)
        file.write(content)


def truncated(file):
    os.truncate(file, file.stat().st_size // 2)


def zeroed(file):
    file.write_bytes(bytes(file.stat().st_size))


def emptied(file):
    file.write_bytes(b"")


def garbage_in_the_header(file):
    # The WAL may have a good copy of the first page.
    wal(file).unlink()
    shm(file).unlink()
    overwrite(file, 0, os.urandom(100))


def garbage_in_every_other_page(file):
    for page in range(1, file.stat().st_size // PAGE, 2):
        overwrite(file, page * PAGE, os.urandom(PAGE))


def garbage_in_the_wal(file):
    overwrite(wal(file), 0, os.urandom(wal(file).stat().st_size))


def garbage_in_the_middle_of_the_wal(file):
    overwrite(wal(file), wal(file).stat().st_size // 2, os.urandom(PAGE))


def wal_deleted(file):
    wal(file).unlink()


def shm_deleted(file):
    shm(file).unlink()


def garbage_in_the_shm(file):
    overwrite(shm(file), 0, os.urandom(shm(file).stat().st_size))


def another_programs_database(file):
    for path in (file, wal(file), shm(file)):
        path.unlink()
    with closing(sqlite3.connect(file)) as database:
        database.executescript("CREATE TABLE customers (id TEXT, name TEXT); INSERT INTO customers VALUES ('1', 'x')")


def a_newer_version(file):
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA user_version = 999")


def a_folder_in_its_place(file):
    file.unlink()
    file.mkdir()


def folder_a_file(file):
    shutil.rmtree(file.parent)
    file.parent.write_bytes(b"not a folder")


def not_permitted(file):
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    file.parent.chmod(0)


# Nothing is lost by these: SQLite makes the file anew.
HARMLESS = [shm_deleted, garbage_in_the_shm]
# Without its newest part the file is an older state of the shop, whole in itself, and nothing tells that it is older.
LOSES_THE_NEWEST = [wal_deleted, garbage_in_the_wal, garbage_in_the_middle_of_the_wal]
REFUSED = [
    truncated, zeroed, emptied, garbage_in_the_header, garbage_in_every_other_page, another_programs_database,
    a_newer_version, a_folder_in_its_place, folder_a_file, not_permitted]


@pytest.mark.parametrize("damage", HARMLESS + LOSES_THE_NEWEST + REFUSED, ids=lambda damage: damage.__name__)
def test_the_others_are_served_and_the_shop_is_right_or_out_of_service(copy, damage):
    damaged, healthy = shops(copy)
    damage(damaged.file)
    copy.start()
    healthy.sign_in()
    with nobody_else_notices(healthy, ["/api/customers?limit=200", "/api/health/live", "/api/health/ready"]):
        damaged.token = copy.operator_token()
        statuses = ask_for_everything(damaged)
        assert set(statuses) <= {200, 201, 503}
        if damage in REFUSED:
            assert set(statuses) == {503}
            assert copy.json("tenant", "show", "damaged")["storage"]["state"] == "quarantined"
        if damage in HARMLESS:
            assert set(statuses) == {200, 201} and records(damaged) == WRITTEN | {"AFTER"}
        if damage in REFUSED:
            copy.cli("restore", "--tenant", "damaged", "--yes")
            assert records(damaged) == WRITTEN
    assert records(healthy) == WRITTEN
    copy.stop()


def ask_for_everything(shop):
    """The statuses of all that a shop is asked for. An operator asks, whose session is not in the damaged file."""
    named = {"X-Tenant-ID": shop.id}
    answers = [shop.add_customer("AFTER", headers=named)]
    for path in ("/api/customers?limit=200&sort=name", "/api/customers?q=D-1&count=exact", "/api/transactions", "/api/users"):
        answers += [shop.get(path, headers=named) for _ in range(2)]
    for answer in answers:
        if answer.status != 200 and answer.status != 201:
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert int(answer.headers["Retry-After"]) > 0
            assert str(shop.appliance.folder) not in answer.body.decode(), "the answer names a path"
    found = {item["externalId"] for answer in answers if answer.status == 200 for item in answer.json()["items"]
             if item["id"].startswith("cus_")}
    assert found <= WRITTEN | {"AFTER"}, "records that nobody wrote"
    return [answer.status for answer in answers]


def records(shop):
    answers = [shop.get(f"/api/customers?limit=200&sort={sort}", headers={"X-Tenant-ID": shop.id}) for sort in ("id", "-id")]
    return {item["externalId"] for answer in answers for item in answer.json()["items"]}


def test_nothing_is_written_over_what_is_left_of_a_damaged_file(copy):
    damaged, _ = shops(copy)
    garbage_in_the_header(damaged.file)
    left = damaged.file.read_bytes()
    copy.start()
    damaged.token = copy.operator_token()
    assert set(ask_for_everything(damaged)) == {503}
    copy.stop()
    assert damaged.file.read_bytes() == left
