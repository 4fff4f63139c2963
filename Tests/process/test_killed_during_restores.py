"""kill -9 at any moment of a restore, of its undo, of a shop made of the past, and of a merge of records.

Each time one of two things is true afterwards: nothing has happened, or all of it has; and what has happened can be
undone. Ten kills each; fifty with APPLIANCE_LONG_TESTS=1.
"""

import os
import time

import pytest

CUTS = 50 if os.environ.get("APPLIANCE_LONG_TESTS") == "1" else 10
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
    appliance.cli("backup", "create")
    return shop.sign_in()


def customers(shop):
    return shop.sql("SELECT count(*) FROM customers")[0][0]


class Cuts:
    """Runs a command again and again, and ends the server at a moment by lot while it works."""

    def __init__(self, appliance, chance, command):
        self.appliance, self.chance, self.command = appliance, chance, command
        self.outcomes = []

    def measure(self, *command):
        start = time.monotonic()
        self.appliance.cli(*command)
        self.seconds = time.monotonic() - start

    def cut(self, *command):
        process = self.appliance.spawn(*(command or self.command))
        # Up to half as long again: the exchange comes last, and the first run may have been the fastest.
        time.sleep(self.chance.uniform(0, self.seconds * 1.5))
        self.appliance.kill()
        process.kill()
        process.wait()
        self.appliance.start()

    def check_folders(self):
        """Nothing is left half-made, and nothing is live that nobody knows."""
        data = self.appliance.data
        known = {one["id"] for one in self.appliance.json("tenant", "list")["items"]}
        assert {entry.name for entry in (data / "tenants").iterdir()} == known
        entries = self.appliance.json("restore", "list", "--tenant", "discs")["items"]
        available = {database["undo"].removeprefix("undo/") for entry in entries for database in entry["databases"]
                     if database["undo"]}
        kept = {entry.name for entry in (data / "undo").iterdir()}
        assert available == kept, "an undo folder that no restore knows, or the other way round"

    def report(self):
        print(f"{self.outcomes.count(True)} of {len(self.outcomes)} had happened")


def test_a_restore_has_happened_and_can_be_undone_or_has_not(appliance, shop, chance):
    command = ("restore", "--tenant", "discs", "--yes")
    cuts = Cuts(appliance, chance, command)
    cuts.measure(*command)
    for number in range(CUTS):
        assert shop.sign_in().add_customer(f"LATER-{number}").status == 201
        before = customers(shop)
        cuts.cut()
        found = customers(shop)
        assert shop.sql("PRAGMA quick_check") == [("ok",)]
        assert found in (before, RECORDS)
        cuts.check_folders()
        cuts.outcomes.append(found == RECORDS)
        if found == RECORDS:
            appliance.cli("restore", "undo", "--tenant", "discs", "--yes")
            assert customers(shop) == before, "the undo brings back exactly what was there"
    cuts.report()


def test_an_undo_has_happened_and_can_be_undone_or_has_not(appliance, shop, chance):
    assert shop.add_customer("LATER").status == 201
    old = customers(shop)
    cuts = Cuts(appliance, chance, ("restore", "undo", "--tenant", "discs", "--yes"))
    appliance.cli("restore", "--tenant", "discs", "--yes")
    cuts.measure("restore", "undo", "--tenant", "discs", "--yes")
    for _ in range(CUTS):
        before = customers(shop)
        cuts.cut()
        found = customers(shop)
        assert shop.sql("PRAGMA quick_check") == [("ok",)]
        assert found in (old, RECORDS)
        cuts.check_folders()
        cuts.outcomes.append(found != before)
    cuts.report()


def test_a_shop_made_of_the_past_is_there_whole_or_not_at_all(appliance, shop, chance):
    cuts = Cuts(appliance, chance, None)
    cuts.measure("restore", "--tenant", "discs", "--as", "then")
    made = {"then"}
    for number in range(CUTS):
        slug = f"then-{number}"
        cuts.cut("restore", "--tenant", "discs", "--as", slug)
        cuts.check_folders()
        shops = {one["slug"]: one["id"] for one in appliance.json("tenant", "list")["items"]}
        assert made <= set(shops) <= made | {"discs", "neighbour", slug}
        cuts.outcomes.append(slug in shops)
        if slug in shops:
            made.add(slug)
            copy = appliance.json("record", "list", "customers", "--tenant", slug, "limit=1", "count=exact")
            assert copy["total"] == RECORDS
            appliance.cli("tenant", "delete", slug, "--yes")
            appliance.cli("tenant", "purge", slug, "--yes")
            made.remove(slug)
        assert customers(shop) == RECORDS
    cuts.report()


def test_a_merge_of_records_is_one_transaction(appliance, shop, chance):
    ids = [name for (name,) in shop.sql(f"SELECT id FROM customers ORDER BY id LIMIT {CHOSEN}")]
    command = ("restore", "--tenant", "discs", "--collection", "customers", "--ids", ",".join(ids), "--yes")
    cuts = Cuts(appliance, chance, command)

    def delete():
        operations = [{"method": "DELETE", "path": f"/api/customers/{name}"} for name in ids]
        assert shop.sign_in().post("/api/batch", {"operations": operations}).status == 200

    delete()
    cuts.measure(*command)
    assert customers(shop) == RECORDS
    delete()
    for _ in range(CUTS):
        cuts.cut()
        found = customers(shop)
        assert shop.sql("PRAGMA quick_check") == [("ok",)]
        assert found in (RECORDS - CHOSEN, RECORDS)
        cuts.outcomes.append(found == RECORDS)
        if found == RECORDS:
            delete()
    cuts.report()
