"""What both servers are loaded with. The same seed gives the same records on every machine."""

import csv
import datetime
import random

PRODUCT_COUNT = 10_000
CURRENCIES = ["INR", "USD", "EUR", "GBP"]
METALS = ["Gold", "Silver", "Platinum", "Rose gold"]
PIECES = ["ring", "chain", "bangle", "pendant", "earrings"]

CUSTOMER_COUNT = 23_570
PURCHASE_COUNT = 69_659


def products():
    """Products as the JSON API takes them. No two prices are equal, so a sorted list has one right answer."""
    source = random.Random(1)
    prices = source.sample(range(10_000, 5_000_000), PRODUCT_COUNT)
    return [
        {
            "sku": f"SKU-{number:05d}",
            "name": f"{source.choice(METALS)} {source.choice(PIECES)} {number:05d}",
            "description": f"Handmade, hallmarked and boxed. Design {source.randrange(1000):03d}.",
            "price": price,
            "currency": CURRENCIES[number % len(CURRENCIES)],
            "stock": source.randrange(100),
        }
        for number, price in enumerate(prices)
    ]


def write_products_csv(path, records):
    """CSV carries money in major units."""
    write_csv(path, list(records[0]), (
        {**record, "price": major_units(record["price"])}.values() for record in records))


def generated_purchases():
    """Rows (customer, date, quantity, amount in minor units) shaped like a small shop's log; every customer occurs."""
    source = random.Random(2)
    first_day = datetime.date(1997, 1, 1)
    customers = list(range(1, CUSTOMER_COUNT + 1))
    customers += source.choices(customers, k=PURCHASE_COUNT - CUSTOMER_COUNT)
    return [
        (f"{customer:05d}", str(first_day + datetime.timedelta(source.randrange(545))), source.randrange(1, 6), source.randrange(0, 7_000))
        for customer in customers
    ]


def purchases_of(log):
    """The rows of a purchase log with the columns customer, date, quantity, amountUSD."""
    with open(log, newline="") as file:
        return [
            (row["customer"], row["date"], int(row["quantity"]), minor_units(row["amountUSD"]))
            for row in csv.DictReader(file)
        ]


def write_customers_csv(path, purchases):
    distinct = sorted({row[0] for row in purchases})
    write_csv(path, ["externalId", "name"], ([customer, f"Customer {customer}"] for customer in distinct))
    return len(distinct)


def write_transactions_csv(path, purchases):
    columns = ["customerId.externalId", "occurredAt", "kind", "quantity", "amount", "currency"]
    write_csv(path, columns, (
        [customer, f"{date}T00:00:00.000Z", "sale", quantity, major_units(amount), "USD"]
        for customer, date, quantity, amount in purchases))
    return len(purchases)


def write_csv(path, columns, rows):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def major_units(minor):
    return f"{minor // 100}.{minor % 100:02d}"


def minor_units(major):
    whole, _, fraction = major.partition(".")
    return int(whole) * 100 + int(fraction.ljust(2, "0"))
