"""kill -9 at any moment of a restore, of its undo, of a shop made of the past, and of a merge of records: of the server
that does it, and of a command that does it without a server.

Each time one of two things is true afterwards, record by record: nothing has happened, or all of it has. What has happened
can be undone, and what has not is done by the same command again. Three kills each; fifty with APPLIANCE_LONG_TESTS=1.
"""

import hashlib
import os
import time
from contextlib import contextmanager

import pytest

CUTS = 50 if os.environ.get("APPLIANCE_LONG_TESTS") == "1" else 3
RECORDS = 3000
CHOSEN = 100


@pytest.fixture
def shop(appliance, tmp_path):
    """With a snapshot of its records, beside another one; the server runs."""
    shop = appliance.add_shop("discs")
    appliance.add_shop("neighbour")
    books = tmp_path / "customers.csv"
    lines = (f"C-{number:05},Somebody with a name of some length {number},Pune" for number in range(RECORDS))
    books.write_text("\n".join(["externalId,name,city", *lines]) + "\n")
    appliance.cli("import", books, "--tenant", "discs", "--collection", "customers")
    appliance.start()
    # On the hour the server takes another, which would be the latest.
    shop.back = ("--snapshot", appliance.json("backup", "create")["id"])
    return shop


@pytest.fixture(params=["online", "offline"])
def way(request, appliance, shop):
    if request.param == "offline":
        appliance.stop()
    return request.param


def state(shop):
    """A digest of every record, without what a merge counts up."""
    rows = shop.sql("SELECT id, externalId, name, city, createdAt FROM customers ORDER BY id")
    return hashlib.sha256(repr(rows).encode()).hexdigest()


class Cuts:
    """Runs a command again and again, and ends the process that works at a moment by lot while it does."""

    def __init__(self, appliance, shop, chance):
        self.appliance, self.shop, self.chance = appliance, shop, chance
        self.is_offline = not appliance.is_running
        self.outcomes = []

    def measure(self, *command):
        start = time.monotonic()
        self.appliance.cli(*command)
        self.seconds = time.monotonic() - start

    def cut(self, *command):
        process = self.appliance.spawn(*command)
        # Up to half as long again: the exchange comes last, and the first run may have been the fastest.
        time.sleep(self.chance.uniform(0, self.seconds * 1.5))
        if not self.is_offline:
            self.appliance.kill()
        process.kill()
        process.wait()
        if not self.is_offline:
            self.appliance.start()

    @contextmanager
    def served(self):
        """With a server that the owner is signed in at, whichever way commands go."""
        if self.is_offline:
            self.appliance.start()
        yield self.shop.sign_in()
        if self.is_offline:
            self.appliance.stop()

    def add_customer(self, name):
        self.appliance.cli("record", "create", "customers", f'{{"externalId":"{name}"}}', "--tenant", "discs")

    def check(self, *allowed):
        """One of the allowed states, whole; nothing is left half-made, and nothing is live that nobody knows."""
        found, data = state(self.shop), self.appliance.data
        assert found in allowed, "neither the old nor the new shop"
        known = {one["id"] for one in self.appliance.json("tenant", "list")["items"]}
        assert self.shop.sql("PRAGMA quick_check") == [("ok",)]
        assert {entry.name for entry in (data / "tenants").iterdir()} == known
        entries = self.appliance.json("restore", "list", "--all", "--tenant", "discs")["items"]
        available = {database["undo"].removeprefix("undo/") for entry in entries for database in entry["databases"]
                     if database["undo"]}
        kept = {entry.name for entry in (data / "undo").iterdir()}
        assert available == kept, "an undo folder that no restore knows, or the other way round"
        return found

    def report(self, what):
        print(f"{what}: {self.outcomes.count(True)} of {len(self.outcomes)} had happened")


def test_a_restore_has_happened_and_can_be_undone_or_has_not(appliance, shop, way, chance):
    command = ("restore", "--tenant", "discs", *shop.back, "--yes")
    cuts, new = Cuts(appliance, shop, chance), state(shop)
    cuts.measure(*command)
    for number in range(CUTS):
        cuts.add_customer(f"LATER-{number}")
        old = state(shop)
        cuts.cut(*command)
        has_happened = cuts.check(old, new) == new
        cuts.outcomes.append(has_happened)
        if not has_happened:
            appliance.cli(*command)
            assert state(shop) == new, "the same command again does it"
        appliance.cli("restore", "undo", "--tenant", "discs", "--yes")
        assert state(shop) == old, "the undo brings back exactly what was there"
    cuts.report(f"restore, {way}")


def test_an_undo_has_happened_and_can_be_undone_or_has_not(appliance, shop, way, chance):
    command = ("restore", "undo", "--tenant", "discs", "--yes")
    cuts = Cuts(appliance, shop, chance)
    states = [state(shop)]
    cuts.add_customer("LATER")
    states.append(state(shop))
    appliance.cli("restore", "--tenant", "discs", *shop.back, "--yes")
    cuts.measure(*command)
    for _ in range(CUTS):
        before = state(shop)
        after = next(one for one in states if one != before)
        cuts.cut(*command)
        has_happened = cuts.check(before, after) == after
        cuts.outcomes.append(has_happened)
        if not has_happened:
            appliance.cli(*command)
            assert state(shop) == after, "the same command again does it"
    cuts.report(f"undo, {way}")


def test_a_shop_made_of_the_past_is_there_whole_or_not_at_all(appliance, shop, way, chance):
    def command(slug):
        return "restore", "--tenant", "discs", *shop.back, "--as", slug

    cuts, old = Cuts(appliance, shop, chance), state(shop)
    cuts.measure(*command("then"))
    for number in range(CUTS):
        slug = f"then-{number}"
        cuts.cut(*command(slug))
        cuts.check(old)
        shops = {one["slug"] for one in appliance.json("tenant", "list")["items"]}
        assert {"discs", "neighbour", "then"} <= shops <= {"discs", "neighbour", "then", slug}
        cuts.outcomes.append(slug in shops)
        # Who does it again is told that it is there, or gets it.
        appliance.cli(*command(slug), code=1 if slug in shops else 0)
        copy = appliance.json("record", "list", "customers", "--tenant", slug, "limit=1", "count=exact")
        assert copy["total"] == RECORDS
        appliance.cli("tenant", "delete", slug, "--yes")
        appliance.cli("tenant", "purge", slug, "--yes")
    cuts.report(f"as, {way}")


def test_a_merge_of_records_is_one_transaction(appliance, shop, way, chance):
    ids = [name for (name,) in shop.sql(f"SELECT id FROM customers ORDER BY id LIMIT {CHOSEN}")]
    chosen = ("--collection", "customers", "--ids", ",".join(ids))
    command = ("restore", "--tenant", "discs", *shop.back, *chosen, "--yes")
    cuts, new = Cuts(appliance, shop, chance), state(shop)

    def delete():
        operations = [{"method": "DELETE", "path": f"/api/customers/{name}"} for name in ids]
        with cuts.served() as owner:
            assert owner.post("/api/batch", {"operations": operations}).status == 200
        return state(shop)

    old = delete()
    cuts.measure(*command)
    assert state(shop) == new
    delete()
    for _ in range(CUTS):
        cuts.cut(*command)
        has_happened = cuts.check(old, new) == new
        cuts.outcomes.append(has_happened)
        appliance.cli(*command)
        assert state(shop) == new, "the same command again does it, or finds it done"
        delete()
    cuts.report(f"records, {way}")
