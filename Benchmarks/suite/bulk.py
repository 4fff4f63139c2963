"""Rates of the bulk work that only Appliance has: CSV import, snapshot, restore."""

import json
import time

from . import dataset
from .failure import BenchmarkFailure
from .machine import say

BOOKS = "books"
BYTES_PER_MIB = 1024**2


def measure(appliance, log, folder):
    appliance.add_tenant(BOOKS)
    purchases = dataset.purchases_of(log) if log else dataset.generated_purchases()
    customers, transactions = folder / "customers.csv", folder / "transactions.csv"
    customer_count = dataset.write_customers_csv(customers, purchases)
    transaction_count = dataset.write_transactions_csv(transactions, purchases)
    results = [
        imported(appliance, customers, "customers", customer_count, "--upsert", "externalId"),
        imported(appliance, transactions, "transactions", transaction_count),
    ]
    snapshot, took = timed(appliance.command, "backup", "create")
    if not snapshot["verified"]:
        raise BenchmarkFailure(f"the snapshot is not verified: {snapshot}")
    results.append(data_rate("snapshot of all tenants, verified", snapshot_bytes(appliance, snapshot["id"]), took))
    results.append(restored(appliance, snapshot["id"], "bench"))
    results.append(restored(appliance, snapshot["id"], BOOKS))
    expect_count(appliance, "transactions", transaction_count)
    expect_count(appliance, "customers", customer_count)
    return results


def imported(appliance, file, collection, rows, *options):
    _, took = timed(appliance.command, "import", file, "--tenant", BOOKS, "--collection", collection, *options)
    expect_count(appliance, collection, rows)
    say(f"import of {rows:,} {collection}: {rows / took:,.0f} rows/s")
    return {"work": f"import of {rows:,} {collection} by CSV", "seconds": took, "rate": rows / took, "unit": "rows/s"}


def restored(appliance, snapshot, tenant):
    _, took = timed(appliance.command, "restore", "--tenant", tenant, "--snapshot", snapshot, "--yes")
    return data_rate(f"restore of one tenant ({tenant})", snapshot_bytes(appliance, snapshot, tenant), took)


def timed(action, *arguments):
    begin = time.perf_counter()
    answer = action(*arguments)
    return answer, time.perf_counter() - begin


def data_rate(work, size, took):
    say(f"{work}: {size / BYTES_PER_MIB:.0f} MiB in {took:.2f} s")
    return {"work": f"{work}, {size / BYTES_PER_MIB:.0f} MiB", "seconds": took, "rate": size / BYTES_PER_MIB / took, "unit": "MiB/s"}


def expect_count(appliance, collection, rows):
    found = appliance.count(BOOKS, collection)
    if found != rows:
        raise BenchmarkFailure(f"{collection}: {found} records instead of {rows}")


def snapshot_bytes(appliance, snapshot, tenant=None):
    """Uncompressed size of the databases in a snapshot, of all tenants or of the one with the slug `tenant`."""
    manifest = json.loads((appliance.folder / "backups/snapshots" / snapshot / "manifest.json").read_text())
    return sum(file["bytes"] for file in manifest["files"] if tenant in (None, file.get("tenant", {}).get("slug")))
