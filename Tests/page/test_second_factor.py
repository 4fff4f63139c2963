"""A second factor is set up with an authenticator app, asked for at sign-in, and turned off."""

import base64
import hashlib
import hmac
import re
import struct
import time

import pytest
from playwright.sync_api import expect

from operator_steps import OWNER_PASSWORD, announced, as_owner, heading, sign_in
from shop_api import make_shop

SLUG = "factor-shop"
OWNER = f"owner@{SLUG}.example"
PERIOD_SECONDS = 30


def code(secret, steps=0):
    """What an authenticator app shows (RFC 6238), `steps` periods from now."""
    counter = struct.pack(">Q", int(time.time()) // PERIOD_SECONDS + steps)
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start:start + 4])[0] & 0x7FFFFFFF) % 10 ** 6:06}"


@pytest.fixture(scope="module")
def page(new_page, served, operator_state):
    make_shop(served.url, SLUG, "Factor Shop")
    page = as_owner(new_page, SLUG)
    page.get_by_role("link", name=OWNER).click()
    return page


@pytest.fixture(scope="module")
def factor(page):
    """Secret and recovery codes of the set-up."""
    page.get_by_role("button", name="Set up…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Your password", exact=True).fill(OWNER_PASSWORD)
    dialog.get_by_role("button", name="Go on").click()
    expect(dialog.get_by_role("img", name="QR code")).to_be_visible()
    secret = dialog.get_by_role("code").text_content()
    page.watch.expect("422")
    dialog.get_by_label("The code that the app shows now").fill("000000")
    dialog.get_by_role("button", name="Turn it on").click()
    expect(dialog.get_by_label("The code that the app shows now")).to_be_focused()
    dialog.get_by_label("The code that the app shows now").fill(code(secret, -1))
    dialog.get_by_role("button", name="Turn it on").click()
    announced(page, "The second factor is on")
    codes = dialog.get_by_role("region", name="Recovery codes").text_content().split()
    dialog.get_by_role("button", name="Done").click()
    return secret, codes


def begins(new_page):
    page = new_page()
    page.goto(f"/admin#/login?shop={SLUG}")
    page.get_by_label("Email").fill(OWNER)
    page.get_by_label("Password", exact=True).fill(OWNER_PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(heading(page, "Enter the code")).to_be_visible()
    return page


def test_it_is_on_with_ten_recovery_codes(page, factor):
    assert len(set(factor[1])) == 10
    expect(page.get_by_text("10 of 10 recovery codes are left.")).to_be_visible()


def test_a_sign_in_asks_for_the_code(new_page, factor):
    page = begins(new_page)
    page.get_by_label("Code").fill("nonsense")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_label("Code")).to_be_focused()
    page.get_by_label("Code").fill(code(factor[0]))
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("button", name="Sign out")).to_be_attached()
    page.watch.check()


def test_a_recovery_code_lets_in_once(new_page, factor):
    page = begins(new_page)
    page.get_by_label("Code").fill(factor[1][0])
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("button", name="Sign out")).to_be_attached()
    again = begins(new_page)
    again.get_by_label("Code").fill(factor[1][0])
    again.get_by_role("button", name="Sign in", exact=True).click()
    expect(again.get_by_label("Code")).to_have_accessible_description(re.compile("not right"))


def test_it_is_turned_off_with_password_and_code(page, new_page, factor):
    page.get_by_role("button", name="Turn off…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Your password", exact=True).fill(OWNER_PASSWORD)
    dialog.get_by_label("Code").fill(factor[1][1])
    dialog.get_by_role("button", name="Turn off").click()
    announced(page, "The second factor is off")
    other = new_page()
    other.goto("/admin")
    sign_in(other, OWNER, OWNER_PASSWORD, shop=SLUG)
    other.watch.check()


@pytest.mark.parametrize(("length", "digest"), [
    (33, "7f05b29500670a13db25e35f08fc2dc97011dc4b970fef450f26818b465c0144"),
    (190, "b062876b6bb945f056a3906b8bbf249c7cfb12c95aaa988155f058957b740eba")])
def test_a_qr_code_is_the_one_that_another_encoder_makes(page, length, digest):
    """The digests are of what the Python package `qrcode` makes of so many letters `a` at level L with mask 0."""
    modules = page.evaluate(
        "(length) => import('/admin/qr-code.js').then((it) => it.qrModules(new Uint8Array(length).fill(97)))", length)
    text = "/".join("".join("1" if is_dark else "0" for is_dark in row) for row in modules)
    assert hashlib.sha256(text.encode()).hexdigest() == digest
