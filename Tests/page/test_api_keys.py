"""An owner makes a key for a program, sees that it was used, and revokes it."""

import urllib.error

import pytest
from playwright.sync_api import expect

from operator_steps import OWNER_PASSWORD, announced, as_owner, heading, row
from shop_api import Client, operator, signed_in

SLUG = "key-shop"
OWNER = f"owner@{SLUG}.example"


@pytest.fixture(scope="module")
def page(new_page, served, operator_state):
    operator(served.url).send("POST", "/api/admin/tenants", {
        "slug": SLUG, "name": "Key Shop", "plan": "enterprise", "ownerEmail": OWNER, "ownerPassword": OWNER_PASSWORD})
    page = as_owner(new_page, SLUG)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="API keys").click()
    expect(heading(page, "API keys")).to_be_visible()
    return page


def test_a_key_is_made_used_and_revoked(page, served):
    page.get_by_role("button", name="New key").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Till 1")
    dialog.get_by_label("Customers: change").check()
    expect(dialog.get_by_role("code")).to_have_text(
        f"appliance api-key create 'Till 1' --tenant {SLUG} --scope read --scope customers:write --role staff")
    dialog.get_by_role("button", name="Make the key").click()
    shown = dialog.get_by_role("code").filter(has_text="apl_")
    expect(shown).to_be_visible()
    program = Client(served.url, shown.text_content())
    dialog.get_by_role("button", name="Done").click()
    expect(row(page, "API keys", "Till 1")).to_contain_text("never")
    program.add("customers", name="Asha Rao")
    with pytest.raises(urllib.error.HTTPError, match="403"):
        program.add("products", sku="R-1", name="Ring", price=1)
    page.reload()
    expect(row(page, "API keys", "Till 1")).to_contain_text("just now")
    page.get_by_role("button", name="Revoke Till 1").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke", exact=True).click()
    announced(page, "Till 1 is revoked")
    with pytest.raises(urllib.error.HTTPError, match="401"):
        program.send("GET", "/api/customers")
    owner = signed_in(served.url, OWNER, OWNER_PASSWORD, SLUG)
    actions = [event["action"] for event in owner.send("GET", "/api/audit")["items"]]
    assert "api-key.revoke" in actions and "api-key.create" in actions
