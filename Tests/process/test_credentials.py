"""Credentials over the life of a process: what a restart keeps, and what it refuses to start with."""

import json
import time

import pytest

from client import OPERATOR, PASSWORD

WRONG = "a wrong but long enough password"


def sign_in(appliance, email, password=PASSWORD, tenant="acme"):
    return appliance.request(
        "POST", "/api/auth/login", {"email": email, "password": password}, headers={"X-Tenant-ID": tenant})


def test_an_account_that_has_to_wait_waits_after_a_kill(appliance):
    appliance.add_shop("acme")
    appliance.start()
    for _ in range(5):
        assert sign_in(appliance, "owner@acme.example", WRONG).status == 401
    # Each further failure waits twice as long: then the wait is long enough to be met after a restart.
    for seconds in (1, 2):
        time.sleep(seconds)
        assert sign_in(appliance, "owner@acme.example", WRONG).status == 401
    refused = sign_in(appliance, "owner@acme.example")
    assert refused.code == "too_many_failures" and 1 <= int(refused.headers["Retry-After"]) <= 4
    appliance.kill()
    appliance.start()
    assert sign_in(appliance, "owner@acme.example").code == "too_many_failures"


def test_an_address_that_used_up_its_attempts_stays_refused_after_a_restart(appliance):
    appliance.add_shop("acme")
    appliance.start()
    for number in range(100):
        assert sign_in(appliance, f"nobody{number}@acme.example", WRONG).status == 401
    assert sign_in(appliance, "owner@acme.example").code == "too_many_requests"
    appliance.stop()
    appliance.start()
    assert sign_in(appliance, "owner@acme.example").code == "too_many_requests"


@pytest.mark.parametrize("secret", [b"your-256-bit-secret-MUST-change!", bytes(range(32)), b"\xde\xad\xbe\xef" * 8])
def test_it_does_not_start_with_a_key_that_anybody_could_know(appliance, secret):
    (appliance.data / "master.key").write_bytes(secret)
    refused = appliance.cli("operator", "list", code=1)
    assert "no random key" in refused.stderr and "Try:" in refused.stderr


def test_keys_and_tokens_go_on_after_a_restart_and_end_when_told_to(appliance):
    appliance.add_shop("acme", "--plan", "enterprise")
    shop = ["--tenant", "acme"]
    made = json.loads(appliance.cli(
        "api-key", "create", "Till", "--scope", "read", "--expires-in-days", "9", *shop, "--json").stdout)
    assert "apl_" in appliance.cli("api-key", "create", "Other", *shop).stdout
    appliance.start()
    token = appliance.operator_token()
    for _ in range(2):
        assert appliance.request("GET", "/api/customers", token=made["key"]).status == 200
        assert appliance.request("POST", "/api/customers", {"name": "x"}, token=made["key"]).status == 403
        assert appliance.request("GET", "/api/admin/tenants", token=token).status == 200
        appliance.kill()
        appliance.start()
    assert [key["id"] for key in appliance.json("signing-key", "rotate")["items"]] == [2, 1]
    assert appliance.request("GET", "/api/admin/tenants", token=token).status == 200
    assert [key["id"] for key in appliance.json("signing-key", "rotate", "--immediately")["items"]] == [3]
    assert appliance.request("GET", "/api/admin/tenants", token=token).status == 401
    assert appliance.json("api-key", "revoke", made["id"], *shop)["status"] == "revoked"
    assert appliance.request("GET", "/api/customers", token=made["key"]).status == 401
    keys = {key["name"]: key["status"] for key in appliance.json("api-key", "list", *shop)["items"]}
    assert keys == {"Till": "revoked", "Other": "active"}
    assert made["key"] not in appliance.cli("api-key", "list", *shop).stdout


def test_a_lost_second_factor_is_taken_away(appliance):
    appliance.add_shop("acme")
    assert appliance.json("user", "reset-totp", "owner@acme.example", "--tenant", "acme")["status"] == "active"
    assert appliance.json("operator", "reset-totp", OPERATOR)["status"] == "active"
    assert "password alone" in appliance.cli("operator", "reset-totp", OPERATOR).stdout
