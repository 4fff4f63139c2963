"""What a restore would change, a shop made of the past, and single records brought back: from the command line."""

import pytest


@pytest.fixture
def shop(appliance):
    """With three customers in a snapshot; since then one was deleted, one changed and one made."""
    shop = appliance.add_shop("discs")
    appliance.start()
    shop.sign_in()
    ids = [shop.add_customer(name).json()["id"] for name in ("A", "B", "C")]
    # On the hour the server takes another, which would be the latest.
    shop.back = ("--snapshot", appliance.json("backup", "create")["id"])
    assert appliance.request("DELETE", f"/api/customers/{ids[0]}", token=shop.token).status == 204
    changed = appliance.request("PATCH", f"/api/customers/{ids[1]}", {"city": "Goa"}, token=shop.token)
    assert changed.status == 200 and shop.add_customer("D").status == 201
    shop.ids = ids
    return shop


def names(shop):
    return [name for (name,) in shop.sql("SELECT externalId FROM customers ORDER BY externalId")]


@pytest.fixture(params=["online", "offline"])
def way(request, appliance, shop):
    if request.param == "offline":
        appliance.stop()
    return request.param


def test_the_dry_run_tells_what_would_change(appliance, shop, way):
    plan = appliance.json("restore", "--tenant", "discs", *shop.back, "--dry-run")["plan"]
    customers = next(one for one in plan["diff"][0]["collections"] if one["collection"] == "customers")
    assert (customers["removes"], customers["bringsBack"], customers["changes"]) == (1, 1, 1)
    assert customers["sample"]["changes"][0]["fields"] == ["city"]
    said = appliance.cli("restore", "--tenant", "discs", *shop.back, "--dry-run").stdout
    assert "discs customers: removes 1, brings back 1, changes 1" in said and "seconds" in said
    assert names(shop) == ["B", "C", "D"]


def test_a_shop_of_the_past(appliance, shop, way):
    made = appliance.json("restore", "--tenant", "discs", *shop.back, "--as", "discs-then")["restored"][0]
    assert made["tenant"] == "discs-then" and made["of"] == "discs"
    assert appliance.json("tenant", "show", "discs-then")["status"] == "suspended"
    listed = appliance.json("record", "list", "customers", "--tenant", "discs-then")["items"]
    assert sorted(one["externalId"] for one in listed) == ["A", "B", "C"]
    assert names(shop) == ["B", "C", "D"]
    appliance.cli("restore", "--tenant", "discs", "--as", "discs-then", code=1)
    appliance.cli("restore", "--as", "all", code=2)


def test_chosen_records(appliance, shop, way):
    chosen = ("restore", "--tenant", "discs", *shop.back, "--collection", "customers", "--ids", ",".join(shop.ids))
    dry = appliance.json(*chosen, "--dry-run")["records"]
    assert dry["broughtBack"] == 1 and [one["reason"] for one in dry["conflicts"]] == ["exists_and_differs"]
    assert names(shop) == ["B", "C", "D"]
    said = appliance.cli(*chosen, "--yes").stdout
    assert "1 customers were brought back" in said and "changed since: city" in said
    assert names(shop) == ["A", "B", "C", "D"]
    done = appliance.json(*chosen, "--on-conflict", "replace", "--yes")["records"]
    assert done["replaced"] == 1
    assert shop.sql("SELECT count(*) FROM customers WHERE city = 'Goa'") == [(0,)]


def test_wrong_use(appliance, shop):
    for wrong in (["--collection", "customers"], ["--ids", "x"], ["--on-conflict", "replace"],
                  ["--collection", "customers", "--ids", "x", "--deleted-between", "a,b"],
                  ["--collection", "customers", "--ids", "x", "--on-conflict", "merge"],
                  ["--collection", "customers", "--ids", "x", "--as", "new"]):
        appliance.cli("restore", "--tenant", "discs", *wrong, code=2)
    appliance.cli("restore", "--collection", "customers", "--ids", "x", code=2)
