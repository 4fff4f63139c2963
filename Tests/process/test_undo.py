"""A restore is undone from the command line, with a running server and without one, and the undo is undone in turn."""

import pytest


@pytest.fixture
def shop(appliance):
    """Restored to a snapshot that does not have the second customer."""
    shop = appliance.add_shop("discs")
    appliance.add_shop("neighbour")
    appliance.start()
    shop.sign_in()
    assert shop.add_customer("first").status == 201
    # On the hour the server takes another, which would be the latest.
    shop.back = ("--snapshot", appliance.json("backup", "create")["id"])
    assert shop.add_customer("second").status == 201
    return shop


def customers(shop):
    return [name for (name,) in shop.sql("SELECT externalId FROM customers ORDER BY externalId")]


@pytest.mark.parametrize("is_running", [True, False])
def test_undo_by_token_by_id_and_by_shop(appliance, shop, is_running):
    if not is_running:
        appliance.stop()
    restored = appliance.json("restore", "--tenant", "discs", *shop.back, "--yes")["restored"][0]
    assert customers(shop) == ["first"]
    planned = appliance.json("restore", "undo", restored["undo"], "--dry-run")["plan"]
    assert planned["undo"] and planned["tenants"][0]["slug"] == "discs"
    assert customers(shop) == ["first"], "a dry run changes nothing"
    undone = appliance.json("restore", "undo", restored["undo"], "--yes")["restored"][0]
    assert undone["tenant"] == "discs" and customers(shop) == ["first", "second"]
    said = appliance.cli("restore", "undo", restored["restore"], "--yes", code=1).stderr
    assert "was undone" in said and undone["restore"] in said
    appliance.cli("restore", "undo", "--tenant", "discs", "--yes")
    assert customers(shop) == ["first"]
    appliance.cli("restore", "undo", "--tenant", "discs", "--yes")
    assert customers(shop) == ["first", "second"]
    entries = appliance.json("restore", "list")["items"]
    assert [entry["state"] for entry in entries] == ["available", "undone", "undone", "undone"]
    rest = appliance.json("restore", "list", "--limit", "3")
    assert len(rest["items"]) == 3 and rest["nextCursor"] and rest["total"] == 4
    assert appliance.cli("restore", "list", "--limit", "3").stdout.splitlines()[-1].startswith("1 more: --all")
    assert len(appliance.cli("restore", "list", "--limit", "1", "--all").stdout.splitlines()) == 5
    table = appliance.cli("restore", "list").stdout.splitlines()
    assert table[0].split()[:2] == ["RESTORE", "WHEN"] and len(table) == 5


@pytest.mark.parametrize("is_running", [True, False])
def test_undo_of_everything(appliance, shop, is_running):
    if not is_running:
        appliance.stop()
    appliance.add_shop("later")
    restored = appliance.json("restore", *shop.back, "--yes")["restored"]
    assert {one["tenant"] for one in restored} == {"system", "discs", "neighbour"}
    assert [one["slug"] for one in appliance.json("tenant", "list")["items"]] == ["discs", "neighbour"]
    appliance.cli("restore", "undo", restored[0]["restore"], "--yes")
    assert sorted(one["slug"] for one in appliance.json("tenant", "list")["items"]) == ["discs", "later", "neighbour"]
    assert customers(shop) == ["first", "second"]
    events = appliance.json("audit", "list")["items"]
    assert any(event["action"] == "restore.undo" for event in events)


def test_wrong_use(appliance, shop):
    appliance.cli("restore", "undo", code=2)
    appliance.cli("restore", "undo", "--tenant", "discs", "--at", "now", code=2)
    appliance.cli("restore", "undo", "--tenant", "discs", "--yes", code=1)
    appliance.cli("restore", "undo", "undo/../../etc", "--yes", code=1)
    assert "--tenant" in appliance.cli("restore", "undo", "--help").stdout
