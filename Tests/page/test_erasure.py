"""A person is erased from a record's page, and mail that is held since the shop went back is decided on."""

import time

import pytest
from playwright.sync_api import expect

from operator_steps import announced, as_operator, as_owner, heading
from shop_api import make_shop, operator

SLUG = "erasing"


@pytest.fixture(scope="module")
def shop(served, operator_state):
    owner = make_shop(served.url, SLUG, "Erasing")
    owner.record = owner.add("customers", name="Zebulon Rao", email="zebulon@people.example", city="Pune")
    owner.snapshot = operator(served.url).send("POST", "/api/admin/backups", {})["id"]
    return owner


@pytest.fixture(scope="module")
def page(new_page, shop):
    return as_owner(new_page, SLUG)


def test_an_owner_erases_a_person_with_a_reason_and_a_word(page, shop):
    page.goto(f"/admin#/shop/records/customers/{shop.record['id']}")
    expect(heading(page, "Zebulon Rao")).to_be_visible()
    page.get_by_role("button", name="Erase person…").click()
    dialog = page.get_by_role("dialog", name="Erase Zebulon Rao")
    expect(dialog).to_contain_text("Email")
    dialog.get_by_label("Reason").fill("asked for on paper")
    dialog.get_by_role("button", name="Erase for good").click()
    expect(dialog.get_by_text("Type exactly “erase”.")).to_be_visible()
    dialog.get_by_label("Type “erase” to confirm").fill("erase")
    dialog.get_by_role("button", name="Erase for good").click()
    expect(page.get_by_role("link", name="Erased customer #")).to_be_visible()
    record = shop.send("GET", f"/api/customers/{shop.record['id']}")
    assert record["email"] is None and record["name"].startswith("Erased customer #")


@pytest.fixture
def held(shop, served):
    """Two messages that wait, and the shop goes back."""
    for name in ("one", "two"):
        shop.send("POST", "/api/invitations", {"email": f"{name}-{time.time_ns()}@people.example"})
    # On the hour the server takes another snapshot, which would be the latest.
    order = {"tenants": [SLUG], "snapshot": shop.snapshot, "confirm": SLUG}
    return operator(served.url).send("POST", "/api/admin/restores", order)


def test_an_owner_releases_one_and_discards_the_rest(page, shop, held):
    page.goto("/admin#/shop/restore")
    table = page.get_by_role("table", name="Held messages")
    expect(table.get_by_role("button", name="Release")).to_have_count(2)
    table.get_by_role("button", name="Release").first.click()
    announced(page, "1 message released")
    expect(table.get_by_role("button", name="Release")).to_have_count(1)
    page.get_by_role("button", name="Discard all").click()
    expect(table).to_have_count(0)
    assert shop.send("GET", "/api/held-messages")["items"] == []


def test_an_operator_does_so_in_the_outbox(new_page, operator_state, held):
    page = as_operator(new_page, operator_state, "Outbox")
    table = page.get_by_role("table", name="Held messages")
    expect(table.get_by_role("button", name="Discard").first).to_be_visible()
    page.get_by_role("button", name="Discard all").click()
    expect(table).to_have_count(0)
