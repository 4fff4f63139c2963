"""Roles that a shop defines for itself, from the command line: kept over a restart, in force at once."""

import json

from client import PASSWORD

SHOP = ["--tenant", "acme"]
CLERK = "clerk@acme.example"


def sign_in(appliance, email):
    answer = appliance.request(
        "POST", "/api/auth/login", {"email": email, "password": PASSWORD}, headers={"X-Tenant-ID": "acme"})
    assert answer.status == 200
    return answer.json()["token"]


def status(appliance, path, token):
    return appliance.request("GET", path, token=token).status


def test_a_role_is_made_given_changed_and_deleted(appliance):
    appliance.add_shop("acme")
    made = json.loads(appliance.cli(
        "role", "create", "front-desk", *SHOP, "--title", "Front desk", "--allow", "customers:read",
        "--allow", "customers,products:read,create", "--json").stdout)
    assert made["collections"] == {"customers": ["read", "create"], "products": ["read", "create"]}
    appliance.cli(
        "user", "create", CLERK, *SHOP, "--role", "front-desk", "--password-file",
        appliance.password_file)
    appliance.cli("user", "invite", "new@acme.example", *SHOP, "--role", "front-desk")
    appliance.start()
    token = sign_in(appliance, CLERK)
    assert status(appliance, "/api/customers", token) == 200
    assert status(appliance, "/api/transactions", token) == 403
    changed = appliance.cli(
        "role", "change", "front-desk", *SHOP, "--allow", "transactions:read", "--close", "customers").stdout
    assert changed == "The role front-desk may: products read,create; transactions read.\n"
    for _ in range(2):
        assert status(appliance, "/api/customers", token) == 403
        assert status(appliance, "/api/transactions", token) == 200
        appliance.kill()
        appliance.start()
    listed = appliance.cli("role", "list", *SHOP).stdout.splitlines()
    assert listed[1].split() == [
        "front-desk", "Front", "desk", "staff", "1", "products", "read,create;", "transactions", "read"]
    refused = appliance.cli("role", "delete", "front-desk", *SHOP, code=1)
    assert "1 user, 1 open invitation" in refused.stderr and "another role" in refused.stderr
    appliance.cli("user", "set-role", CLERK, "staff", *SHOP)
    assert status(appliance, "/api/customers", token) == 200
    invitation, = appliance.json("user", "invitations", *SHOP)["items"]
    appliance.cli("user", "revoke-invitation", invitation["id"], *SHOP)
    assert appliance.cli("role", "delete", "front-desk", *SHOP).stdout == "The role front-desk is deleted.\n"
    assert appliance.json("role", "list", *SHOP)["items"] == []


def test_what_is_no_right_is_refused_before_anything_happens(appliance):
    appliance.add_shop("acme")
    for wrong in ["customers", "customers:", ":read", "a:b:c"]:
        appliance.cli("role", "create", "desk", *SHOP, "--allow", wrong, code=2)
    refused = appliance.cli("role", "create", "desk", *SHOP, "--allow", "customers:read,delete", code=65)
    assert "staff may not delete customers" in refused.stderr
    appliance.cli("role", "create", "desk", *SHOP, code=65)
    appliance.cli("role", "change", "nobody", *SHOP, "--title", "X", code=1)
    appliance.cli("user", "set-role", "owner@acme.example", "desk", *SHOP, code=65)
