"""The keys of access tokens, in the operators' settings."""

import pytest
from playwright.sync_api import expect

from operator_steps import announced, as_operator, row


@pytest.fixture(scope="module")
def page(new_page, operator_state):
    return as_operator(new_page, operator_state, "Settings")


def test_a_new_key_signs_and_the_one_before_retires(page):
    expect(row(page, "Signing keys", "1")).to_contain_text("signs")
    page.get_by_role("button", name="New signing key…").click()
    dialog = page.get_by_role("dialog", name="New signing key")
    expect(dialog.get_by_role("code")).to_have_text("appliance signing-key rotate")
    dialog.get_by_label("End at once; browsers stay signed in").check()
    expect(dialog.get_by_role("code")).to_have_text("appliance signing-key rotate --immediately")
    dialog.get_by_role("button", name="Begin the new key").click()
    announced(page, "A new key signs")
    expect(row(page, "Signing keys", "signs")).to_contain_text("2")
    page.reload()
    expect(row(page, "Signing keys", "signs")).to_be_visible()
