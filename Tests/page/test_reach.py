"""Every page can be used by everyone: by screen reader, in light and dark, and on a phone."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from operator_steps import OWNER_PASSWORD, create_tenant
from shop_api import let_in, signed_in

SHOP = "tenants/reach-optics"
PAGES = [
    "overview", "tenants", SHOP, "backups", "schedule", "outbox", f"{SHOP}/records", f"{SHOP}/records/customers",
    f"{SHOP}/records/customers?city=Pune&sort=-name", f"{SHOP}/records/customers/new",
    f"{SHOP}/records/transactions/new", f"{SHOP}/records/customers/import",
    f"{SHOP}/users", f"{SHOP}/audit", "settings", "trash", "backups/report", "alerts"]
DIALOGS = [
    ("tenants", "Create tenant"), (SHOP, "Suspend…"), (SHOP, "Delete…"), ("backups", "Create snapshot"),
    ("backups", "Restore…"), ("backups/report", "Drill now…"),
    (f"{SHOP}/records/customers", "Filter…"), (f"{SHOP}/records/customers", "Sort…"),
    (f"{SHOP}/records/customers", "Columns…"), (f"{SHOP}/users", "New user"), (f"{SHOP}/users", "Role…")]
VIEWS = [("light", 1280), ("dark", 1280), ("light", 360), ("dark", 360)]
SERIOUS = {"serious", "critical"}


@pytest.fixture(scope="module", autouse=True)
def shop(served, new_page, operator_state):
    page = new_page(state=operator_state)
    page.goto("/admin")
    slug = create_tenant(page, "Reach Optics")
    let_in(served.url, slug)
    owner = signed_in(served.url, f"owner@{slug}.example", OWNER_PASSWORD, slug)
    owner.take_in("customers", "name,email,city\nAsha Rao,asha@people.example,Pune\nBela Shah,,Pune\n")
    return owner


@pytest.fixture(params=VIEWS, ids=lambda view: f"{view[0]}-{view[1]}", scope="module")
def page(request, new_page, operator_state):
    theme, width = request.param
    return new_page(theme=theme, width=width, state=operator_state)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_no_barrier(page, path):
    open_page(page, path)
    check(page)


@pytest.mark.parametrize(("path", "button"), DIALOGS)
def test_a_dialog_has_no_barrier(page, path, button):
    open_page(page, path)
    page.get_by_role("button", name=button).first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    check(page)


@pytest.mark.parametrize("rest", ["", "/edit"])
def test_a_record_has_no_barrier(page, shop, rest):
    asha = shop.send("GET", "/api/customers?name=Asha%20Rao")["items"][0]["id"]
    open_page(page, f"{SHOP}/records/customers/{asha}{rest}")
    check(page)


def test_open_suggestions_have_no_barrier(page):
    open_page(page, f"{SHOP}/records/transactions/new")
    page.get_by_role("combobox", name="Customer").fill("a")
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    check(page)


def test_columns_of_a_file_have_no_barrier(page):
    open_page(page, f"{SHOP}/records/customers/import")
    page.get_by_label("CSV file").set_input_files(
        files=[{"name": "a.csv", "mimeType": "text/csv", "buffer": b"Customer,city,x\nAsha,Pune,1\n"}])
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_role("table", name="Columns of the file")).to_be_visible()
    check(page)


@pytest.mark.parametrize(("theme", "width"), VIEWS)
def test_the_sign_in_has_no_barrier(new_page, theme, width):
    page = new_page(theme=theme, width=width)
    page.goto("/admin")
    expect(page.get_by_label("Email")).to_be_focused()
    check(page)
    page.watch.check()


def open_page(page, path):
    page.goto(f"/admin#/{path}")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    # Judged when everything has arrived, not while grey bars still stand in for it.
    expect(page.locator(".loading")).to_have_count(0)


def check(page):
    found = [
        f"{one['id']} ({one['impact']}): {one['help']}\n  " + "\n  ".join(node["html"] for node in one["nodes"])
        for one in Axe().run(page).response["violations"] if one["impact"] in SERIOUS]
    assert not found, "\n".join(found)
    too_wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert too_wide <= 0, f"the page is {too_wide} px wider than the window"
