"""An operator's first day, walked through in the page. Each test goes on where the one before it stopped."""

import re

from playwright.sync_api import expect

from operator_steps import (
    OPERATOR_EMAIL, OPERATOR_PASSWORD, OWNER_PASSWORD, announced, create_tenant, go_to, heading, row, set_up, sign_in)

SHOP = "Acme Jewellers"
SLUG = "acme-jewellers"
OTHER_SHOP = "Bright Software"


def test_the_setup_link_wants_a_long_password(page, served):
    page.watch.expect("422")
    page.goto(f"/admin#/setup/{served.setup_token}")
    page.get_by_label("Email").fill(OPERATOR_EMAIL)
    page.get_by_label("Password", exact=True).fill("short")
    page.get_by_role("button", name="Set up and sign in").click()
    password = page.get_by_label("Password", exact=True)
    expect(password).to_have_attribute("aria-invalid", "true")
    expect(password).to_have_accessible_description(re.compile("15"))
    expect(password).to_be_focused()


def test_a_good_password_opens_an_empty_overview(page, served):
    set_up(page, served)
    expect(page).to_have_title("Overview · Appliance")
    expect(page.get_by_text("No tenant is on trial")).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("Health score"))).to_be_visible()


def test_wrong_fields_of_a_new_shop_are_explained_where_they_are(page):
    page.watch.expect("422")
    go_to(page, "Tenants")
    page.get_by_role("button", name="Create the first tenant").click()
    dialog = page.get_by_role("dialog", name="Create a tenant")
    dialog.get_by_label("Name", exact=True).fill("A")
    dialog.get_by_label("Slug").fill("Not a slug")
    dialog.get_by_label("Owner’s email").fill("nobody")
    dialog.get_by_role("button", name="Create tenant").click()
    expect(dialog.get_by_label("Slug")).to_have_attribute("aria-invalid", "true")
    expect(dialog.get_by_label("Owner’s email")).to_have_attribute("aria-invalid", "true")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_a_shop_created_in_the_page_is_listed_with_its_trial_end(page):
    # Two days: the warning of three days before was due yesterday morning, whatever the time is in Kolkata now.
    assert create_tenant(page, SHOP, trial_days=2) == SLUG
    announced(page, f"{SHOP} is created")
    listed = row(page, "Tenants", SHOP)
    expect(listed).to_contain_text("trialing")
    expect(listed).to_contain_text(re.compile(r"\d days? left"))


def test_a_taken_slug_is_said_at_its_field(page):
    page.watch.expect("409")
    page.get_by_role("button", name="Create tenant").click()
    dialog = page.get_by_role("dialog", name="Create a tenant")
    dialog.get_by_label("Name", exact=True).fill(SHOP)
    dialog.get_by_label("Owner’s email").fill("owner@elsewhere.example")
    dialog.get_by_role("button", name="Create tenant").click()
    expect(dialog.get_by_label("Slug")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_role("button", name="Cancel").click()


def test_the_command_line_follows_what_is_typed(page):
    page.get_by_role("button", name="Create tenant").click()
    dialog = page.get_by_role("dialog", name="Create a tenant")
    dialog.get_by_label("Name", exact=True).fill("Nora's Rings")
    expect(dialog.get_by_role("code")).to_contain_text(r"appliance tenant create nora-s-rings --name 'Nora'\''s Rings'")
    dialog.get_by_role("button", name="Close").click()


def test_a_search_finds_a_shop_and_stays_in_the_address(page):
    create_tenant(page, OTHER_SHOP)
    page.get_by_role("searchbox", name="Search tenants").fill("bright")
    expect(row(page, "Tenants", SHOP)).to_be_hidden()
    expect(row(page, "Tenants", OTHER_SHOP)).to_be_visible()
    expect(page).to_have_url(re.compile(r"q=bright"))
    page.get_by_label("Status").select_option("suspended")
    expect(page.get_by_text("No tenant fits")).to_be_visible()


def test_a_shop_is_suspended_with_a_reason_and_activated_again(page):
    go_to(page, "Tenants")
    page.get_by_role("link", name=OTHER_SHOP).click()
    expect(heading(page, OTHER_SHOP)).to_be_visible()
    page.get_by_role("button", name="Suspend…").click()
    page.get_by_role("dialog").get_by_label("Reason").fill("Invoice unpaid")
    page.get_by_role("dialog").get_by_role("button", name="Suspend").click()
    expect(page.get_by_text("Suspended just now: Invoice unpaid")).to_be_visible()
    announced(page, f"{OTHER_SHOP} is suspended")
    page.get_by_role("button", name="Activate…", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Activate").click()
    announced(page, f"{OTHER_SHOP} is activated")
    expect(page.get_by_role("button", name="Suspend…")).to_be_visible()


def test_a_snapshot_is_created_and_listed(page):
    go_to(page, "Backups")
    page.get_by_role("button", name="Create snapshot").click()
    dialog = page.get_by_role("dialog", name="Create a snapshot")
    expect(dialog.get_by_role("code")).to_have_text("appliance backup create")
    dialog.get_by_role("button", name="Create snapshot").click()
    expect(dialog.get_by_text(re.compile(r"Snapshot \d{4}-\d\d-\d\dT"))).to_be_visible()
    dialog.get_by_role("button", name="Close").last.click()
    expect(row(page, "Snapshots", "manual")).to_be_visible()


def test_a_snapshot_is_verified(page):
    row(page, "Snapshots", "manual").get_by_role("link").click()
    expect(row(page, "Files", SHOP)).to_be_visible()
    page.get_by_role("button", name="Verify…").click()
    dialog = page.get_by_role("dialog", name="Verify the snapshot")
    dialog.get_by_role("button", name="Verify").click()
    expect(dialog.get_by_text("Every file can be restored")).to_be_visible()
    dialog.get_by_role("button", name="Close").last.click()
    expect(page.get_by_role("region", name="Snapshot").get_by_text("proved")).to_be_visible()


def test_a_restore_shows_its_plan_and_wants_the_slug_typed(page):
    go_to(page, "Backups")
    page.get_by_role("button", name="Restore…").click()
    dialog = page.get_by_role("dialog", name="Restore")
    dialog.get_by_label("Tenant", exact=True).fill(SLUG)
    dialog.get_by_role("button", name="Show the plan").click()
    expect(dialog.get_by_text("This goes back")).to_be_visible()
    expect(row(page, "Tenants in the plan", SHOP)).to_be_visible()
    confirm = dialog.get_by_label(f"Type “{SLUG}” to confirm")
    confirm.fill("acme")
    dialog.get_by_role("button", name="Restore", exact=True).click()
    expect(confirm).to_have_attribute("aria-invalid", "true")
    confirm.fill(SLUG)
    dialog.get_by_role("button", name="Restore", exact=True).click()
    expect(dialog.get_by_text("1 tenant restored and checked")).to_be_visible()
    dialog.get_by_role("button", name="Close").last.click()


def test_trial_warnings_run_now_stand_in_the_history(page):
    go_to(page, "Schedule")
    page.get_by_role("button", name=re.compile("Run Trial warnings now", re.IGNORECASE)).click()
    announced(page, "succeeded")
    expect(row(page, "Runs", "trial-warnings")).to_contain_text("manual")


def test_the_warning_can_be_read_in_the_outbox(page):
    go_to(page, "Outbox")
    row(page, "Messages", f"owner@{SLUG}.example").get_by_role("button").click()
    expect(page.get_by_role("dialog").get_by_role("region", name="Message")).to_contain_text(SHOP)
    page.keyboard.press("Escape")


def test_a_lost_session_leads_back_to_the_page_that_was_wanted(page):
    page.context.clear_cookies()
    page.get_by_role("link", name="Schedule").click()
    expect(heading(page, "Sign in")).to_be_visible()
    sign_in(page)
    expect(heading(page, "Schedule")).to_be_visible()


def test_a_lost_connection_is_said_and_mends_itself(page):
    page.watch.expect("ERR_INTERNET_DISCONNECTED")
    page.context.set_offline(True)
    page.get_by_role("link", name="Outbox").click()
    expect(page.get_by_text("The server does not answer. Trying again")).to_be_visible()
    page.context.set_offline(False)
    page.get_by_role("button", name="Try now").click()
    expect(row(page, "Messages", SLUG)).to_be_visible()
    expect(page.get_by_text("The server does not answer. Trying again")).to_be_hidden()


def test_signing_out_leads_to_the_sign_in(page):
    page.get_by_role("button", name="Sign out").click()
    expect(heading(page, "Sign in")).to_be_visible()
    page.goto("/admin#/tenants")
    expect(heading(page, "Sign in")).to_be_visible()


def test_a_wrong_password_is_refused_in_words(page):
    page.get_by_label("Email").fill(OPERATOR_EMAIL)
    page.get_by_label("Password", exact=True).fill("not the password at all")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text=re.compile("password", re.IGNORECASE))).to_be_visible()


def test_signing_in_needs_nothing_but_the_keyboard(page):
    page.goto("/admin#/login")
    page.reload()
    expect(page.get_by_label("Email")).to_be_focused()
    page.keyboard.type(OPERATOR_EMAIL)
    page.keyboard.press("Tab")
    page.keyboard.type(OPERATOR_PASSWORD)
    page.keyboard.press("Enter")
    expect(heading(page, "Overview")).to_be_focused()


def test_the_skip_link_jumps_over_the_menu(page):
    page.get_by_role("link", name="Skip to content").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()


def test_a_chosen_theme_is_remembered(page):
    page.get_by_role("button", name="System theme").click()
    page.get_by_role("button", name="Light theme").click()
    page.reload()
    expect(page.get_by_role("button", name="Dark theme")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"


def test_a_used_setup_link_says_how_to_get_another(page, served):
    page.watch.expect("410")
    page.goto(f"/admin#/setup/{served.setup_token}")
    page.get_by_label("Email").fill("second@example.com")
    page.get_by_label("Password", exact=True).fill("another long password")
    page.get_by_role("button", name="Set up and sign in").click()
    expect(page.get_by_role("code").filter(has_text="appliance init")).to_be_visible()


def test_a_user_of_a_shop_sees_its_records_and_nothing_else(new_page):
    page = new_page()
    page.goto("/admin")
    sign_in(page, f"owner@{SLUG}.example", OWNER_PASSWORD, shop=SLUG)
    expect(heading(page, SHOP)).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="Customers").click()
    expect(heading(page, "Customers")).to_be_visible()
    expect(page.get_by_text("No records yet")).to_be_visible()
    page.goto("/admin#/tenants")
    expect(heading(page, "Not found")).to_be_visible()
    page.watch.check()
