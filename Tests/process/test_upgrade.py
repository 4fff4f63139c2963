"""Shops whose files an older version wrote: brought up to date one by one, whatever interrupts it, and never downwards."""

import hashlib
import json
import sqlite3
import time
from contextlib import closing

from appliance import wait_until

SHOPS = 12
KILLS = 8
UPGRADE_SECONDS = 20


def make_older(shop):
    """Takes from a shop's file what a later version added: a table, and a column of another one."""
    with closing(sqlite3.connect(shop.file)) as database:
        database.execute("DROP TABLE transactions")
        database.execute("DELETE FROM collections WHERE name = 'transactions'")
        database.execute("ALTER TABLE customers DROP COLUMN notes")
        database.execute("UPDATE collections SET declaration = 'older' WHERE name = 'customers'")
        database.commit()


def is_up_to_date(shop):
    columns = {name for (name,) in shop.sql("SELECT name FROM pragma_table_info('customers')")}
    return "notes" in columns and shop.sql("SELECT count(*) FROM transactions") == [(0,)]


def is_older(shop):
    return shop.sql("SELECT name FROM sqlite_schema WHERE name = 'transactions'") == []


def test_every_shop_is_upgraded_although_the_server_is_killed_again_and_again(appliance, chance):
    shops = [appliance.add_shop(f"shop-{number}") for number in range(SHOPS)]
    appliance.start()
    for shop in shops:
        assert shop.sign_in().add_customer("BEFORE").status == 201
    appliance.stop()
    for shop in shops:
        make_older(shop)
    for _ in range(KILLS):
        appliance.start()
        time.sleep(chance.uniform(0, 0.05))
        appliance.kill()
        for shop in shops:
            assert shop.sql("PRAGMA integrity_check") == [("ok",)]
            assert is_older(shop) or is_up_to_date(shop), "half of an upgrade"
    appliance.start()
    wait_until(lambda: all(not is_older(shop) and is_up_to_date(shop) for shop in shops), UPGRADE_SECONDS, "the sweep")
    for shop in shops:
        assert [item["externalId"] for item in shop.get("/api/customers").json()["items"]] == ["BEFORE"]
        body = {"name": "After", "notes": "in the new column"}
        assert shop.post("/api/customers", body).json()["notes"] == "in the new column"


def test_one_shop_that_cannot_be_upgraded_is_out_of_service_and_the_others_are_not(appliance):
    broken, healthy = appliance.add_shop("broken"), appliance.add_shop("healthy")
    for shop in (broken, healthy):
        make_older(shop)
    with closing(sqlite3.connect(broken.file)) as database:
        # Its name is taken.
        database.execute("CREATE VIEW transactions AS SELECT 1")
    before = hashes(broken)
    appliance.start()
    assert healthy.sign_in().get("/api/transactions").status == 200
    answer = appliance.login("owner@broken.example", "broken")
    assert (answer.status, answer.code) == (503, "migration_failed")
    state = json.loads(appliance.cli("tenant", "show", "broken", "--json").stdout)["storage"]
    assert state["state"] == "quarantined"
    assert appliance.request("GET", "/api/health").json()["status"] == "degraded"
    appliance.stop()
    assert hashes(broken) == before


def test_a_newer_file_is_refused_and_not_a_byte_of_it_is_touched(appliance):
    newer, healthy = appliance.add_shop("newer"), appliance.add_shop("healthy")
    appliance.start()
    assert newer.sign_in().add_customer("IN-THE-WAL").status == 201
    appliance.kill()
    database = sqlite3.connect(newer.file, isolation_level=None)
    database.execute("PRAGMA wal_autocheckpoint = 0")
    database.execute("PRAGMA user_version = 99")
    before = hashes(newer)
    appliance.start()
    answer = appliance.login("owner@newer.example", "newer")
    assert (answer.status, answer.code) == (503, "file_newer")
    assert "99" in answer.json()["detail"]
    assert healthy.sign_in().get("/api/customers").status == 200
    appliance.stop()
    assert hashes(newer) == before
    database.close()


def test_a_newer_control_plane_is_refused_at_the_start_and_not_touched(appliance):
    system = appliance.data / "system.sqlite"
    with closing(sqlite3.connect(system)) as database:
        database.execute("PRAGMA user_version = 99")
    before = hashlib.sha256(system.read_bytes()).hexdigest()
    refused = appliance.cli("serve", "--port", "0", code=1)
    assert "99" in refused.stderr
    assert hashlib.sha256(system.read_bytes()).hexdigest() == before


def hashes(shop):
    """Of the file and its log; the `-shm` is no content."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in shop.file.parent.iterdir() if not path.name.endswith("-shm") and path.stat().st_size}
