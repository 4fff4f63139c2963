"""What others change is seen without a reload."""

import pytest
from playwright.sync_api import expect

from operator_steps import as_owner, heading
from shop_api import make_shop

SLUG = "records-live"


@pytest.fixture(scope="module")
def shop(served, operator_state):
    return make_shop(served.url, SLUG, "Live Shop")


@pytest.fixture(scope="module")
def page(new_page, shop):
    return as_owner(new_page, SLUG)


def test_a_list_shows_what_somebody_else_adds_and_deletes(page, shop):
    with page.expect_request("**/api/events*"):
        page.goto("/admin#/shop/records/customers")
    expect(heading(page, "Customers")).to_be_visible()
    expect(page.get_by_text("No records yet")).to_be_visible()
    page.wait_for_timeout(500)
    made = shop.add("customers", name="From elsewhere")
    expect(page.get_by_role("link", name="From elsewhere")).to_be_visible()
    shop.send("DELETE", f"/api/customers/{made['id']}")
    expect(page.get_by_role("link", name="From elsewhere")).to_be_hidden()


def test_a_page_that_was_left_follows_no_longer(page):
    with page.expect_event("requestfailed", lambda request: "/api/events" in request.url):
        page.goto("/admin#/shop/records/products")
    expect(heading(page, "Products")).to_be_visible()
