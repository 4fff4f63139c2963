"""The calendar of restore points, the slider to the second, and a restore to the moment that it shows."""

import re
import time

import pytest
from playwright.sync_api import expect

from operator_steps import OWNER_PASSWORD, as_operator, row
from shop_api import make_shop, operator, signed_in

SLUG = "calendar-shop"


@pytest.fixture(scope="module")
def shop(served, operator_state):
    owner = make_shop(served.url, SLUG, "Calendar Shop")
    owner.add("customers", name="Before", externalId="C-1")
    operator(served.url).send("POST", "/api/admin/backups", {})
    await_next_second()
    owner.add("customers", name="After", externalId="C-2")
    return owner


@pytest.fixture(scope="module")
def page(new_page, operator_state, shop):
    return as_operator(new_page, operator_state)


def await_next_second():
    """The slider knows whole seconds: what is written later must be later by its measure too."""
    second = int(time.time())
    while int(time.time()) <= second + 1:
        pass


def points(page):
    return page.get_by_role("region", name="Restore points")


def test_today_is_chosen_and_says_what_there_is(page):
    today = points(page).get_by_role("button", pressed=True)
    expect(today).to_have_accessible_name(re.compile(r": \d+ snapshots?, all proved$"))
    expect(points(page).get_by_text(re.compile("Snapshot of .* at that moment"))).to_be_visible()


def test_the_slider_stops_at_every_second(page):
    slider, clock = points(page).get_by_role("slider", name="Moment"), points(page).get_by_label("Time of day")
    before = clock.input_value()
    slider.focus()
    page.keyboard.press("ArrowLeft")
    expect(clock).not_to_have_value(before)
    assert seconds(before) - seconds(clock.input_value()) == 1
    expect(slider).to_have_attribute("aria-valuetext", re.compile(clock.input_value()))
    page.keyboard.press("ArrowRight")
    expect(clock).to_have_value(before)


def test_a_time_without_any_snapshot_before_it_is_said(page):
    day = points(page).get_by_role("table", name="Snapshots by day").get_by_role(
        "button", name=re.compile("no snapshot")).first
    day.click()
    expect(day).to_be_focused()
    expect(points(page).get_by_text("nothing to restore from")).to_be_visible()
    points(page).get_by_role("button", name=re.compile(r"\d snapshots?, ")).last.click()
    expect(points(page).get_by_text("nothing to restore from")).to_have_count(0)


def test_a_restore_goes_to_the_moment_of_the_slider(page, shop):
    points(page).get_by_role("button", name="Restore to this moment…").click()
    dialog = page.get_by_role("dialog", name="Restore")
    expect(dialog.get_by_label("Back to")).to_have_value(re.compile(r"^\d{4}-\d\d-\d\dT.*Z$"))
    dialog.get_by_label("Tenant", exact=True).fill(SLUG)
    expect(dialog.get_by_role("code")).to_have_text(
        re.compile(rf"^appliance restore --tenant {SLUG} --at \S+Z --dry-run$"))
    dialog.get_by_role("button", name="Show the plan").click()
    expect(row(page, "Tenants in the plan", SLUG)).to_be_visible()
    dialog.get_by_label(f"Type “{SLUG}” to confirm").fill(SLUG)
    dialog.get_by_role("button", name="Restore", exact=True).click()
    expect(dialog.get_by_text("1 tenant restored and checked")).to_be_visible()
    dialog.get_by_role("button", name="Close").last.click()


def test_what_was_written_later_is_gone(served):
    owner = signed_in(served.url, f"owner@{SLUG}.example", OWNER_PASSWORD, SLUG)
    names = [one["name"] for one in owner.send("GET", "/api/customers")["items"]]
    assert names == ["Before"]


def seconds(clock):
    hours, minutes, second = (clock.split(":") + ["0"])[:3]
    return (int(hours) * 60 + int(minutes)) * 60 + int(second)
