"""A deleted shop waits in the trash, comes back, and is removed for good."""

import pytest
from playwright.sync_api import expect

from operator_steps import announced, heading, row
from shop_api import let_in, make_shop

SLUG = "trash-shop"
NAME = "Trash Shop"


@pytest.fixture(scope="module")
def page(new_page, operator_state, served):
    make_shop(served.url, SLUG, NAME).add("customers", name="Asha", externalId="C-1")
    let_in(served.url, SLUG)
    page = new_page(state=operator_state)
    page.goto(f"/admin#/tenants/{SLUG}")
    return page


def delete(page):
    page.get_by_role("button", name="Delete…").click()
    dialog = page.get_by_role("dialog", name=f"Delete {NAME}")
    dialog.get_by_label(f"Type “{SLUG}” to confirm").fill(SLUG)
    dialog.get_by_role("button", name="Delete").click()
    announced(page, f"{NAME} is in the trash")
    expect(heading(page, "Tenants")).to_be_visible()
    expect(row(page, "Tenants", NAME)).to_have_count(0)


def test_a_deletion_wants_the_slug_typed(page):
    page.get_by_role("button", name="Delete…").click()
    dialog = page.get_by_role("dialog", name=f"Delete {NAME}")
    expect(dialog.get_by_role("code")).to_have_text(f"appliance tenant delete {SLUG}")
    dialog.get_by_label(f"Type “{SLUG}” to confirm").fill("trash")
    dialog.get_by_role("button", name="Delete").click()
    expect(dialog.get_by_label(f"Type “{SLUG}” to confirm")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_role("button", name="Cancel").click()


def test_a_deleted_shop_comes_back_with_its_records(page):
    delete(page)
    page.get_by_role("link", name="Trash", exact=True).click()
    expect(row(page, "Deleted tenants", NAME)).to_contain_text("in 30 days")
    page.get_by_role("button", name=f"Bring back… {NAME}").click()
    page.get_by_role("dialog").get_by_role("button", name="Bring back").click()
    announced(page, f"{NAME} is back")
    page.goto(f"/admin#/tenants/{SLUG}/records/customers")
    expect(row(page, "Customers", "Asha")).to_be_visible()


def test_a_shop_is_removed_for_good(page):
    page.goto(f"/admin#/tenants/{SLUG}")
    delete(page)
    page.get_by_role("link", name="Trash", exact=True).click()
    page.get_by_role("button", name=f"Remove for good… {NAME}").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(f"Type “{SLUG}” to confirm").fill(SLUG)
    dialog.get_by_role("button", name="Remove for good").click()
    announced(page, f"{NAME} is removed")
    expect(page.get_by_text("The trash is empty")).to_be_visible()
