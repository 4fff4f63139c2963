"""Finding a record by its words, what happened to it, and what each role sees of that."""

import re

import pytest
from playwright.sync_api import expect

from operator_steps import OWNER_PASSWORD, as_owner, heading, row, sign_in
from shop_api import make_shop

SLUG = "search-shop"
STAFF = f"staff@{SLUG}.example"


@pytest.fixture(scope="module")
def shop(served, operator_state):
    owner = make_shop(served.url, SLUG, "Search Shop")
    owner.take_in("customers", "name,city,externalId\nZoë Rao,Pune,C-1\nAsha Rao,Mumbai,C-2\nBela Roy,Pune,C-3\n")
    made = owner.add("products", sku="ABC-123", name="Gold ring", price=117_700, stock=1)
    owner.send("PATCH", f"/api/products/{made['id']}", {"price": 99_900, "stock": 4})
    owner.send("POST", "/api/users", {"email": STAFF, "role": "staff", "password": OWNER_PASSWORD})
    return owner


@pytest.fixture(scope="module")
def page(new_page, shop):
    return as_owner(new_page, SLUG)


def names(page, table):
    return page.get_by_role("table", name=table).locator("tbody th").all_inner_texts()


@pytest.mark.parametrize("typed, found", [
    ("zoe", ["Zoë Rao"]), ("rao", ["Asha Rao", "Zoë Rao"]), ("rao pun", ["Zoë Rao"]), ("C-3", ["Bela Roy"])])
def test_words_and_beginnings_of_words_find_records(page, typed, found):
    page.goto("/admin#/shop/records/customers?sort=name")
    expect(heading(page, "Customers")).to_be_visible()
    page.get_by_role("searchbox", name="Search customers").fill(typed)
    expect(page.get_by_role("table", name="Customers").locator("tbody tr")).to_have_count(len(found))
    assert names(page, "Customers") == found


def test_marks_alone_find_nothing_and_are_no_mistake(page):
    page.get_by_role("searchbox", name="Search customers").fill('"(* AND')
    expect(page.get_by_text("No record fits")).to_be_visible()


def test_a_record_shows_who_changed_what(page):
    page.goto("/admin#/shop/records/products")
    page.get_by_role("link", name="Gold ring").click()
    history = page.get_by_role("region", name="History")
    changed = row(history, "History", "Changed")
    expect(changed).to_contain_text(re.compile("Price: .*1,177.00 → .*999.00"))
    expect(changed).to_contain_text("Stock: 1 → 4")
    expect(changed).to_contain_text(f"owner@{SLUG}.example")
    expect(row(history, "History", "Created")).to_contain_text("Name: Gold ring")


def test_what_an_import_made_has_no_history_of_its_own_yet(page):
    page.goto("/admin#/shop/records/customers?q=bela")
    page.get_by_role("link", name="Bela Roy").click()
    expect(page.get_by_role("region", name="History")).to_contain_text("Nothing since an import made it.")


def test_who_may_not_read_the_log_sees_no_history(new_page, shop):
    staff = new_page()
    staff.goto("/admin")
    sign_in(staff, STAFF, OWNER_PASSWORD, shop=SLUG)
    staff.goto("/admin#/shop/records/products")
    staff.get_by_role("link", name="Gold ring").click()
    expect(staff.get_by_role("region", name="Record", exact=True)).to_be_visible()
    expect(staff.get_by_role("region", name="History")).to_have_count(0)
    expect(staff.get_by_role("button", name="Delete…")).to_have_count(0)
    staff.watch.check()
