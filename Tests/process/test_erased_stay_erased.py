"""Who was erased does not come back with a backup, also onto an empty machine; mail that waits there is held."""

import shutil

import pytest

from shop import read_sqlite

REASON = ("--reason", "asked for on paper", "--yes")


@pytest.fixture
def shop(appliance):
    """A person and a message that waits, both in a backup; then the person is erased. No server runs."""
    shop = appliance.add_shop("acme")
    appliance.start()
    shop.sign_in()
    person = {"name": "Zebulon Rao", "email": "zebulon@people.example", "externalId": "C-1"}
    shop.person = shop.post("/api/customers", person).json()["id"]
    assert shop.post("/api/invitations", {"email": "waits@people.example"}).status == 201
    appliance.cli("backup", "create")
    appliance.stop()
    done = appliance.json("record", "erase", "customers", shop.person, "--tenant", "acme", *REASON)
    shop.pseudonym = f"Erased customer #{done['pseudonym']}"
    return shop


def customers(shop):
    return read_sqlite(shop.file, "SELECT name, email, externalId FROM customers")


def test_onto_an_empty_machine_from_the_backups_alone(appliance, shop):
    shutil.rmtree(appliance.data)
    restored = {outcome["tenant"]: outcome for outcome in appliance.json("restore", "--yes")["restored"]}
    assert restored["acme"]["erasures"] == 1 and restored["system"]["held"] >= 1
    assert customers(shop) == [(shop.pseudonym, None, "C-1")]
    [message] = appliance.json("outbox", "list", "--status", "held", "--tenant", "acme")["items"]
    assert message["recipient"] == "waits@people.example" and "may have been sent" in message["heldReason"]
    [erasure] = appliance.json("erasure", "list", "--tenant", "acme")["items"]
    assert erasure["recordId"] == shop.person and erasure["inBackupsUntil"]
    appliance.start()
    shop.sign_in()
    assert shop.get("/api/customers?q=zebulon").json()["items"] == []


def test_into_another_folder_and_in_place(appliance, shop, tmp_path):
    into = tmp_path / "then"
    appliance.cli("restore", "--tenant", "acme", "--into", str(into), "--yes")
    [file] = into.glob("tenants/*/tenant.sqlite")
    assert read_sqlite(file, "SELECT name, email FROM customers") == [(shop.pseudonym, None)]
    plan = appliance.json("restore", "--tenant", "acme", "--dry-run")["plan"]
    assert plan["erasures"] == 1
    [outcome] = appliance.json("restore", "--tenant", "acme", "--yes")["restored"]
    assert outcome["erasures"] == 1 and outcome["held"] == 1
    assert customers(shop) == [(shop.pseudonym, None, "C-1")]
    appliance.cli("outbox", "release", "--all", "--tenant", "acme")
    assert appliance.json("outbox", "list", "--status", "held")["items"] == []
