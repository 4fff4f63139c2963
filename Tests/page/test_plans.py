"""Plans, what they change for a tenant, usage drawn, and feature flags."""

import pytest
from playwright.sync_api import expect

from operator_steps import announced, go_to, heading, row
from shop_api import make_shop, operator

SLUG = "plan-shop"
NAME = "Plan Shop"


@pytest.fixture(scope="module")
def page(new_page, operator_state, served):
    client = make_shop(served.url, SLUG, NAME)
    for number in range(3):
        client.add("customers", name=f"Asha {number}")
    page = new_page(state=operator_state)
    page.goto("/admin#/plans")
    return page


def test_the_catalogue_says_what_each_plan_costs_bounds_and_opens(page):
    expect(heading(page, "Plans")).to_be_visible()
    free = row(page, "Plans", "free, version")
    expect(free).to_contain_text("Tasks a month: 10")
    expect(free).to_contain_text("API requests a minute: 5")
    expect(row(page, "Plans", "pro, version")).to_contain_text("19.00")
    expect(row(page, "Plans", "enterprise, version")).to_contain_text("API keys")
    expect(row(page, "Plans", "amc, version")).to_contain_text("10,000.00")


def test_a_change_is_a_new_version_and_tenants_keep_theirs(page):
    page.get_by_role("button", name="Change Pro").click()
    dialog = page.get_by_role("dialog", name="Change Pro")
    dialog.get_by_label("Tasks a month").fill("150")
    expect(dialog.get_by_role("code")).to_contain_text("--limit tasks=150")
    dialog.get_by_label("API requests a minute", exact=True).fill("many")
    dialog.get_by_role("button", name="Write the new version").click()
    expect(dialog.get_by_label("API requests a minute", exact=True)).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("API requests a minute", exact=True).fill("")
    dialog.get_by_role("button", name="Write the new version").click()
    announced(page, "Pro has version")
    expect(row(page, "Plans", "pro, version")).to_contain_text("Tasks a month: 150")
    expect(row(page, "Plans", "pro, version")).to_contain_text("on older versions")


def test_another_plan_is_looked_at_before_it_is_given(page):
    page.goto(f"/admin#/tenants/{SLUG}")
    page.get_by_role("button", name="Change the plan").click()
    dialog = page.get_by_role("dialog", name=f"Change the plan of {NAME}")
    dialog.get_by_label("Plan", exact=True).select_option("free")
    expect(dialog.get_by_text("Closes:")).to_contain_text("Priority")
    expect(row(page, "Limits", "Users")).to_contain_text("3")
    expect(dialog.get_by_role("code").last).to_have_text(f"appliance tenant change-plan {SLUG} --plan free")
    dialog.get_by_role("button", name="Change the plan", exact=True).click()
    announced(page, f"{NAME} has the plan free")


def test_usage_is_drawn_with_the_share_of_each_limit(page, served):
    page.goto(f"/admin#/tenants/{SLUG}")
    page.get_by_role("link", name="Usage").click()
    expect(heading(page, "Usage")).to_be_visible()
    users = row(page, "Share of the limits", "Users")
    expect(users).to_contain_text("33 %")
    expect(page.get_by_role("img", name="API calls by day")).to_be_visible()
    expect(row(page, "What uses it", "POST /api/customers")).to_contain_text("3")
    expect(page.get_by_role("code").last).to_have_text(f"appliance usage show --tenant {SLUG}")
    usage = operator(served.url).send("GET", f"/api/admin/tenants/{SLUG}/usage")
    assert usage["plan"]["name"] == "free"


def test_a_flag_is_made_for_a_plan(page):
    go_to(page, "Plans")
    page.get_by_role("link", name="Feature flags").click()
    expect(heading(page, "Feature flags")).to_be_visible()
    page.get_by_role("button", name="New flag…").click()
    dialog = page.get_by_role("dialog", name="New flag")
    dialog.get_by_label("Name").fill("new-page")
    dialog.get_by_label("For", exact=True).select_option("plan")
    dialog.get_by_label("Plan or tenant").fill("free")
    expect(dialog.get_by_role("code")).to_have_text("appliance flag set new-page on --plan free")
    dialog.get_by_role("button", name="Save").click()
    announced(page, "new-page is on for")
    expect(row(page, "Feature flags", "new-page")).to_contain_text("on for the plan free")
