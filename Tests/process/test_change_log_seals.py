"""What somebody who can write to the backups folder, and has not master.key, puts into a shop's change log comes back nowhere.

A forged file here is the best that such a person can make: its pages are changed, every sum in it is right, and what
follows would go on from it.
"""

import gzip
import hashlib
import shutil
import time

import pytest

from appliance import wait_until
from shop import read_sqlite

HEAD_BYTES, SEAL_BYTES = 272, 96
PAYLOAD_LENGTH, PAYLOAD_SUM = slice(84, 92), slice(112, 144)
UNKNOWN = "is not known to be ours"


def log_files(shop):
    return sorted(path for path in (shop.appliance.backups / "log" / shop.id).glob("*/*") if path.suffix != ".seals")


def has(path, text):
    return any(text in gzip.decompress(payload) for _, payload in batches(path))


def settled(shop, text):
    """The log's last file, once it has the text, and a second behind it in which nothing was written."""
    while True:
        wait_until(lambda: has(log_files(shop)[-1], text), 10, f"{text} is in the log")
        last = log_files(shop)[-1]
        second = int(last.stem.rsplit("-", 1)[1]) // 1000 + 1
        wait_until(lambda: time.time() >= second + 1, 5, "time passes")
        if log_files(shop)[-1] == last:
            return last, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second))


def batches(path):
    content = path.read_bytes()
    assert content[-SEAL_BYTES:].startswith(b"APLBSEAL")
    content = content[:-SEAL_BYTES]
    while content:
        head, length = content[:HEAD_BYTES], int.from_bytes(content[PAYLOAD_LENGTH], "big")
        yield head, content[HEAD_BYTES:HEAD_BYTES + length]
        content = content[HEAD_BYTES + length:]


def forge(path, text, forged):
    """Writes the file anew with another text in it; how often it was there. It keeps the chain only as the last one."""
    content, count = b"", 0
    for head, payload in batches(path):
        pages = gzip.decompress(payload)
        count += pages.count(text)
        payload = gzip.compress(pages.replace(text, forged))
        head = bytearray(head)
        head[PAYLOAD_LENGTH] = len(payload).to_bytes(8, "big")
        head[PAYLOAD_SUM] = hashlib.sha256(payload).digest()
        content += bytes(head[:-32]) + hashlib.sha256(head[:-32]).digest() + payload
    path.write_bytes(content)
    return count


def names(path):
    return {name for (name,) in read_sqlite(path, "SELECT externalId FROM customers")}


@pytest.fixture
def shop(appliance):
    """Signed in, with a customer that is in the last file of its log."""
    shop = appliance.add_shop("acme")
    appliance.start()
    shop.sign_in()
    wait_until(lambda: log_files(shop), 10, "the change log begins")
    appliance.cli("backup", "create")
    assert shop.add_customer("HONEST").status == 201
    return shop


def test_a_forged_file_is_refused_by_whoever_reads_it(appliance, shop):
    victim, second = settled(shop, b"HONEST")
    good = victim.read_bytes()
    assert forge(victim, b"HONEST", b"FORGED") > 0
    into = appliance.folder / "into"
    commands = [["--tenant", "acme", "--yes"], ["--tenant", "acme", "--into", into, "--yes"],
                ["--tenant", "acme", "--as", "acme-then"], ["--yes"]]
    for command in commands:
        said = appliance.cli("restore", "--at", second, *command, code=1).stderr
        assert victim.name in said and f"{UNKNOWN}: it has no seal" in said and "--unsealed" in said, said
    assert not into.exists() or list(into.iterdir()) == []
    answer = shop.get(f"/api/customers?at={second}")
    assert (answer.status, answer.code) == (409, "backup_unsealed")
    answer = appliance.request(
        "POST", "/api/admin/restores", {"tenants": ["acme"], "at": second, "confirm": "acme"},
        token=appliance.operator_token())
    assert answer.status in (200, 409) and b"backup_unsealed" in answer.body
    assert {item["externalId"] for item in shop.get("/api/customers").json()["items"]} == {"HONEST"}
    # A stranger's seal, and the one of the file that was there, help nobody.
    forged = victim.read_bytes()
    seal = bytearray(good[-SEAL_BYTES:])
    for key, expected in ((seal[16:24], "its seal does not match"), (bytes(8), "it was sealed with another master.key")):
        seal[16:24] = key
        seal[-8:] = hashlib.sha256(seal[:-8]).digest()[:8]
        victim.write_bytes(forged + seal)
        assert expected in appliance.cli("restore", "--tenant", "acme", "--at", second, "--yes", code=1).stderr
    appliance.stop()
    # Without a server as well; and it was a good forgery.
    victim.write_bytes(forged)
    assert victim.name in appliance.cli("restore", "--at", second, "--yes", code=1).stderr
    assert names(shop.file) == {"HONEST"}
    appliance.cli("restore", "--at", second, "--into", into, "--yes", "--unsealed")
    assert names(into / "tenants" / shop.id / "tenant.sqlite") == {"FORGED"}
    victim.write_bytes(good)
    appliance.cli("restore", "--at", second, "--yes")
    assert names(shop.file) == {"HONEST"}


def test_a_file_of_another_shop_stands_for_none_of_this_one(appliance, shop):
    other = appliance.add_shop("other")
    other.sign_in()
    wait_until(lambda: log_files(other), 10, "the change log begins")
    appliance.stop()
    mine, theirs = log_files(shop), log_files(other)
    mine[0].write_bytes(theirs[0].read_bytes())
    # Otherwise it might begin with the snapshot, and not need that file.
    shutil.rmtree(appliance.backups / "snapshots")
    said = appliance.cli("restore", "--tenant", "acme", "--at", "now", "--into", appliance.folder / "into", "--yes", code=1)
    assert mine[0].name in said.stderr and "its seal does not match" in said.stderr, said.stderr


def test_keys_may_be_changed_and_forgotten(appliance, shop):
    appliance.json("secrets", "rotate")
    shop.sign_in()
    assert shop.add_customer("ROTATED").status == 201
    appliance.cli("restore", "--tenant", "acme", "--at", "now", "--into", appliance.folder / "first", "--yes")
    appliance.json("secrets", "forget-retired", "--yes")
    for number, place in enumerate(("second", "third")):
        appliance.cli("restore", "--tenant", "acme", "--at", "now", "--into", appliance.folder / place, "--yes")
        assert names(appliance.folder / place / "tenants" / shop.id / "tenant.sqlite") == {"HONEST", "ROTATED"}
        if number == 0:
            appliance.kill()
    # A seal holds wherever the folder lies.
    copied = appliance.backups.rename(appliance.folder / "copied")
    shutil.rmtree(copied / "snapshots")
    appliance.cli(
        "restore", "--tenant", "acme", "--at", "now", "--from", copied, "--into", appliance.folder / "log", "--yes")
    assert names(appliance.folder / "log" / "tenants" / shop.id / "tenant.sqlite") == {"HONEST", "ROTATED"}


def test_a_log_of_before_there_were_seals_goes_on(appliance, shop):
    appliance.stop()
    count = 0
    for path in (appliance.backups / "log").glob("*/0*/*"):
        path.write_bytes(path.read_bytes()[:-SEAL_BYTES])
        count += 1
    assert count > 2
    (appliance.data / "log.sealed").unlink()
    before = log_files(shop)
    appliance.start()
    shop.sign_in()
    assert shop.add_customer("LATER").status == 201
    wait_until(lambda: len(log_files(shop)) > len(before), 10, "the change log goes on")
    assert {path.parent for path in log_files(shop)} == {path.parent for path in before}
    shutil.rmtree(appliance.backups / "snapshots")
    appliance.cli("restore", "--tenant", "acme", "--at", "now", "--into", appliance.folder / "into", "--yes")
    assert names(appliance.folder / "into" / "tenants" / shop.id / "tenant.sqlite") == {"HONEST", "LATER"}
    # Once: what comes without a seal later is a stranger's.
    victim = log_files(shop)[-1]
    victim.write_bytes(victim.read_bytes()[:-SEAL_BYTES])
    appliance.stop()
    appliance.start()
    said = appliance.cli("restore", "--tenant", "acme", "--at", "now", "--yes", code=1).stderr
    assert victim.name in said and f"{UNKNOWN}: it has no seal" in said
