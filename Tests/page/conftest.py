"""Starts the real server and a real browser for the tests of the admin page.

APPLIANCE_BINARY names the executable. Each module has a server of its own, so that none depends on another's story.
"""

import os

import pytest
from playwright.sync_api import sync_playwright

from operator_steps import set_up, sign_in
from served import start
from watch import Watch

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
PATIENCE_MILLISECONDS = 10_000


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    binary = os.environ.get("APPLIANCE_BINARY") or pytest.exit("Set APPLIANCE_BINARY to the executable.", 2)
    with start(binary, tmp_path_factory.mktemp("appliance")) as server:
        yield server


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def new_page(served, browser):
    """Makes a page in a browser session of its own; `state` carries over a sign-in."""
    contexts = []

    def make(*, theme="light", width=1280, state=None):
        context = browser.new_context(
            base_url=served.url, color_scheme=theme, viewport={"width": width, "height": 860}, storage_state=state,
            locale="en-GB", timezone_id="Asia/Kolkata", reduced_motion="reduce")
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        contexts.append(context)
        page = context.new_page()
        page.watch = Watch(page)
        return page

    yield make
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def page(new_page):
    """The one page on which the tests of a module go through their story."""
    return new_page()


@pytest.fixture(autouse=True)
def nothing_went_wrong_unseen(request):
    """A console error, a policy violation or an uncaught exception fails the test in which it happened."""
    yield
    if "page" in request.fixturenames:
        request.getfixturevalue("page").watch.check()


@pytest.fixture(scope="module")
def operator_state(served, new_page):
    """The cookie of a signed-in operator."""
    page = new_page()
    page.goto("/admin")
    if served.is_set_up:
        sign_in(page)
    else:
        set_up(page, served)
    return page.context.storage_state()
