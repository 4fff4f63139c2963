"""What a restore would change, records brought back from it, the restore, its undo, and a tenant made of the past."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from operator_steps import OWNER_PASSWORD, as_operator, row
from shop_api import make_shop, operator, signed_in

SLUG = "undo-shop"


@pytest.fixture(scope="module")
def shop(served, operator_state):
    """In the snapshot: Kept and Deleted. Now: Kept, which has moved to Goa, and Later."""
    owner = make_shop(served.url, SLUG, "Undo Shop")
    kept = owner.add("customers", name="Kept", externalId="C-1", city="Pune")
    deleted = owner.add("customers", name="Deleted", externalId="C-2")
    snapshot = operator(served.url).send("POST", "/api/admin/backups", {})
    owner.send("PATCH", f"/api/customers/{kept['id']}", {"city": "Goa"})
    owner.send("DELETE", f"/api/customers/{deleted['id']}")
    owner.add("customers", name="Later", externalId="C-3")
    owner.deleted, owner.snapshot = deleted["id"], snapshot["id"]
    return owner


@pytest.fixture(scope="module")
def page(new_page, operator_state, shop):
    return as_operator(new_page, operator_state)


def names(served):
    owner = signed_in(served.url, f"owner@{SLUG}.example", OWNER_PASSWORD, SLUG)
    return sorted(one["name"] for one in owner.send("GET", "/api/customers")["items"])


def check(page):
    found = [one["id"] for one in Axe().run(page).response["violations"] if one["impact"] in {"serious", "critical"}]
    assert not found


def plan_of(page, shop):
    """Of a restore from the snapshot of `shop`: on the hour the server takes another, which would be the latest."""
    page.get_by_role("button", name="Restore…").click()
    dialog = page.get_by_role("dialog", name="Restore")
    dialog.get_by_label("Tenant", exact=True).fill(SLUG)
    dialog.get_by_label("Back to", exact=True).select_option(shop.snapshot)
    dialog.get_by_role("button", name="Show the plan").click()
    return dialog


def test_the_plan_shows_what_would_change(page, shop):
    dialog = plan_of(page, shop)
    customers = dialog.get_by_role("table", name="Differences").get_by_role("row").filter(has_text="customers")
    expect(customers.get_by_role("cell")).to_have_text(["1", "1", "1"])
    dialog.get_by_text("Look at customers").click()
    expect(dialog.get_by_text("was changed since: city")).to_be_visible()
    expect(dialog.get_by_text("Kept", exact=True)).to_have_count(0)
    expect(dialog.get_by_text("Expected to take")).to_be_visible()
    expect(dialog).to_contain_text(re.compile(r"State of[^:]*\d:\d\d:\d\d"), use_inner_text=True)
    check(page)


def test_one_record_is_chosen_and_comes_back_alone(page, served, shop):
    dialog = page.get_by_role("dialog", name="Restore")
    dialog.get_by_label(shop.deleted).check()
    dialog.get_by_role("button", name="Bring back only the chosen…").click()
    expect(dialog.get_by_text("Would come back")).to_be_visible()
    expect(dialog.get_by_role("code")).to_have_text(
        re.compile(rf"^appliance restore --tenant {SLUG} --collection customers --ids {shop.deleted} "))
    check(page)
    dialog.get_by_role("button", name="Bring back 1 record").click()
    expect(dialog.get_by_text("1 record brought back")).to_be_visible()
    dialog.get_by_role("button", name="Close").last.click()
    assert names(served) == ["Deleted", "Kept", "Later"]


def test_a_restore_is_undone_from_the_list(page, served, shop):
    dialog = plan_of(page, shop)
    dialog.get_by_label(f"Type “{SLUG}” to confirm").fill(SLUG)
    dialog.get_by_role("button", name="Restore", exact=True).click()
    expect(dialog.get_by_text("1 tenant restored and checked")).to_be_visible()
    dialog.get_by_role("button", name="Close").last.click()
    assert names(served) == ["Deleted", "Kept"]
    page.get_by_role("button", name=f"Undo the restore of {SLUG}").first.click()
    dialog = page.get_by_role("dialog", name="Undo a restore")
    expect(dialog.get_by_text("This brings back what was there before.")).to_be_visible()
    expect(dialog.get_by_role("table", name="Differences")).to_be_visible()
    check(page)
    dialog.get_by_label(f"Type “{SLUG}” to confirm").fill("another")
    dialog.get_by_role("button", name="Undo", exact=True).click()
    expect(dialog.get_by_label(f"Type “{SLUG}” to confirm")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label(f"Type “{SLUG}” to confirm").fill(SLUG)
    dialog.get_by_role("button", name="Undo", exact=True).click()
    expect(dialog.get_by_text("1 tenant restored and checked")).to_be_visible()
    dialog.get_by_role("button", name="Close").last.click()
    assert names(served) == ["Deleted", "Kept", "Later"]
    expect(row(page, "Restores", f"{SLUG}, by an undo")).to_be_visible()
    expect(row(page, "Restores", "undone")).to_be_visible()
    page.set_viewport_size({"width": 375, "height": 800})
    page.get_by_role("button", name=f"Undo the restore of {SLUG}").first.click(trial=True)
    check(page)
    page.set_viewport_size({"width": 1280, "height": 860})


def test_the_past_becomes_a_tenant_of_its_own(page, served):
    page.get_by_role("button", name="Restore…").click()
    dialog = page.get_by_role("dialog", name="Restore")
    dialog.get_by_label("as a new tenant beside it").check()
    dialog.get_by_label("Tenant", exact=True).fill(SLUG)
    dialog.get_by_role("button", name="Show the plan").click()
    expect(dialog.get_by_text("What shall the new tenant be called?")).to_be_visible()
    dialog.get_by_label("Slug of the new tenant").fill(f"{SLUG}-then")
    dialog.get_by_role("button", name="Show the plan").click()
    expect(dialog.get_by_text("The tenant stays as it is; nothing is replaced.")).to_be_visible()
    dialog.get_by_role("button", name="Make the new tenant").click()
    expect(dialog.get_by_text("1 tenant restored and checked")).to_be_visible()
    dialog.get_by_role("button", name="Close").last.click()
    made = operator(served.url).send("GET", f"/api/admin/tenants/{SLUG}-then")
    assert made["status"] == "suspended"
    assert names(served) == ["Deleted", "Kept", "Later"]
