"""Backups that are bombs are refused in little memory, and the file is named.

What somebody with the backups folder can make has right sums and, where the key is not asked for, is read: then every
limit behind the seal holds as well. Bounds are on top of what refusing a missing file takes.
"""

import gzip
import hashlib
import json
import re
import subprocess
import sys

import pytest

from appliance import binary

MIB = 1 << 20
# The stated bound: two rounds of blocks at a time, SQLite's caches, and what the allocator keeps.
BOUND_MIB = 32


@pytest.fixture
def shop(appliance):
    """With a snapshot; no server runs."""
    shop = appliance.add_shop("acme")
    appliance.cli("backup", "create")
    shop.snapshot, = (appliance.backups / "snapshots").iterdir()
    shop.stored = shop.snapshot / "tenants" / f"{shop.id}.sqlite.gz"
    return shop


# A process counts the memory of the one that forked it as its own, and this one is large: a small one goes between.
LAUNCHER = """
import os, sys
process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, used = os.wait4(process, 0)
print(os.waitstatus_to_exitcode(status), used.ru_maxrss)
"""


def refuse(appliance, *command, named):
    """Runs a command that must fail and name the file; its peak memory in MiB."""
    done = subprocess.run(
        [sys.executable, "-S", "-c", LAUNCHER, binary(), *command], env=appliance.environment(),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=appliance.folder)
    code, peak = done.stdout.split()[-2:]
    assert code == "1" and named in done.stderr, done.stdout + done.stderr
    return int(peak) / 1024


def forge(shop, **values):
    """The manifest as a stranger writes it: other values for the shop's file, and a right checksum."""
    manifest = json.loads((shop.snapshot / "manifest.json").read_text())
    entry = next(file for file in manifest["files"] if "tenant" in file)
    stored = shop.stored.read_bytes()
    entry |= {"storedBytes": len(stored), "storedSha256": hashlib.sha256(stored).hexdigest(), **values}
    write(shop, manifest)


def write(shop, manifest):
    text = json.dumps(manifest | {"checksum": "0" * 64}, sort_keys=True)
    text = text.replace("0" * 64, hashlib.sha256(text.encode()).hexdigest(), 1)
    (shop.snapshot / "manifest.json").write_text(text)


def usual_peak(appliance, shop):
    away = shop.stored.rename(shop.stored.with_suffix(".away"))
    peak = refuse(appliance, "restore", "--yes", "--unsealed", named=shop.stored.name)
    away.rename(shop.stored)
    return peak


def zeros(count, members):
    member = gzip.compress(bytes(count // members), 9, mtime=0)
    return member * members


BOMBS = {
    "a gigabyte in many members": lambda: zeros(1024 * MIB, 4096),
    "a gigabyte in few members": lambda: zeros(1024 * MIB, 8),
    "a head without an end": lambda: b"\x1f\x8b\x08\x08" + bytes(6) + b"x" * (64 * MIB),
    "gzip in gzip": lambda: gzip.compress(zeros(1024 * MIB, 4096), 9),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_stopped_at_the_promised_size(appliance, shop, bomb):
    usual = usual_peak(appliance, shop)
    shop.stored.write_bytes(BOMBS[bomb]())
    forge(shop)
    for command in ("restore", "--yes", "--unsealed"), ("restore", "--tenant", "acme", "--yes", "--unsealed"):
        peak = refuse(appliance, *command, named=shop.stored.name)
        print(f"{bomb}: {usual:.0f} MiB usually, {peak:.0f} MiB now")
        assert peak < usual + BOUND_MIB
    assert list((appliance.data / "undo").iterdir()) == []


def test_a_bomb_that_keeps_its_promise_takes_disk_and_no_memory(appliance, shop):
    usual = usual_peak(appliance, shop)
    shop.stored.write_bytes(zeros(128 * MIB, 512))
    forge(shop, bytes=128 * MIB, sha256=hashlib.sha256(bytes(128 * MIB)).hexdigest())
    peak = refuse(appliance, "restore", "--yes", "--unsealed", named=shop.stored.name)
    assert peak < usual + BOUND_MIB
    assert not [entry for entry in (appliance.data / "tenants").iterdir() if entry.name.startswith(".")]


def test_what_a_stranger_wrote_is_not_even_read_as_json(appliance, shop):
    """A manifest of a million files; where there is a key its seal is looked at first."""
    usual = usual_peak(appliance, shop)
    manifest = json.loads((shop.snapshot / "manifest.json").read_text())
    entry = next(file for file in manifest["files"] if "tenant" in file)
    text = re.sub(r"\s+", " ", json.dumps(entry))
    whole = json.dumps(manifest | {"files": []}).replace('"files": []', '"files": [' + ",".join([text] * 150_000) + "]")
    (shop.snapshot / "manifest.json").write_text(whole)
    size = (shop.snapshot / "manifest.json").stat().st_size
    assert size > 100 * MIB
    peak = refuse(appliance, "restore", "--yes", named="manifest.json")
    assert peak < usual + BOUND_MIB
    (shop.snapshot / "manifest.seal").unlink()
    assert refuse(appliance, "restore", "--yes", named="it has no seal") < usual + BOUND_MIB
