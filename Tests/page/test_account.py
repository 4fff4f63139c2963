"""Everybody looks after their own account: sessions and password."""

import pytest
from playwright.sync_api import expect

from operator_steps import OWNER_PASSWORD, announced, as_owner, heading, row, sign_in
from shop_api import make_shop, signed_in

SLUG = "account-shop"
OWNER = f"owner@{SLUG}.example"
NEW_PASSWORD = "quite another password"


@pytest.fixture(scope="module")
def shop(served, operator_state):
    return make_shop(served.url, SLUG, "Account Shop")


@pytest.fixture(scope="module")
def page(new_page, shop):
    page = as_owner(new_page, SLUG)
    page.get_by_role("link", name=OWNER).click()
    expect(heading(page, "Your account")).to_be_visible()
    return page


def test_sessions_are_listed_and_ended(page, shop, served):
    sessions = page.get_by_role("table", name="Sessions").get_by_role("row")
    expect(row(page, "Sessions", "this one")).to_contain_text("Chrome on Linux")
    expect(sessions).to_have_count(3)
    page.get_by_role("button", name="End the session of").first.click()
    announced(page, "The session is ended")
    expect(sessions).to_have_count(2)
    signed_in(served.url, OWNER, OWNER_PASSWORD, SLUG)
    signed_in(served.url, OWNER, OWNER_PASSWORD, SLUG)
    page.get_by_role("button", name="End all others").click()
    announced(page, "2 other sessions are ended")
    expect(sessions).to_have_count(2)


def test_a_password_is_changed_and_one_stays_signed_in(page, new_page):
    page.watch.expect("422")
    page.get_by_label("Current password", exact=True).fill("wrong")
    page.get_by_label("New password", exact=True).fill(NEW_PASSWORD)
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_label("Current password", exact=True)).to_be_focused()
    page.get_by_label("Current password", exact=True).fill(OWNER_PASSWORD)
    page.get_by_role("button", name="Change the password").click()
    announced(page, "The password is changed")
    expect(heading(page, "Your account")).to_be_visible()
    other = new_page()
    other.goto("/admin")
    sign_in(other, OWNER, NEW_PASSWORD, shop=SLUG)
    other.watch.check()


def test_an_owner_signs_somebody_out(page, new_page, served):
    owner = signed_in(served.url, OWNER, NEW_PASSWORD, SLUG)
    owner.send("POST", "/api/users", {"email": "sam@account.example", "password": NEW_PASSWORD})
    staff = new_page()
    staff.goto("/admin")
    sign_in(staff, "sam@account.example", NEW_PASSWORD, shop=SLUG)
    page.goto("/admin#/shop/users")
    page.get_by_role("button", name="Sessions… sam@account.example").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("table", name="Sessions")).to_contain_text("Chrome on Linux")
    dialog.get_by_role("button", name="Sign out everywhere").click()
    announced(page, "sam@account.example is signed out everywhere")
    staff.goto("/admin#/shop/records/customers")
    expect(heading(staff, "Sign in")).to_be_visible()
    staff.watch.check()
