"""The main job on real input: the books of a shop are taken in, add up, and come back after the worst."""

import shutil
from contextlib import closing

import pytest

import books as reading
from appliance import Appliance
from books import CUSTOMERS, PURCHASES
from shop import read_sqlite
from watcher import nobody_else_notices

GARBAGE = b"This was a database once. " * 4096


@pytest.fixture(scope="module")
def house():
    """An appliance with two shops, both signed in."""
    with closing(Appliance()) as appliance:
        appliance.init()
        shop = appliance.add_shop("discs", "--currency", "USD")
        other = appliance.add_shop("corner-books", "--currency", "EUR")
        appliance.start()
        other.sign_in()
        assert other.add_customer("REGULAR").status == 201
        yield appliance, shop.sign_in(), other


@pytest.fixture(scope="module", params=["generated", "real"])
def books(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("books")
    if request.param == "generated":
        return reading.generate(folder / "purchases.csv")
    if path := reading.real_file():
        return reading.Books(path, reading.REAL_TOTALS, bad_line=40_000)
    pytest.skip("the real purchase log is not here; APPLIANCE_BOOKS names it")


@pytest.fixture(scope="module")
def shop(house, books):
    """The shop with its books taken in; a new one for each file."""
    appliance, shop, _ = house
    if reading.count_through_the_api(shop) != (0, 0):
        shop = appliance.add_shop("more-discs", "--currency", "USD").sign_in()
    imported = take_in(shop, books)
    assert imported["customers"]["created"] == books.totals.customers
    assert imported["transactions"]["created"] == books.totals.transactions
    return shop


def take_in(shop, books):
    def run(collection, *mapping):
        return shop.appliance.json("import", books.file, "--tenant", shop.slug, "--collection", collection, *mapping)

    return {"customers": run("customers", *CUSTOMERS), "transactions": run("transactions", *PURCHASES)}


def test_the_api_the_export_and_sqlite_agree_on_every_number(shop, books):
    counts = (books.totals.customers, books.totals.transactions)
    assert reading.count_through_the_api(shop) == counts
    assert reading.totals_through_the_api(shop) == books.totals
    assert reading.totals_of_the_export(shop) == books.totals
    assert reading.totals_in_the_file(shop) == books.totals


def test_importing_the_customers_again_changes_nothing(shop, books):
    before = shop.sql("SELECT * FROM customers ORDER BY id")
    report = shop.appliance.json(
        "import", books.file, "--tenant", shop.slug, "--collection", "customers", *CUSTOMERS)
    assert (report["created"], report["updated"], report["unchanged"]) == (0, 0, books.totals.transactions)
    assert shop.sql("SELECT * FROM customers ORDER BY id") == before


def test_a_bad_line_is_named_and_leaves_nothing_behind(shop, books, tmp_path):
    file = reading.with_bad_line(books, tmp_path / "bad.csv")
    failed = shop.appliance.cli(
        "import", file, "--tenant", shop.slug, "--collection", "transactions", *PURCHASES, code=65)
    named = [line.strip() for line in failed.stderr.splitlines() if line.strip().startswith("line ")]
    assert len(named) == 1 and named[0].startswith(f"line {books.bad_line}, amountUSD: "), failed.stderr
    assert len(named[0]) > len(f"line {books.bad_line}, amountUSD: "), "no reason is given"
    assert_all_is_there(shop, books)


@pytest.mark.parametrize("way", ["offline", "online"])
def test_a_shop_whose_folder_is_gone_comes_back(house, shop, books, way):
    appliance, _, other = house
    lost = back_up_and_write_more(shop)
    appliance.stop()
    shutil.rmtree(shop.file.parent)
    appliance.start()
    with nobody_else_notices(other):
        refused = shop.get("/api/customers")
        assert (refused.status, refused.headers["Content-Type"]) == (503, "application/problem+json")
        assert int(refused.headers["Retry-After"]) > 0
    if way == "offline":
        appliance.stop()
        restored = restore(shop)
        appliance.start()
    else:
        with nobody_else_notices(other):
            restored = restore(shop)
    assert restored["undo"] is None, "nothing was left to keep"
    assert_restored(shop, books, lost)


def test_a_shop_whose_file_is_overwritten_comes_back_while_the_others_are_served(house, shop, books):
    appliance, _, other = house
    lost = back_up_and_write_more(shop)
    with nobody_else_notices(other):
        overwrite(shop.file)
        for _ in range(20):
            assert shop.get("/api/customers?q=lost").status in (200, 503)
        restored = restore(shop)
        assert_restored(shop, books, lost)
    kept = appliance.data / restored["undo"] / "tenant.sqlite"
    assert kept.read_bytes().startswith(GARBAGE), "what was there is in the undo folder"


def test_what_a_restore_replaces_is_kept(house, shop, books, tmp_path):
    appliance, _, other = house
    lost = back_up_and_write_more(shop)
    with nobody_else_notices(other):
        restored = restore(shop)
    assert restored["undo"].startswith("undo/")
    kept = tmp_path / "kept"
    shutil.copytree(appliance.data / restored["undo"], kept)
    found = read_sqlite(
        kept / "tenant.sqlite", f"SELECT count(*) FROM customers WHERE externalId IN ({', '.join(map(repr, lost))})")
    assert found == [(len(lost),)]
    assert_restored(shop, books, lost)


# --- the steps of the story

def back_up_and_write_more(shop):
    """The customers that only the time after the backup knows."""
    made = shop.appliance.json("backup", "create")
    assert made["verified"] is True
    # On the hour the server takes another, which would be the latest.
    shop.back = ("--snapshot", made["id"])
    later = [f"LATER-{number}" for number in range(25)]
    shop.sign_in()
    assert {shop.add_customer(name).status for name in later} == {201}
    return later


def restore(shop):
    outcomes = shop.appliance.json("restore", "--tenant", shop.slug, *shop.back, "--yes")["restored"]
    assert [outcome["tenant"] for outcome in outcomes] == [shop.slug]
    return outcomes[0]


def overwrite(file):
    """In place, so that the server's open file is hit."""
    with open(file, "r+b") as live:
        live.write(GARBAGE)


def assert_restored(shop, books, lost):
    shop.sign_in()
    assert shop.get(f"/api/customers?externalId[in]={','.join(lost)}").json()["items"] == []
    assert_all_is_there(shop, books)


def assert_all_is_there(shop, books):
    assert reading.count_through_the_api(shop) == (books.totals.customers, books.totals.transactions)
    assert reading.totals_of_the_export(shop) == books.totals
    assert reading.totals_in_the_file(shop) == books.totals
