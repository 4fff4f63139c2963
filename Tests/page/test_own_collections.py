"""An owner declares a collection, works with its records, and changes it after a look at what that does."""

import pytest
from playwright.sync_api import expect

from operator_steps import announced, as_owner, heading, row
from shop_api import make_shop

SLUG = "own-shop"


@pytest.fixture(scope="module")
def owner(served, operator_state):
    return make_shop(served.url, SLUG, "Own Shop")


@pytest.fixture(scope="module")
def page(new_page, owner):
    page = as_owner(new_page, SLUG)
    menu(page).get_by_role("link", name="Your collections").click()
    expect(heading(page, "Your collections")).to_be_visible()
    return page


def menu(page):
    return page.get_by_role("navigation", name="Main")


def own(page, text):
    return row(page, "Your collections", text)


def line(dialog, name):
    return dialog.get_by_role("group", name=name, exact=True)


def test_a_collection_is_declared_and_stands_in_the_menu(page):
    page.watch.expect("422")
    page.get_by_role("button", name="New collection").click()
    dialog = page.get_by_role("dialog", name="New collection")
    dialog.get_by_role("textbox", name="Name").first.fill("users")
    dialog.get_by_label("Many are called").fill("Repairs")
    dialog.get_by_label("One is called").fill("Repair")
    dialog.get_by_role("button", name="Add a field").click()
    state = line(dialog, "New field")
    state.get_by_role("textbox", name="Field").fill("state")
    state.get_by_label("Kind").select_option("choice")
    state.get_by_label("Choices").fill("open, done")
    dialog.get_by_role("button", name="Declare it").click()
    expect(dialog.get_by_role("textbox", name="Name").first).to_have_accessible_description(
        "A small letter first, then letters and digits: the word in addresses, such as repairs. "
        "users means something else already.")
    dialog.get_by_role("textbox", name="Name").first.fill("repairs")
    dialog.get_by_role("button", name="Declare it").click()
    announced(page, "Repairs is there")
    expect(own(page, "Repairs")).to_contain_text("name, state")
    expect(menu(page).get_by_role("link", name="Repairs")).to_be_visible()


def test_its_records_are_made_like_any_others(page):
    menu(page).get_by_role("link", name="Repairs").click()
    expect(heading(page, "Repairs")).to_be_visible()
    page.get_by_role("link", name="New repair").first.click()
    page.get_by_label("Name").fill("Gold ring")
    page.get_by_label("State").select_option("open")
    page.get_by_role("button", name="Create repair").click()
    expect(heading(page, "Gold ring")).to_be_visible()


def test_a_change_is_looked_at_before_it_is_made(page, owner):
    menu(page).get_by_role("link", name="Your collections").click()
    page.get_by_role("button", name="Change… Repairs").click()
    dialog = page.get_by_role("dialog", name="Change Repairs")
    line(dialog, "name").get_by_role("textbox", name="Field").fill("item")
    line(dialog, "name").get_by_label("At most characters").fill("5")
    dialog.get_by_role("button", name="See what it does").click()
    expect(dialog.get_by_role("list", name="What stands against it")).to_contain_text("At most 5 characters.")
    dialog.get_by_role("button", name="Back").click()
    line(dialog, "name").get_by_label("At most characters").fill("50")
    line(dialog, "state").get_by_role("button", name="Remove state").click()
    dialog.get_by_role("button", name="See what it does").click()
    steps = dialog.get_by_role("list", name="What it does")
    expect(steps).to_contain_text("state goes, with what is in it 1 record")
    expect(steps).to_contain_text("name becomes item 1 record")
    assert owner.send("GET", "/api/repairs")["items"][0]["state"] == "open"
    dialog.get_by_role("button", name="Change it").click()
    announced(page, "Repairs is changed")
    record = owner.send("GET", "/api/repairs")["items"][0]
    assert record["item"] == "Gold ring" and "state" not in record


def test_it_goes_when_its_name_is_typed(page):
    page.get_by_role("button", name="Delete… Repairs").click()
    dialog = page.get_by_role("dialog", name="Delete Repairs")
    dialog.get_by_label("Type repairs to confirm").fill("repairs")
    dialog.get_by_role("button", name="Delete", exact=True).click()
    announced(page, "Repairs is deleted")
    expect(page.get_by_text("There are none yet.")).to_be_visible()
    expect(menu(page).get_by_role("link", name="Repairs")).to_have_count(0)


def test_numbers_lists_formulas_moves_and_rights_are_declared_in_the_page(page, owner):
    customer = owner.send("POST", "/api/customers", {"name": "Asha"})
    page.get_by_role("button", name="New collection").click()
    dialog = page.get_by_role("dialog", name="New collection")
    dialog.get_by_role("textbox", name="Name").first.fill("jobs2")
    dialog.get_by_label("Many are called").fill("Jobs")
    dialog.get_by_label("One is called").fill("Job")

    def add(name, kind):
        dialog.get_by_role("button", name="Add a field").click()
        field = line(dialog, "New field").last
        field.get_by_role("textbox", name="Field").fill(name)
        field.get_by_label("Kind").select_option(kind)
        return field

    state = add("state", "choice")
    state.get_by_label("Choices").fill("open, done")
    state.get_by_label("Moves").fill("open > done")
    add("pieces", "integer")
    total = add("twice", "integer")
    total.get_by_label("Computed as").fill("pieces * 2")
    total.get_by_text("Who reads and sets it").click()
    total.get_by_label("Read by").select_option("owner,admin")
    add("number", "sequence").get_by_label("Looks like").fill("J-{000}")
    add("customerIds", "references").get_by_label("Of").select_option("customers")
    add("photo", "file").get_by_label("Of type").fill("image/*")
    add("lockCode", "secret")
    add("grams", "weight")
    dialog.get_by_role("button", name="Declare it").click()
    announced(page, "Jobs is there")
    fields = {field["name"]: field for field in owner.send("GET", "/api/collections/jobs2")["fields"]}
    assert fields["state"]["moves"] == {"open": ["done"]} and fields["twice"]["readableBy"] == ["owner", "admin"]
    assert fields["customerIds"]["reference"] == "customers" and fields["photo"]["accept"] == ["image/*"]

    menu(page).get_by_role("link", name="Jobs").click()
    page.get_by_role("link", name="New job").first.click()
    page.get_by_label("Name").fill("Polish")
    page.get_by_label("Pieces").fill("4")
    page.get_by_label("Lock code").fill("sesame")
    expect(page.get_by_text("appliance record create")).not_to_contain_text("sesame")
    page.get_by_label("Grams").fill("1500")
    page.get_by_role("combobox", name="Customers").fill("ash")
    page.get_by_role("option", name="Asha").click()
    expect(page.get_by_role("list", name="Customers").get_by_role("listitem")).to_have_text(["Asha"])
    expect(page.get_by_label("Twice")).to_have_count(0)
    page.get_by_role("button", name="Create job").click()
    expect(heading(page, "J-001")).to_be_visible()
    record = owner.send("GET", "/api/jobs2")["items"][0]
    assert record["twice"] == 8 and record["number"] == "J-001" and "lockCode" not in record
    assert record["grams"] == 1500 and record["customerIds"] == [customer["id"]]
    facts = page.get_by_role("region", name="Job", exact=True)
    expect(facts.get_by_role("link", name="Asha", exact=True)).to_be_visible()


def test_what_the_page_shows_of_a_declaration_is_what_it_sends_back(page, owner):
    before = owner.send("GET", "/api/collections/jobs2")
    menu(page).get_by_role("link", name="Your collections").click()
    page.get_by_role("button", name="Change… Jobs").click()
    dialog = page.get_by_role("dialog", name="Change Jobs")
    expect(line(dialog, "state").get_by_label("Moves")).to_have_value("open > done")
    dialog.get_by_role("button", name="See what it does").click()
    expect(dialog.get_by_role("list", name="What it does")).to_have_text("No record is touched")
    dialog.get_by_role("button", name="Change it").click()
    announced(page, "Jobs is changed")
    after = owner.send("GET", "/api/collections/jobs2")
    assert {field["name"]: field for field in after["fields"]} == {
        field["name"]: field for field in before["fields"]}
