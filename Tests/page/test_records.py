"""A shop's user works with records. Every collection is drawn from its declaration, so a few stand for all of them."""

import re

import pytest
from playwright.sync_api import expect

from operator_steps import OWNER_PASSWORD, announced, as_owner, heading, row, sign_in
from shop_api import make_shop

SLUG = "records-shop"
NAME = "Records Shop"


@pytest.fixture(scope="module")
def shop(served, operator_state):
    owner = make_shop(served.url, SLUG, NAME)
    lines = [f"Customer {number:03},c{number}@people.example,{['Pune', 'Mumbai'][number % 2]},C-{number}"
             for number in range(120)]
    owner.take_in("customers", "name,email,city,externalId\n" + "\n".join(lines) + "\n")
    for number in range(3):
        owner.add("products", sku=f"R-{number}", name=f"Ring {number}", price=117_700 + number, stock=number)
    return owner


@pytest.fixture(scope="module")
def page(new_page, shop):
    """Far from the shop's clock, so that a time on the reader's own would be seen."""
    return as_owner(new_page, SLUG)


def open_list(page, collection, title):
    page.goto(f"/admin#/shop/records/{collection}")
    expect(heading(page, title)).to_be_visible()


def apply_filter(page, field, comparison, value=None, *, label="Value"):
    page.get_by_role("button", name="Filter…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Field", exact=True).select_option(label=field)
    dialog.get_by_label("Comparison").select_option(label=comparison)
    if value is not None:
        dialog.get_by_label(label, exact=True).fill(value)
    dialog.get_by_role("button", name="Apply").click()
    expect(dialog).to_be_hidden()


def names(page, table):
    return page.get_by_role("table", name=table).locator("tbody th").all_inner_texts()


# --- Lists


def test_the_menu_lists_the_collections_of_the_shop(page):
    menu = page.get_by_role("navigation", name="Main")
    for name in ["Overview", "Customers", "Transactions", "Licenses", "Products", "Users"]:
        expect(menu.get_by_role("link", name=name)).to_be_visible()
    menu.get_by_role("link", name="Customers").click()
    expect(heading(page, "Customers")).to_be_focused()
    expect(menu.get_by_role("link", name="Customers")).to_have_attribute("aria-current", "page")


def test_a_list_comes_in_pages_and_is_counted_on_demand(page):
    expect(page.get_by_text("First 50 records")).to_be_visible()
    page.get_by_role("button", name="Count all").click()
    expect(page.get_by_text("50 of 120 records")).to_be_visible()
    page.get_by_role("button", name="Load more").click()
    announced(page, "50 records more")
    page.get_by_role("button", name="Load more").click()
    expect(page.get_by_text("120 records", exact=True)).to_be_visible()
    assert len(set(names(page, "Customers"))) == 120
    expect(page.get_by_role("button", name="Load more")).to_be_hidden()


def test_a_search_finds_words_in_any_searchable_field(page):
    page.get_by_role("searchbox", name="Search customers").fill("c77@")
    expect(row(page, "Customers", "Customer 077")).to_be_visible()
    expect(page.get_by_text("1 record", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile("q=c77"))
    page.get_by_role("searchbox", name="Search customers").fill("")
    expect(page.get_by_text("First 50 records")).to_be_visible()


def test_a_column_sorts_up_and_down_and_a_second_one_joins_with_shift(page):
    header = page.get_by_role("table", name="Customers").get_by_role("columnheader", name="Name")
    header.get_by_role("button").click()
    expect(header).to_have_attribute("aria-sort", "ascending")
    expect(row(page, "Customers", "Customer 000")).to_be_visible()
    header.get_by_role("button").click()
    expect(header).to_have_attribute("aria-sort", "descending")
    expect(row(page, "Customers", "Customer 119")).to_be_visible()
    city = page.get_by_role("table", name="Customers").get_by_role("columnheader", name="City")
    header.get_by_role("button").click()
    city.get_by_role("button").click()
    header.get_by_role("button").click(modifiers=["Shift"])
    expect(page.get_by_role("button", name="Sorted by City ↑, then Name ↑", exact=True)).to_be_visible()
    expect(row(page, "Customers", "Customer 001")).to_be_visible()
    assert names(page, "Customers")[:3] == ["Customer 001", "Customer 003", "Customer 005"]


def test_the_order_can_be_chosen_without_a_mouse(page):
    page.get_by_role("button", name="Sort…").click()
    dialog = page.get_by_role("dialog", name="Sort")
    expect(dialog.get_by_label("Sort by")).to_be_focused()
    expect(dialog.get_by_label("Sort by")).to_have_value("city")
    dialog.get_by_label("Direction").nth(1).select_option("down")
    dialog.get_by_role("button", name="Apply").click()
    expect(page).to_have_url(re.compile("sort=city%2C-name"))
    expect(row(page, "Customers", "Customer 119")).to_be_visible()
    page.get_by_role("button", name="Remove the order").click()
    expect(page.get_by_role("list", name="Filters")).to_be_hidden()


@pytest.mark.parametrize(("field", "comparison", "value", "label", "chip", "found"), [
    ("City", "is", "Pune", "Value", "City is Pune", "First 50 records"),
    ("Name", "contains", "11", "Value", "Name contains 11", "11 records"),
    ("Name", "contains", "%_10", "Value", "Name is like %_10", "2 records"),
    ("External id", "is one of", "C-3,C-5,none", "Values", "External id is one of C-3, C-5, none", "2 records"),
    ("Name", "sorts from", "Customer 117", "Value", "Name sorts from Customer 117", "3 records"),
    ("Phone", "is not empty", None, "Value", "Phone is not empty", "No record fits"),
    ("Email", "is not", "c0@people.example", "Value", "Email is not c0@people.example", "First 50 records"),
    ("Created", "is before", "2020-01-01T00:00", "Value", "Created is before 1 Jan 2020, 00:00", "No record fits"),
])
def test_a_filter_is_chosen_by_the_type_of_its_field(page, field, comparison, value, label, chip, found):
    open_list(page, "customers", "Customers")
    apply_filter(page, field, comparison, value, label=label)
    expect(page.get_by_role("button", name=chip, exact=True)).to_be_visible()
    expect(page.get_by_text(found, exact=True)).to_be_visible()
    page.get_by_role("button", name=f"Remove the filter: {chip}").click()
    expect(page.get_by_text("First 50 records")).to_be_visible()


def test_filters_join_stay_in_the_address_and_can_be_changed(page):
    open_list(page, "customers", "Customers")
    apply_filter(page, "City", "is", "Pune")
    apply_filter(page, "Name", "contains", "11")
    expect(page.get_by_text("5 records", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_text("5 records", exact=True)).to_be_visible()
    page.get_by_role("button", name="Name contains 11", exact=True).click()
    page.get_by_role("dialog").get_by_label("Value").fill("012")
    page.get_by_role("dialog").get_by_role("button", name="Apply").click()
    expect(page.get_by_text("1 record", exact=True)).to_be_visible()
    expect(page.get_by_role("code").filter(
        has_text="appliance record list customers --tenant records-shop city=Pune 'name[like]=%012%'")).to_be_visible()


def test_money_is_filtered_in_major_units_and_shown_in_its_currency(page):
    open_list(page, "products", "Products")
    expect(row(page, "Products", "Ring 2")).to_contain_text("₹1,177.02")
    apply_filter(page, "Price", "is at least", "1177.01")
    expect(page.get_by_role("button", name="Price is at least ₹1,177.01", exact=True)).to_be_visible()
    expect(page.get_by_text("2 records", exact=True)).to_be_visible()


def test_columns_are_chosen_from_the_schema(page):
    open_list(page, "products", "Products")
    page.get_by_role("button", name="Columns…").click()
    dialog = page.get_by_role("dialog", name="Columns")
    dialog.get_by_label("Description").check()
    dialog.get_by_label("SKU").uncheck()
    dialog.get_by_role("button", name="Apply").click()
    headers = page.get_by_role("table", name="Products").get_by_role("columnheader")
    expect(headers.filter(has_text="Description")).to_be_visible()
    expect(headers.filter(has_text="SKU")).to_have_count(0)


def test_an_export_holds_what_the_list_shows(page):
    open_list(page, "customers", "Customers")
    apply_filter(page, "Name", "contains", "11")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Export CSV").click()
    assert waiting.value.suggested_filename == f"{SLUG}-customers.csv"
    text = waiting.value.path().read_text(encoding="utf-8-sig")
    assert len(text.splitlines()) == 12 and "Customer 011" in text


# --- One record


def test_the_faults_of_a_new_record_stand_at_their_fields(page):
    page.watch.expect("422", "409")
    open_list(page, "products", "Products")
    page.get_by_role("link", name="New product").click()
    expect(heading(page, "New product")).to_be_focused()
    page.get_by_role("button", name="Create product").click()
    for label in ["SKU", "Name", "Price"]:
        expect(page.get_by_label(label)).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("SKU")).to_be_focused()
    page.get_by_label("SKU").fill("R-0")
    page.get_by_label("Name").fill("Signet ring")
    page.get_by_label("Price").fill("12.345")
    page.get_by_role("button", name="Create product").click()
    expect(page.get_by_label("Price")).to_be_focused()
    expect(page.get_by_label("Price")).to_have_accessible_description(re.compile("INR.*an amount in INR", re.DOTALL))
    page.get_by_label("Price").fill("1,299.50")
    page.get_by_role("button", name="Create product").click()
    expect(page.get_by_label("SKU")).to_have_accessible_description(re.compile("Another record"))
    expect(page.get_by_label("SKU")).to_be_focused()


def test_a_record_is_made_and_its_command_line_says_the_same(page, shop):
    page.get_by_label("SKU").fill("R-9")
    page.get_by_label("Stock").fill("4")
    expect(page.get_by_role("code").filter(has_text="record create")).to_have_text(
        'appliance record create products \'{"sku":"R-9","name":"Signet ring","price":129950,"stock":4}\''
        " --tenant records-shop")
    page.get_by_role("button", name="Create product").click()
    announced(page, "Signet ring is created")
    expect(heading(page, "Signet ring")).to_be_visible()
    expect(page.get_by_text("₹1,299.50", exact=True)).to_be_visible()
    made = shop.send("GET", "/api/products?sku=R-9")["items"][0]
    assert (made["price"], made["currency"], made["stock"]) == (129_950, "INR", 4)


def test_an_amount_is_typed_in_the_decimals_of_its_currency(page):
    page.get_by_role("link", name="Edit").click()
    expect(page.get_by_label("Price")).to_have_value("1299.50")
    page.get_by_label("Currency").fill("JPY")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Price")).to_have_accessible_description(re.compile("an amount in JPY"))
    page.get_by_label("Price").fill("1300")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("JP¥1,300", exact=True)).to_be_visible()


def test_a_new_name_is_shown_wherever_the_record_is_referred_to(page, shop):
    asha = shop.add("customers", name="Asha", externalId="C-900")
    shop.add("transactions", customerId=asha["id"], amount=100)
    page.goto(f"/admin#/shop/records/transactions?customerId={asha['id']}")
    expect(row(page, "Transactions", "Asha")).to_be_visible()
    row(page, "Transactions", "Asha").get_by_role("link", name="Asha").click()
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Name").fill("Asha Rao")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Transactions of this customer").click()
    expect(row(page, "Transactions", "Asha Rao")).to_be_visible()


def test_times_are_on_the_clock_of_the_shop(page, shop):
    customer = shop.send("GET", "/api/customers?externalId=C-7")["items"][0]
    page.goto(f"/admin#/shop/records/transactions/new?customerId={customer['id']}")
    expect(page.get_by_role("combobox", name="Customer")).to_have_value("Customer 007")
    expect(page.get_by_label("Occurred at")).to_have_accessible_description(re.compile("Asia/Kolkata"))
    page.get_by_label("Occurred at").fill("2026-11-20T09:15")
    page.get_by_label("Amount").fill("500")
    page.get_by_role("button", name="Create transaction").click()
    expect(page.get_by_role("region", name="Transaction", exact=True).get_by_text("20 Nov 2026, 09:15")).to_be_visible()
    made = shop.send("GET", f"/api/transactions?customerId={customer['id']}")["items"][0]
    assert made["occurredAt"] == "2026-11-20T03:45:00.000Z"


def test_a_reference_is_picked_by_name_with_the_keyboard(page, shop):
    page.get_by_role("link", name="Edit").click()
    picker = page.get_by_role("combobox", name="Customer")
    expect(picker).to_have_value("Customer 007")
    picker.fill("Customer 04")
    expect(page.get_by_role("option").first).to_be_visible()
    expect(picker).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    chosen = page.locator("[role=option][aria-selected=true] span").first.inner_text()
    page.keyboard.press("Enter")
    expect(picker).to_have_value(chosen)
    expect(picker).to_have_attribute("aria-expanded", "false")
    page.get_by_role("button", name="Save").click()
    link = page.get_by_role("region", name="Transaction").get_by_role("link", name=chosen)
    expect(link).to_be_visible()
    link.click()
    expect(heading(page, chosen)).to_be_visible()
    page.get_by_role("link", name="Transactions of this customer").click()
    expect(page.get_by_text("1 record", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name=f"Customer is {chosen}", exact=True)).to_be_visible()


def test_a_name_that_is_nobody_is_not_sent(page):
    page.goto("/admin#/shop/records/transactions/new")
    page.get_by_label("Amount").fill("1")
    page.get_by_role("combobox", name="Customer").fill("Nobody at all")
    page.get_by_role("button", name="Create transaction").click()
    expect(page.get_by_role("combobox", name="Customer")).to_have_accessible_description(re.compile("from the list"))


def test_an_edit_that_somebody_overtook_leaves_the_choice(page, shop):
    page.watch.expect("412")
    ring = shop.send("GET", "/api/products?sku=R-1")["items"][0]
    path = f"/api/products/{ring['id']}"
    page.goto(f"/admin#/shop/records/products/{ring['id']}/edit")
    page.get_by_label("Name").fill("My name for it")
    shop.send("PATCH", path, {"name": "Their name for it", "stock": 77})
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert").filter(has_text="Somebody else changed this record")).to_be_visible()
    expect(page.get_by_role("button", name="Edit again from theirs")).to_be_focused()
    differing = row(page, "What differs", "Name")
    for text in ["Ring 1", "Their name for it", "My name for it"]:
        expect(differing).to_contain_text(text)
    expect(row(page, "What differs", "Stock")).to_contain_text("not touched")
    assert shop.send("GET", path)["name"] == "Their name for it"
    page.get_by_role("button", name="Save mine over theirs").click()
    expect(heading(page, "My name for it")).to_be_visible()
    assert shop.send("GET", path)["stock"] == 77


def test_a_deletion_is_asked_for_and_refused_where_others_refer_to_it(page, shop):
    page.watch.expect("409")
    page.goto("/admin#/shop/records/transactions")
    page.get_by_role("table", name="Transactions").get_by_role("link", name=re.compile("^Customer")).click()
    page.get_by_role("button", name="Delete…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Delete").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Other records refer to this one")
    dialog.get_by_role("button", name="Cancel").click()
    page.goto("/admin#/shop/records/products?sku=R-9")
    page.get_by_role("link", name="Signet ring").click()
    page.get_by_role("button", name="Delete…").click()
    expect(page.get_by_role("dialog").get_by_role("code")).to_contain_text("appliance record delete products prd_")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    announced(page, "Signet ring is deleted")
    expect(heading(page, "Products")).to_be_visible()
    assert shop.send("GET", "/api/products?sku=R-9")["items"] == []


def test_a_record_that_is_not_there_is_said(page):
    page.watch.expect("404")
    page.goto("/admin#/shop/records/products/prd_01none")
    expect(page.get_by_role("alert").filter(has_text="Not found")).to_be_visible()


def test_what_somebody_typed_never_becomes_markup(page, shop):
    name = '<img src=x onerror="document.title=1"><b>bold</b>'
    shop.add("products", sku="X-1", name=name, price=1)
    page.goto("/admin#/shop/records/products?sku=X-1")
    page.get_by_role("link", name=name).click()
    expect(heading(page, name)).to_be_visible()


# --- Others in the same shop


def test_an_operator_sees_the_same_lists_inside_the_shop(new_page, operator_state, shop):
    page = new_page(state=operator_state)
    page.watch.expect("403")
    page.goto(f"/admin#/tenants/{SLUG}/records")
    page.get_by_label("Reason").fill("Ticket 42")
    page.get_by_label("Change records too, not only look").check()
    expect(page.get_by_role("code").filter(has_text="tenant act-as")).to_contain_text("--reason 'Ticket 42'")
    page.get_by_role("button", name="Start").click()
    page.get_by_role("navigation", name=f"In {NAME}").get_by_role("link", name="Products").click()
    page.get_by_role("link", name="Ring 0").click()
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Stock").fill("12")
    page.get_by_role("button", name="Save").click()
    announced(page, "Ring 0 is saved")
    assert shop.send("GET", "/api/products?sku=R-0")["items"][0]["stock"] == 12
    page.watch.check()


def test_a_shop_without_a_module_does_not_see_its_collections(served, new_page, operator_state):
    make_shop(served.url, "plain-shop", "Plain Shop", modules=())
    page = new_page()
    page.goto("/admin")
    sign_in(page, "owner@plain-shop.example", OWNER_PASSWORD, shop="plain-shop")
    menu = page.get_by_role("navigation", name="Main")
    expect(menu.get_by_role("link", name="Customers")).to_be_visible()
    expect(menu.get_by_role("link", name="Products")).to_have_count(0)
    page.watch.check()
