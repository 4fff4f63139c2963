"""kill -9 at any moment: what was acknowledged is there, and nobody has to do anything by hand."""

import http.client
import os
import threading
import time
from contextlib import closing

import pytest

import books as reading
from books import CUSTOMERS, PURCHASES

CYCLES = int(os.environ.get("APPLIANCE_KILL_CYCLES", "100"))
CUTS = 10
WRITERS = 4
WRITING_SECONDS = (0.05, 0.4)


class Writers:
    """Add customers to shops until stopped, and remember which were acknowledged."""

    def __init__(self, shops):
        self.shops = shops
        self.acknowledged = {shop.id: set() for shop in shops}
        self.sent = 0
        self.refused = []
        self.lock = threading.Lock()

    def write_until(self, stop):
        """Starts the writers; join what it returns."""
        threads = [threading.Thread(target=self._write, args=(number, stop)) for number in range(WRITERS)]
        for thread in threads:
            thread.start()
        return threads

    def _write(self, number, stop):
        shop = self.shops[number % len(self.shops)]
        with closing(shop.appliance.connect()) as connection:
            while not stop.is_set():
                with self.lock:
                    self.sent += 1
                    name = f"K-{self.sent}"
                try:
                    status = shop.add_customer(name, connection=connection).status
                except (OSError, http.client.HTTPException):
                    return
                with self.lock:
                    if status == 201:
                        self.acknowledged[shop.id].add(name)
                    else:
                        self.refused.append(status)


def test_no_acknowledged_record_is_ever_lost(appliance, chance):
    shops = [appliance.add_shop("first"), appliance.add_shop("second")]
    appliance.start()
    for shop in shops:
        shop.sign_in()
    writers = Writers(shops)
    for _ in range(CYCLES):
        stop = threading.Event()
        threads = writers.write_until(stop)
        time.sleep(chance.uniform(*WRITING_SECONDS))
        appliance.kill()
        stop.set()
        for thread in threads:
            thread.join()
        assert not writers.refused
        for shop in shops:
            assert shop.sql("PRAGMA quick_check") == [("ok",)]
            kept = {name for (name,) in shop.sql("SELECT externalId FROM customers")}
            assert writers.acknowledged[shop.id] <= kept, "an acknowledged record is gone"
        appliance.start()
        for shop in shops:
            total = shop.get("/api/customers?limit=1&count=exact").json()["total"]
            assert total >= len(writers.acknowledged[shop.id])
    assert all(len(names) > CYCLES for names in writers.acknowledged.values()), "the writers hardly wrote"


@pytest.fixture
def shop(appliance, tmp_path):
    """One with enough in it that a backup and a restore take a while, beside another one; the server runs."""
    shop = appliance.add_shop("discs", "--currency", "USD")
    appliance.add_shop("neighbour")
    books = reading.generate(tmp_path / "purchases.csv")
    for collection, mapping in (("customers", CUSTOMERS), ("transactions", PURCHASES)):
        appliance.cli("import", books.file, "--tenant", shop.slug, "--collection", collection, *mapping)
    appliance.start()
    return shop.sign_in()


def test_a_backup_that_is_cut_short_is_never_listed(appliance, shop, chance):
    seconds = timed(lambda: appliance.cli("backup", "create"))
    finished = cut = 0
    for number in range(CUTS):
        # A change, so that the shop's file is copied again.
        assert shop.add_customer(f"B-{number}").status == 201
        listed = len(appliance.json("backup", "list")["items"])
        command = appliance.spawn("backup", "create")
        time.sleep(chance.uniform(0, seconds))
        appliance.kill()
        end(command)
        appliance.start()
        snapshots = appliance.json("backup", "list")["items"]
        assert all(snapshot["verified"] and not snapshot["problem"] for snapshot in snapshots)
        assert [entry.name for entry in (appliance.backups / "snapshots").iterdir() if entry.name.startswith(".")] == []
        assert len(snapshots) - listed in (0, 1)
        if len(snapshots) > listed:
            finished += 1
        else:
            cut += 1
    print(f"{cut} cut short, {finished} finished")
    made = appliance.json("backup", "create")
    assert made["verified"] and made["tenants"] == 2
    appliance.cli("backup", "verify", "latest")


@pytest.mark.parametrize("way", ["online", "offline"])
def test_a_restore_that_is_cut_short_leaves_the_old_shop_or_the_new_one(appliance, shop, chance, way):
    # On the hour the server takes another, which would be the latest.
    shop.back = ("--snapshot", appliance.json("backup", "create")["id"])
    new = books_and_later(shop)
    shop.sign_in()
    assert shop.add_customer("LATER").status == 201
    old = books_and_later(shop)
    if way == "offline":
        appliance.stop()
    seconds = timed(lambda: restore(appliance, shop))
    seen = set()
    for _ in range(CUTS // 2):
        bring_up_to_date(appliance, shop, old)
        if way == "offline":
            appliance.stop()
        command = appliance.spawn("restore", "--tenant", shop.slug, *shop.back, "--yes")
        time.sleep(chance.uniform(0, seconds))
        if way == "online":
            appliance.kill()
        end(command)
        assert shop.sql("PRAGMA quick_check") == [("ok",)]
        found = books_and_later(shop)
        assert found in (old, new), "neither the old shop nor the new one"
        seen.add(found)
        appliance.start()
        assert shop.sign_in().get("/api/customers?limit=1&count=exact").json()["total"] == found[0]
        restore(appliance, shop)
        assert books_and_later(shop) == new
        leftovers = [entry.name for entry in (appliance.data / "tenants").iterdir() if entry.name.startswith(".")]
        assert leftovers == []
    print(f"{len(seen)} of the 2 outcomes were seen")


def books_and_later(shop):
    counts = shop.sql("SELECT (SELECT count(*) FROM customers), (SELECT count(*) FROM transactions)")
    return counts[0]


def bring_up_to_date(appliance, shop, old):
    """Makes the shop again what it was before the restore: with the record that the backup does not have."""
    if not appliance.is_running:
        appliance.start()
    shop.sign_in()
    assert shop.add_customer("LATER").status == 201
    assert books_and_later(shop) == old


def restore(appliance, shop):
    appliance.cli("restore", "--tenant", shop.slug, *shop.back, "--yes")


def end(command):
    """Ends a command that works by itself or still hopes for the server."""
    command.kill()
    command.wait()


def timed(work):
    start = time.monotonic()
    work()
    return time.monotonic() - start
