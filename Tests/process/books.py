"""The books of a shop: a file of purchases, what it adds up to, and what three readers make of the imported records."""

import csv
import io
import os
import random
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from appliance import REPOSITORY

CUSTOMERS = ("--map", "customer=externalId", "--upsert", "externalId")
PURCHASES = ("--map", "customer=customerId.externalId", "--map", "date=occurredAt", "--map", "amountUSD=amount")
HEADER = ["customer", "date", "quantity", "amountUSD"]
PAGE = 200


@dataclass
class Totals:
    customers: int
    transactions: int
    discs: int
    minor_units: int
    of_nothing: int


REAL_TOTALS = Totals(
    customers=23_570, transactions=69_659, discs=167_881, minor_units=250_031_563, of_nothing=80)


@dataclass
class Books:
    file: Path
    totals: Totals
    # Late in the file, so that much would have to be undone.
    bad_line: int


def real_file():
    """The purchase log of a real shop; None where it is not."""
    named = os.environ.get("APPLIANCE_BOOKS")
    path = Path(named) if named else REPOSITORY.parent / "shared" / "data" / "cdnow-purchases.csv"
    return path if path.exists() else None


def generate(path, purchases=3000, customers=900):
    """Writes a file of the same columns, the same each time, in which every customer occurs and some pay nothing."""
    chance = random.Random(1997)
    rows = []
    for number in range(purchases):
        customer = number if number < customers else chance.randrange(customers)
        cents = 0 if number % 500 == 7 else chance.randrange(1, 20_000)
        day = f"1997-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}"
        rows.append([f"{customer + 1:05}", day, chance.randrange(1, 9), f"{cents // 100}.{cents % 100:02}"])
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADER, *rows])
    return Books(path, add_up(path), bad_line=2_000)


def add_up(path):
    """The totals of a file of purchases."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return Totals(
        len({row["customer"] for row in rows}), *totals_of((row["quantity"], cents(row["amountUSD"])) for row in rows))


def totals_of(quantities_and_amounts):
    pairs = [(int(quantity), int(amount)) for quantity, amount in quantities_and_amounts]
    return (len(pairs), sum(quantity for quantity, _ in pairs), sum(amount for _, amount in pairs),
            sum(amount == 0 for _, amount in pairs))


def cents(text):
    return int(Decimal(text) * 100)


def with_bad_line(books, path):
    """Copies the file, with an amount that is none on one line (the header is line 1)."""
    lines = books.file.read_text(encoding="utf-8").splitlines()
    customer, day, quantity, _ = lines[books.bad_line - 1].split(",")
    lines[books.bad_line - 1] = f"{customer},{day},{quantity},twelve"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


# --- three readers

def count_through_the_api(shop):
    """Without reading every record."""
    return tuple(shop.get(f"/api/{name}?limit=1&count=exact").json()["total"] for name in ("customers", "transactions"))


def totals_through_the_api(shop):
    """Walks every page."""
    customers = sum(1 for _ in walk(shop, "customers", "id"))
    sales = walk(shop, "transactions", "quantity,amount")
    return Totals(customers, *totals_of((sale["quantity"], sale["amount"]) for sale in sales))


def walk(shop, collection, fields):
    connection = shop.appliance.connect()
    cursor = ""
    while cursor is not None:
        answer = shop.get(
            f"/api/{collection}?limit={PAGE}&sort=id&fields={fields}{cursor and '&cursor=' + cursor}",
            connection=connection)
        assert answer.status == 200, answer.body
        page = answer.json()
        yield from page["items"]
        cursor = page["nextCursor"]
    connection.close()


def totals_of_the_export(shop):
    return Totals(
        len(exported(shop, "customers")),
        *totals_of((row["quantity"], cents(row["amount"])) for row in exported(shop, "transactions")))


def exported(shop, collection):
    answer = shop.get(f"/api/{collection}", headers={"Accept": "text/csv"})
    assert answer.status == 200, answer.body
    return list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))


def totals_in_the_file(shop):
    return Totals(
        *shop.sql("SELECT count(*) FROM customers")[0],
        *shop.sql("SELECT count(*), sum(quantity), sum(amount), sum(amount = 0) FROM transactions")[0])
