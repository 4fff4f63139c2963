"""A shop's owner manages who may sign in, and what they may do."""

import re

import pytest
from playwright.sync_api import expect

from operator_steps import announced, as_owner, heading, row
from shop_api import let_in, make_shop

SLUG = "people-shop"
STAFF = "sam@people.example"
STAFF_PASSWORD = "a long enough password"


@pytest.fixture(scope="module")
def shop(served, operator_state):
    return make_shop(served.url, SLUG, "People Shop")


@pytest.fixture(scope="module")
def page(new_page, shop):
    return as_owner(new_page, SLUG)


def act(page, verb, email=STAFF):
    page.get_by_role("button", name=f"{verb} {email}").click()
    return page.get_by_role("dialog")


def signs_in(new_page, email, password, *, works):
    """Tries the sign-in in a browser of its own and answers the page."""
    page = new_page()
    page.goto(f"/admin#/login?shop={SLUG}")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(heading(page, "People Shop") if works else page.get_by_role("alert").filter(has_text="Un").or_(
        page.get_by_text("is not right")).first).to_be_visible()
    return page


def test_an_owner_finds_the_users_in_the_menu(page):
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Users").click()
    expect(heading(page, "Users")).to_be_focused()
    own = row(page, "Users", f"owner@{SLUG}.example")
    expect(own).to_contain_text("you")
    expect(row(page, "What each role may do", "Customers")).to_contain_text("read, create, change, delete")
    expect(row(page, "Who may manage users", "staff")).to_contain_text("no")


def test_a_weak_password_of_a_new_user_is_said_at_its_field(page):
    page.watch.expect("422")
    page.get_by_role("button", name="New user").click()
    dialog = page.get_by_role("dialog", name="New user")
    dialog.get_by_label("Email").fill(STAFF)
    dialog.get_by_label("Password", exact=True).fill("short")
    dialog.get_by_role("button", name="Create user").click()
    expect(dialog.get_by_label("Password", exact=True)).to_be_focused()
    expect(dialog.get_by_role("code")).to_have_text(
        f"appliance user create {STAFF} --tenant {SLUG} --role staff")


def test_a_user_is_created_and_can_sign_in(page, new_page):
    dialog = page.get_by_role("dialog", name="New user")
    dialog.get_by_label("Password", exact=True).fill(STAFF_PASSWORD)
    dialog.get_by_role("button", name="Create user").click()
    announced(page, f"{STAFF} is created")
    expect(row(page, "Users", STAFF)).to_contain_text("staff")
    staff = signs_in(new_page, STAFF, STAFF_PASSWORD, works=True)
    menu = staff.get_by_role("navigation", name="Main")
    expect(menu.get_by_role("link", name="Customers")).to_be_visible()
    expect(menu.get_by_role("link", name="Users")).to_have_count(0)
    staff.watch.check()


def test_an_address_that_is_taken_is_said(page):
    page.watch.expect("409")
    page.get_by_role("button", name="New user").click()
    dialog = page.get_by_role("dialog", name="New user")
    dialog.get_by_label("Email").fill(STAFF)
    dialog.get_by_label("Password", exact=True).fill(STAFF_PASSWORD)
    dialog.get_by_role("button", name="Create user").click()
    expect(dialog.get_by_label("Email")).to_have_accessible_description(re.compile("already"))
    dialog.get_by_role("button", name="Cancel").click()


def test_a_role_is_changed(page):
    dialog = act(page, "Role…")
    expect(dialog.get_by_label("staff")).to_be_checked()
    dialog.get_by_label("viewer").check()
    expect(dialog.get_by_role("code")).to_have_text(f"appliance user set-role {STAFF} viewer --tenant {SLUG}")
    dialog.get_by_role("button", name="Change the role").click()
    announced(page, f"{STAFF} is viewer now")
    expect(row(page, "Users", STAFF)).to_contain_text("viewer")


def test_the_last_owner_stays_owner(page):
    page.watch.expect("409")
    dialog = act(page, "Role…", f"owner@{SLUG}.example")
    dialog.get_by_label("admin").check()
    dialog.get_by_role("button", name="Change the role").click()
    expect(dialog.get_by_role("alert")).to_contain_text("at least one owner")
    dialog.get_by_role("button", name="Cancel").click()


def test_a_disabled_user_is_shut_out_and_comes_back(page, new_page):
    act(page, "Disable…").get_by_role("button", name="Disable").click()
    announced(page, f"{STAFF} is disabled")
    expect(row(page, "Users", STAFF)).to_contain_text("disabled")
    signs_in(new_page, STAFF, STAFF_PASSWORD, works=False)
    act(page, "Enable…").get_by_role("button", name="Enable").click()
    announced(page, f"{STAFF} is enabled")
    signs_in(new_page, STAFF, STAFF_PASSWORD, works=True)


def test_a_new_password_replaces_the_old_one(page, new_page):
    dialog = act(page, "Password…")
    dialog.get_by_label("New password", exact=True).fill("quite another password")
    dialog.get_by_role("button", name="Set the password").click()
    announced(page, f"The password of {STAFF} is set")
    signs_in(new_page, STAFF, STAFF_PASSWORD, works=False)
    signs_in(new_page, STAFF, "quite another password", works=True)


def test_an_operator_manages_users_inside_the_shop(new_page, operator_state, served, shop):
    let_in(served.url, SLUG)
    page = new_page(state=operator_state)
    page.goto(f"/admin#/tenants/{SLUG}")
    page.get_by_role("link", name="Users").click()
    act(page, "Role…").get_by_label("admin").check()
    page.get_by_role("dialog").get_by_role("button", name="Change the role").click()
    announced(page, f"{STAFF} is admin now")
    page.watch.check()


def test_an_admin_is_not_offered_to_make_owners(new_page, shop):
    page = signs_in(new_page, STAFF, "quite another password", works=True)
    page.goto("/admin#/shop/users")
    page.get_by_role("button", name="New user").click()
    expect(page.get_by_role("dialog").get_by_label("staff")).to_be_checked()
    expect(page.get_by_role("dialog").get_by_label("owner")).to_have_count(0)
    page.watch.check()


def test_a_viewer_is_offered_nothing_that_the_server_refuses(page, new_page, shop):
    shop.add("customers", name="Asha Rao", externalId="C-1")
    act(page, "Role…").get_by_label("viewer").check()
    page.get_by_role("dialog").get_by_role("button", name="Change the role").click()
    announced(page, f"{STAFF} is viewer now")
    viewer = signs_in(new_page, STAFF, "quite another password", works=True)
    viewer.get_by_role("navigation", name="Main").get_by_role("link", name="Customers").click()
    expect(viewer.get_by_role("link", name="New customer")).to_have_count(0)
    expect(viewer.get_by_role("link", name="Import", exact=True)).to_have_count(0)
    viewer.get_by_role("link", name="Asha Rao").click()
    expect(heading(viewer, "Asha Rao")).to_be_visible()
    expect(viewer.get_by_role("link", name="Edit")).to_have_count(0)
    expect(viewer.get_by_role("button", name="Delete…")).to_have_count(0)
    viewer.watch.check()


def test_the_audit_log_says_who_did_what(page, shop):
    customer = shop.send("GET", "/api/customers?externalId=C-1")["items"][0]
    shop.send("PATCH", f"/api/customers/{customer['id']}", {"city": "Pune"})
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Audit log").click()
    expect(heading(page, "Audit log")).to_be_visible()
    changed = row(page, "Events", "Customer: update")
    for text in ["Asha Rao", f"owner@{SLUG}.example"]:
        expect(changed).to_contain_text(text)
    expect(row(page, "Events", "User: set role")).to_contain_text(STAFF)
    changed.get_by_role("link", name="Asha Rao").click()
    expect(heading(page, "Asha Rao")).to_be_visible()
