"""Any second of a shop's life comes back, exactly as a client outside wrote it down, and the other shops notice nothing.

The client adds numbered customers one after the other and notes when it sent each and when it was answered. Restored to
an instant, the shop must hold the first so many of them: all that were answered before the second of the instant began,
none that was sent after the instant.
"""

import datetime
import os
import threading
import time
from contextlib import closing

import pytest

from appliance import wait_until
from shop import read_sqlite

POINTS = int(os.environ.get("APPLIANCE_RESTORE_POINTS", "20"))
WRITING_SECONDS = float(os.environ.get("APPLIANCE_RESTORE_WRITING", "8"))


class Diary:
    """What one client did: for each number, when it was sent and when it was acknowledged."""

    def __init__(self, shop):
        self.shop = shop
        self.sent, self.answered = [], []

    def write(self, seconds):
        end = time.time() + seconds
        with closing(self.shop.appliance.connect()) as connection:
            while time.time() < end:
                self.sent.append(time.time())
                answer = self.shop.add_customer(f"{len(self.sent):06}", connection=connection)
                assert answer.status == 201, answer.body
                self.answered.append(time.time())

    def check(self, numbers, at):
        assert numbers == list(range(1, len(numbers) + 1)), "not the first so many"
        owed = sum(answered < int(at) for answered in self.answered)
        possible = sum(sent <= at for sent in self.sent)
        assert owed <= len(numbers) <= possible, f"{len(numbers)} records, {owed} to {possible} are right"


def text(instant):
    return datetime.datetime.fromtimestamp(instant, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def numbers(path):
    return [int(name) for (name,) in read_sqlite(path, "SELECT externalId FROM customers ORDER BY externalId")]


def pass_second(seconds=1):
    """Lets the wall clock, by which restores go, move on; the moment it is afterwards."""
    end = time.time() + seconds
    wait_until(lambda: time.time() >= end, seconds + 5, "time passes")
    return time.time()


def log_files(shop, kind="*"):
    return sorted((shop.appliance.backups / "log" / shop.id).rglob(f"*.{kind}"))


@pytest.fixture
def shops(appliance):
    """Two shops, signed in, whose logs have begun: nothing before that moment is promised."""
    made = [appliance.add_shop("first"), appliance.add_shop("second")]
    appliance.start()
    for shop in made:
        shop.sign_in()
        wait_until(lambda: log_files(shop, "base"), 10, "the change log begins")
    return made


def test_a_restore_point_is_the_prefix_of_what_a_client_wrote(appliance, shops, chance):
    diaries = [Diary(shop) for shop in shops]
    start = pass_second()
    writers = [threading.Thread(target=diary.write, args=(WRITING_SECONDS,)) for diary in diaries]
    for writer in writers:
        writer.start()
    for _ in range(2):
        pass_second(WRITING_SECONDS / 4)
        appliance.cli("backup", "create")
    for writer in writers:
        writer.join()
    end = time.time()
    for number in range(POINTS):
        diary = diaries[number % 2]
        at = chance.uniform(start, end)
        into = appliance.folder / f"past-{number}"
        appliance.cli("restore", "--tenant", diary.shop.slug, "--at", text(at), "--into", into, "--yes")
        diary.check(numbers(into / "tenants" / diary.shop.id / "tenant.sqlite"), at)


def test_the_log_survives_kill_9(appliance, shops, chance):
    diary = Diary(shops[0])
    start = pass_second()
    for _ in range(4):
        diary.write(chance.uniform(0.2, 1.2))
        appliance.kill()
        pass_second(chance.uniform(0, 1.2))
        appliance.start()
        shops[0].sign_in()
    end = time.time()
    for number in range(8):
        at = chance.uniform(start, end)
        into = appliance.folder / f"past-{number}"
        appliance.cli("restore", "--tenant", "first", "--at", text(at), "--into", into, "--yes")
        found = numbers(into / "tenants" / shops[0].id / "tenant.sqlite")
        assert found == list(range(1, len(found) + 1))
        # What a killed process had not logged yet comes back as of the WAL's last write: late, never early.
        assert len(found) <= sum(sent <= at for sent in diary.sent)
    into = appliance.folder / "now"
    appliance.cli("restore", "--tenant", "first", "--at", "now", "--into", into, "--yes")
    assert len(numbers(into / "tenants" / shops[0].id / "tenant.sqlite")) == len(diary.answered)


def test_in_place_and_back_again(appliance, shops):
    diary = Diary(shops[0])
    diary.write(0.3)
    before, then = len(diary.sent), pass_second()
    pass_second()
    diary.write(0.3)
    everything, later = len(diary.sent), pass_second()
    other = shops[1]
    restored = appliance.json("restore", "--tenant", "first", "--at", text(then), "--yes")["restored"][0]
    assert restored["tenant"] == "first" and restored["at"] <= text(then) and restored["undo"]
    shops[0].sign_in()
    assert shops[0].get("/api/customers?limit=1&count=exact").json()["total"] == before
    assert other.get("/api/customers").status == 200
    # A restore is not the end of the log: the later state is still there.
    appliance.cli("restore", "--tenant", "first", "--at", text(later), "--yes")
    shops[0].sign_in()
    assert shops[0].get("/api/customers?limit=1&count=exact").json()["total"] == everything


def test_a_lost_file_comes_back_without_a_loss(appliance, shops):
    diary = Diary(shops[0])
    diary.write(0.3)
    pass_second()
    diary.write(0.3)
    shops[0].file.unlink()
    appliance.cli("restore", "--tenant", "first", "--at", "now", "--yes")
    shops[0].sign_in()
    assert shops[0].get("/api/customers?limit=1&count=exact").json()["total"] == len(diary.sent)


def test_a_damaged_log_is_refused_and_the_shop_stays(appliance, shops, chance):
    Diary(shops[0]).write(0.5)
    pass_second(1.5)
    victim = chance.choice(log_files(shops[0]))
    content = bytearray(victim.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    victim.write_bytes(content)
    said = appliance.cli("restore", "--tenant", "first", "--at", "now", "--yes", code=1).stderr
    assert "is damaged" in said and victim.name in said
    assert shops[0].get("/api/customers").status == 200
