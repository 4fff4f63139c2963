"""An owner brings the own shop back from the page, and takes it back."""

import re
import time

import pytest
from playwright.sync_api import expect

from operator_steps import announced, as_owner, heading
from shop_api import make_shop, operator

SLUG = "own-restore"


@pytest.fixture(scope="module")
def shop(served, operator_state):
    owner = make_shop(served.url, SLUG, "Own Restore")
    owner.add("customers", name="Before", externalId="C-1")
    operator(served.url).send("POST", "/api/admin/backups", {})
    second = int(time.time())
    while int(time.time()) <= second + 1:
        pass
    owner.add("customers", name="After", externalId="C-2")
    return owner


@pytest.fixture(scope="module")
def page(new_page, shop):
    return as_owner(new_page, SLUG)


def names(shop):
    return {one["name"] for one in shop.send("GET", "/api/customers")["items"]}


def test_the_owner_goes_back_to_a_moment(page, shop):
    page.get_by_role("link", name="Go back").click()
    expect(heading(page, "Go back")).to_be_visible()
    page.get_by_role("button", name="Restore to this moment…").click()
    dialog = page.get_by_role("dialog", name="Bring the shop back")
    expect(dialog.get_by_role("table", name="Differences")).to_contain_text("customers")
    dialog.get_by_label(f"Type “{SLUG}” to confirm").fill("something else")
    dialog.get_by_role("button", name="Bring the shop back").click()
    expect(dialog.get_by_text(f"Type exactly “{SLUG}”.")).to_be_visible()
    dialog.get_by_label(f"Type “{SLUG}” to confirm").fill(SLUG)
    dialog.get_by_role("button", name="Bring the shop back").click()
    expect(dialog.get_by_text("1 tenant restored and checked")).to_be_visible()
    dialog.get_by_role("button", name="Close").last.click()
    assert names(shop) == {"Before"}


def test_and_takes_it_back(page, shop):
    page.get_by_role("table", name="Restores").get_by_role("button", name="Undo…").click()
    dialog = page.get_by_role("dialog", name="Undo the restore")
    dialog.get_by_label(f"Type “{SLUG}” to confirm").fill(SLUG)
    dialog.get_by_role("button", name="Undo the restore").click()
    expect(dialog.get_by_text("1 tenant restored and checked")).to_be_visible()
    dialog.get_by_role("button", name="Close").last.click()
    announced(page, "Undo the restore: done")
    expect(page.get_by_role("table", name="Restores")).to_contain_text(re.compile("undone"))
    assert names(shop) == {"Before", "After"}
