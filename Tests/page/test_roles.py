"""An owner defines a role, gives it to somebody, and that person finds what the role may do and nothing else."""

import urllib.error

import pytest
from playwright.sync_api import expect

from operator_steps import announced, as_owner, heading, row, sign_in
from shop_api import make_shop, signed_in

SLUG = "role-shop"
CLERK = "clerk@role.example"
PASSWORD = "a long enough password"


@pytest.fixture(scope="module")
def owner(served, operator_state):
    owner = make_shop(served.url, SLUG, "Role Shop")
    owner.add("customers", name="Asha Rao")
    owner.add("products", sku="R-1", name="Ring", price=500)
    return owner


@pytest.fixture(scope="module")
def page(new_page, owner):
    page = as_owner(new_page, SLUG)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Users").click()
    expect(heading(page, "Users")).to_be_visible()
    return page


def own(page, text):
    return row(page, "Roles of your own", text)


def test_a_role_is_defined_with_its_command_line(page):
    page.watch.expect("422")
    page.get_by_role("button", name="New role").click()
    dialog = page.get_by_role("dialog", name="New role")
    dialog.get_by_role("textbox", name="Name", exact=True).fill("front-desk")
    dialog.get_by_label("Title").fill("Front desk")
    dialog.get_by_label("create customers").check()
    expect(dialog.get_by_role("code")).to_have_text(
        f"appliance role create front-desk --tenant {SLUG} --title 'Front desk' --base staff --allow customers:create")
    dialog.get_by_role("button", name="Make the role").click()
    expect(dialog.get_by_role("group", name="Customers")).to_have_accessible_description(
        "What may be changed must be read too.")
    dialog.get_by_label("read customers").check()
    dialog.get_by_role("button", name="Make the role").click()
    announced(page, "The role Front desk is made")
    expect(own(page, "Front desk")).to_contain_text("Customers: read, create")
    expect(page.get_by_role("table", name="What each role may do").get_by_role(
        "columnheader", name="Front desk")).to_be_visible()


def test_it_is_given_like_any_other_role(page):
    page.get_by_role("button", name="New user").click()
    dialog = page.get_by_role("dialog", name="New user")
    dialog.get_by_label("Email").fill(CLERK)
    dialog.get_by_label("Front desk").check()
    dialog.get_by_label("Password", exact=True).fill(PASSWORD)
    expect(dialog.get_by_role("code")).to_have_text(
        f"appliance user create {CLERK} --tenant {SLUG} --role front-desk")
    dialog.get_by_role("button", name="Create user").click()
    announced(page, f"{CLERK} is created")
    expect(row(page, "Users", CLERK)).to_contain_text("front-desk")
    expect(own(page, "Front desk").get_by_role("cell").nth(2)).to_have_text("1")


def test_the_page_shows_them_what_the_role_may_do(new_page, owner):
    clerk = new_page()
    clerk.goto("/admin")
    sign_in(clerk, CLERK, PASSWORD, shop=SLUG)
    menu = clerk.get_by_role("navigation", name="Main")
    expect(menu.get_by_role("link", name="Customers")).to_be_visible()
    expect(menu.get_by_role("link", name="Products")).to_have_count(0)
    expect(menu.get_by_role("link", name="Users")).to_have_count(0)
    expect(clerk.get_by_text("Front desk of Role Shop")).to_be_attached()
    menu.get_by_role("link", name="Customers").click()
    expect(clerk.get_by_role("link", name="New customer")).to_be_visible()
    clerk.get_by_role("link", name="Asha Rao").first.click()
    expect(heading(clerk, "Asha Rao")).to_be_visible()
    expect(clerk.get_by_role("link", name="Edit")).to_have_count(0)
    expect(clerk.get_by_role("button", name="Delete…")).to_have_count(0)
    clerk.watch.check()


def test_a_change_counts_at_once(page, served):
    client = signed_in(served.url, CLERK, PASSWORD, SLUG)
    assert client.send("GET", "/api/customers")["items"]
    page.get_by_role("button", name="Change… Front desk").click()
    dialog = page.get_by_role("dialog", name="Change Front desk")
    expect(dialog.get_by_label("create customers")).to_be_checked()
    for verb in ["read", "create"]:
        dialog.get_by_label(f"{verb} customers").uncheck()
    dialog.get_by_label("read products").check()
    expect(dialog.get_by_role("code")).to_have_text(
        f"appliance role change front-desk --tenant {SLUG} --title 'Front desk' --base staff --allow products:read "
        "--close customers")
    dialog.get_by_role("button", name="Change the role").click()
    announced(page, "The role Front desk is changed")
    expect(own(page, "Front desk")).to_contain_text("Products: read")
    assert client.send("GET", "/api/products")["items"]
    with pytest.raises(urllib.error.HTTPError, match="403"):
        client.send("GET", "/api/customers")


def test_a_role_is_deleted_when_nobody_has_it(page, owner):
    page.watch.expect("409")
    page.get_by_role("button", name="Delete… Front desk").click()
    dialog = page.get_by_role("dialog", name="Delete Front desk")
    expect(dialog.get_by_role("code")).to_have_text(f"appliance role delete front-desk --tenant {SLUG}")
    dialog.get_by_role("button", name="Delete", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("in use: 1 user.")
    owner.send("POST", f"/api/users/{CLERK}/role", {"role": "staff"})
    dialog.get_by_role("button", name="Delete", exact=True).click()
    announced(page, "The role Front desk is deleted")
    expect(page.get_by_text("There are none: everybody is owner, admin, staff or viewer.")).to_be_visible()
