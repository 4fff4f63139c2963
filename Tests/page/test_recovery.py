"""The recovery report, the drills it rests on, and alerts."""

import re

import pytest
from playwright.sync_api import expect

from operator_steps import heading, row
from shop_api import make_shop, operator

SLUG = "drilled-shop"
NAME = "Drilled Shop"


@pytest.fixture(scope="module")
def page(new_page, operator_state, served):
    make_shop(served.url, SLUG, NAME).add("customers", name="Asha", externalId="C-1")
    operator(served.url).send("POST", "/api/admin/backups", {})
    page = new_page(state=operator_state)
    page.goto("/admin#/backups")
    page.get_by_role("link", name="Recovery report").click()
    expect(heading(page, "Recovery report")).to_be_visible()
    return page


def test_the_report_tells_what_would_be_lost(page):
    line = row(page, "Recovery by tenant", NAME)
    expect(line).to_contain_text("kept")
    expect(line).to_contain_text(f"{SLUG} · ")
    expect(page.get_by_role("region", name="Promises")).to_contain_text(re.compile(r"1 s promised, .* measured"))


def test_a_drill_is_drawn_and_listed(page):
    page.get_by_role("button", name="Drill now…").click()
    dialog = page.get_by_role("dialog", name="Drill")
    expect(dialog.get_by_role("code")).to_have_text("appliance backup drill")
    dialog.get_by_role("button", name="Drill every tenant").click()
    expect(dialog).to_contain_text(re.compile(r"\d+ tenants? drilled"))
    dialog.get_by_role("button", name="Close").last.click()
    drills = page.get_by_role("region", name="Restore drills")
    expect(drills.get_by_role("img", name=re.compile("seconds each"))).to_be_visible()
    expect(row(page, "Drills", SLUG)).to_contain_text("whole")
    expect(row(page, "Recovery by tenant", NAME)).to_contain_text("just now")


def test_a_printed_report_has_no_buttons(page):
    page.emulate_media(media="print")
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
    expect(row(page, "Recovery by tenant", NAME)).to_be_visible()
    page.emulate_media(media="screen")


def test_without_alerts_the_page_says_so(page):
    page.goto("/admin#/overview")
    page.get_by_role("link", name="Alerts").click()
    expect(heading(page, "Alerts")).to_be_focused()
    expect(page.get_by_role("region", name="Open")).to_contain_text("Nothing is wrong")
