"""Somebody signs in with a real identity provider, which an operator has set up on the page."""

import os
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

from operator_steps import OWNER_PASSWORD, announced, as_operator, heading, row, sign_in
from served import start
from shop_api import make_shop, signed_in

sys.path.append(str(Path(__file__).resolve().parents[1] / "process"))

from identity_peer import identity_peer  # noqa: E402

SLUG = "linked-shop"
OWNER = f"owner@{SLUG}.example"
OTHER = "other-shop"
BOTH = "both@people.example"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """As everywhere, but a provider may listen on this machine."""
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("APPLIANCE_LOOPBACK_ISSUERS", "on")
        with start(os.environ["APPLIANCE_BINARY"], tmp_path_factory.mktemp("appliance")) as server:
            yield server


@pytest.fixture(scope="module")
def peer():
    with identity_peer() as running:
        running.set_person("asha", email=OWNER, email_verified=True)
        running.set_person("both", email=BOTH, email_verified=True)
        running.set_person("stranger", email="stranger@nowhere.example", email_verified=True)
        yield running


@pytest.fixture(scope="module")
def page(new_page, operator_state, served, peer):
    make_shop(served.url, SLUG, "Linked Shop")
    return as_operator(new_page, operator_state, "Settings")


def agree(page, subject):
    """What the provider asks, on its own page, which misses a picture and a style sheet."""
    page.watch.expect("404", "ERR_NAME_NOT_RESOLVED")
    expect(page.get_by_role("heading", name="Authorize Client")).to_be_visible()
    page.get_by_placeholder("sub").fill(subject)
    page.get_by_role("button", name="Authorize", exact=True).click()


def test_without_a_provider_there_is_only_the_password(new_page):
    page = new_page()
    page.goto("/admin")
    expect(page.get_by_label("Email")).to_be_visible()
    expect(page.get_by_role("link", name="Sign in with")).to_have_count(0)
    page.watch.check()


def test_an_operator_sets_a_provider_up(page, peer):
    part = page.get_by_role("region", name="Sign-in with accounts elsewhere")
    expect(part.get_by_text("None: everybody signs in with a password.")).to_be_visible()
    part.get_by_role("button", name="Add an identity provider").click()
    dialog = page.get_by_role("dialog", name="Add an identity provider")
    page.watch.expect("422")
    dialog.get_by_label("Name", exact=True).fill("work")
    dialog.get_by_label("Issuer").fill("http://accounts.example")
    dialog.get_by_label("Client id").fill("cid")
    dialog.get_by_label("Client secret", exact=True).fill("a secret")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_label("Issuer")).to_be_focused()
    dialog.get_by_label("Issuer").fill(peer.issuer)
    dialog.get_by_label("Label").fill("Work")
    expect(dialog.get_by_role("code")).to_contain_text("appliance identity-provider create work")
    expect(dialog.get_by_role("code")).not_to_contain_text("a secret")
    dialog.get_by_role("button", name="Save").click()
    announced(page, "Work is saved")
    expect(dialog.get_by_role("code")).to_contain_text("/api/auth/oauth/work/callback")
    dialog.get_by_role("button", name="Done").click()
    expect(row(page, "Identity providers", "Work")).to_contain_text(peer.issuer)
    part.get_by_role("button", name="Check Work").click()
    announced(page, "Work answers")


def test_somebody_with_an_account_signs_in_and_the_page_works(new_page):
    page = new_page()
    page.goto("/admin#/login?then=/shop/plan")
    page.get_by_role("link", name="Sign in with Work").click()
    agree(page, "asha")
    expect(heading(page, "Plan and usage")).to_be_visible()
    page.get_by_role("link", name=OWNER).click()
    part = page.get_by_role("region", name="Accounts elsewhere that open yours")
    expect(part.get_by_role("row").filter(has_text="asha")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Email")).to_be_visible()
    page.watch.check()


def test_who_has_no_account_or_refuses_is_told_so_and_may_go_on_with_the_password(new_page):
    page = new_page()
    page.goto("/admin")
    page.get_by_role("link", name="Sign in with Work").click()
    agree(page, "stranger")
    expect(page.get_by_role("alert")).to_contain_text("No account here may be opened this way.")
    page.get_by_role("link", name="Sign in with Work").click()
    page.get_by_role("button", name="Deny").click()
    # This provider leaves out the state where it says no, and an answer without it belongs to no sign-in.
    expect(page.get_by_role("alert")).to_contain_text("This sign-in has ended")
    sign_in(page, OWNER, OWNER_PASSWORD, shop=SLUG)
    page.watch.check()


def test_who_has_accounts_in_two_shops_chooses(new_page, served):
    make_shop(served.url, OTHER, "Other Shop")
    for slug in (SLUG, OTHER):
        owner = signed_in(served.url, f"owner@{slug}.example", OWNER_PASSWORD, slug)
        owner.send("POST", "/api/users", {"email": BOTH, "password": OWNER_PASSWORD, "role": "admin"})
        signed_in(served.url, BOTH, OWNER_PASSWORD, slug)
    page = new_page()
    page.goto("/admin#/login?then=/shop/plan")
    page.get_by_role("link", name="Sign in with Work").click()
    agree(page, "both")
    expect(heading(page, "Choose a shop")).to_be_visible()
    page.get_by_label("Other Shop").check()
    page.get_by_role("button", name="Go on").click()
    expect(heading(page, "Plan and usage")).to_be_visible()
    expect(page.get_by_text("Other Shop").first).to_be_visible()
    page.watch.check()


def test_what_is_still_missing_is_forgotten_with_the_browser(new_page):
    page = new_page()
    page.goto("/admin#/login?continue=1")
    expect(page.get_by_role("alert")).to_contain_text("This sign-in has ended.")
    expect(page.get_by_label("Email")).to_be_visible()
    page.watch.check()


def test_an_old_way_back_is_told_so(new_page):
    page = new_page()
    page.goto("/api/auth/oauth/work/callback?state=old&code=old")
    expect(page.get_by_role("alert")).to_contain_text("Begin again.")
    page.watch.check()


def test_the_provider_is_deleted(page, new_page):
    page.get_by_role("button", name="Delete Work").click()
    dialog = page.get_by_role("dialog", name="Delete Work")
    expect(dialog.get_by_role("code")).to_have_text("appliance identity-provider delete work")
    dialog.get_by_role("button", name="Delete", exact=True).click()
    announced(page, "Work is deleted")
    other = new_page()
    other.goto("/admin")
    expect(other.get_by_label("Email")).to_be_visible()
    expect(other.get_by_role("link", name="Sign in with Work")).to_have_count(0)
