"""A shop's user takes records in from a file: columns matched, first rows looked at, faults told by line."""

import re

import pytest
from playwright.sync_api import expect

from operator_steps import as_owner, heading, row
from shop_api import make_shop

SLUG = "records-import"


@pytest.fixture(scope="module")
def shop(served, operator_state):
    owner = make_shop(served.url, SLUG, "Import Shop")
    owner.take_in("customers", "name,externalId\nThird,C-3\n")
    return owner


@pytest.fixture(scope="module")
def page(new_page, shop):
    return as_owner(new_page, SLUG)


def choose_file(page, name, text):
    page.goto("/admin#/shop/records/customers")
    expect(heading(page, "Customers")).to_be_visible()
    page.get_by_role("link", name="Import", exact=True).click()
    page.get_by_label("CSV file").set_input_files(
        files=[{"name": name, "mimeType": "text/csv", "buffer": text.encode()}])
    page.get_by_role("button", name="Look at it").click()


def test_an_import_maps_columns_shows_rows_and_reports(page, shop):
    choose_file(page, "people.csv", 'Customer,Town,External ID,Memo\n"Rao, Asha",Pune,C-500,x\nBela,Goa,C-3,y\n')
    columns = page.get_by_role("table", name="Columns of the file")
    expect(columns.get_by_role("row").filter(has_text="Customer")).to_contain_text("Rao, Asha")
    expect(page.get_by_label("Field for column External ID")).to_have_value("externalId")
    page.get_by_label("Field for column Customer").select_option(label="Name")
    page.get_by_label("Field for column Town").select_option(label="City")
    page.get_by_label("Records that exist already").select_option(label="Find them by external id")
    expect(page.get_by_role("code")).to_have_text(
        "appliance import people.csv --tenant records-import --collection customers --map Customer=name --map Town=city "
        "--map 'External ID=externalId' --upsert externalId")
    page.get_by_role("button", name="Import", exact=True).click()
    report = page.get_by_role("region", name="3. Imported")
    expect(report).to_contain_text("2 rows taken in")
    expect(report).to_contain_text(re.compile("New records\\s*1"))
    expect(report).to_contain_text("Memo")
    assert shop.send("GET", "/api/customers?externalId=C-3")["items"][0]["name"] == "Bela"
    assert shop.send("GET", "/api/customers?externalId=C-500")["items"][0]["city"] == "Pune"


def test_a_faulty_file_is_reported_by_line_and_changes_nothing(page, shop):
    page.watch.expect("422")
    choose_file(page, "bad.csv", "name,email\nGood,good@people.example\nBad,not an address\n")
    page.get_by_role("button", name="Import", exact=True).click()
    faulty = row(page, "Faults by line", "email")
    expect(faulty).to_contain_text("3")
    expect(faulty).to_contain_text("Not an e-mail address")
    assert shop.send("GET", "/api/customers?name=Good")["items"] == []
    page.get_by_role("button", name="Change the columns").click()
    expect(page.get_by_label("Field for column email")).to_be_visible()
