"""A shop signs up by itself, its operator leads it through its life, and its people see how it stands."""

import re

import pytest
from playwright.sync_api import expect

from operator_steps import announced, go_to, heading, sign_in
from shop_api import operator

PASSWORD = "a shop of our own making"
SLUG = "lane-crafts"
NAME = "Lane Crafts"


@pytest.fixture(scope="module")
def page(new_page, operator_state):
    return new_page()


@pytest.fixture(scope="module")
def console(new_page, operator_state):
    page = new_page(state=operator_state)
    page.goto("/admin")
    return page


def test_a_stranger_starts_a_shop_and_is_in_it(page):
    page.goto("/admin#/login")
    page.get_by_role("link", name="Start your shop").click()
    expect(heading(page, "Start your shop")).to_be_visible()
    page.get_by_label("Name of the shop").fill(NAME)
    expect(page.get_by_label("Short name")).to_have_value(SLUG)
    page.get_by_label("Email").fill(f"owner@{SLUG}.example")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.watch.expect("422")
    page.get_by_role("button", name="Start the trial").click()
    expect(page.get_by_text("Accept the terms.")).to_be_visible()
    page.get_by_label("I accept the terms and the privacy policy").check()
    page.get_by_role("button", name="Start the trial").click()
    expect(heading(page, NAME)).to_be_visible()
    expect(page.get_by_text("trialing")).to_be_visible()


def test_the_operator_cancels_it_with_a_reason_and_the_shop_reads_it(console, page):
    go_to(console, "Tenants")
    console.get_by_role("link", name=NAME).click()
    expect(console.get_by_role("img", name=re.compile("States: trialing, then past due, then suspended"))).to_be_visible()
    console.get_by_role("button", name="Cancel…").click()
    dialog = console.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("Closing down")
    expect(dialog.get_by_role("code")).to_have_text(f"appliance tenant cancel {SLUG} --reason 'Closing down'")
    dialog.get_by_role("button", name="Cancel", exact=True).last.click()
    announced(console, f"{NAME} is cancelled")
    expect(console.get_by_role("list").filter(has_text="Closing down")).to_be_visible()
    page.reload()
    expect(page.get_by_role("region", name="Notices")).to_contain_text("This shop ends with")
    console.get_by_role("button", name="Reactivate…").click()
    console.get_by_role("dialog").get_by_role("button", name="Reactivate").click()
    announced(console, f"{NAME} is back")
    console.watch.check()


def test_the_shop_sees_who_is_inside_and_sends_them_out(served, page):
    client = operator(served.url)
    client.send("POST", f"/api/admin/tenants/{SLUG}/act-as", {"reason": "Ticket 7"})
    page.reload()
    expect(page.get_by_role("region", name="Notices")).to_contain_text("operator@example.com is in your shop")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Shop settings").click()
    page.get_by_role("button", name="Send out").click()
    expect(page.get_by_role("table", name="Operators inside")).to_contain_text("ended")
    page.get_by_label("May operators come in?").select_option("true")
    page.get_by_role("button", name="Save access").click()
    announced(page, "Access is saved")


def test_new_terms_are_asked_for_until_they_are_accepted(console, page):
    go_to(console, "Settings")
    console.get_by_label("Terms", exact=True).fill("# Terms\n\nBe kind to each other.")
    console.get_by_role("button", name="Publish terms").click()
    announced(console, "Version 2 of the terms is published")
    page.reload()
    notices = page.get_by_role("region", name="Notices")
    expect(notices).to_contain_text("There are new terms")
    notices.get_by_role("button", name="Accept").click()
    expect(notices).not_to_contain_text("There are new terms")
    console.goto("/terms")
    expect(console.get_by_text("Be kind to each other.")).to_be_visible()
    console.go_back()
    console.watch.check()


def test_the_default_shop_greets_at_the_door(served, new_page, operator_state):
    client = operator(served.url)
    client.send("PATCH", "/api/admin/settings/default-tenant", {"value": SLUG})
    page = new_page()
    page.goto("/admin#/login")
    expect(page.get_by_text("LC")).to_be_visible()
    sign_in(page, f"owner@{SLUG}.example", PASSWORD)
    expect(heading(page, NAME)).to_be_visible()
    client.send("PATCH", "/api/admin/settings/default-tenant", {"value": ""})
    page.watch.check()
