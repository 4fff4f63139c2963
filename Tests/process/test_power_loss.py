"""Power loss at any moment: a traced server, and the states in which its disk may be found (see `crash_disk`).

APPLIANCE_POWER_LOSSES=20000 looks at that many states instead of 500.
"""

import itertools
import os
import sqlite3
import tempfile
import threading
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from after_power_loss import Acknowledged, Lost, check
from appliance import STOP_SECONDS, Appliance, wait_until
from client import PASSWORD
from crash_disk import CrashDisk
from traced import is_complete, read_calls, tracing

STATES = int(os.environ.get("APPLIANCE_POWER_LOSSES", "500"))
# One of so many states is also opened by a server.
SERVED = 25
# Enough for a WAL that goes into its file in parts.
LONG_ROWS = 16_000
CHECKPOINT_SECONDS = 30
# sqlite.org/fileformat2.html#walformat
WAL_HEADER = 32
NUMBERS = itertools.count()
# In memory, where there is a file system for it: nothing depends on this copy.
FAST_FOLDER = "/dev/shm" if os.path.isdir("/dev/shm") else None


class Recording:
    """What an appliance did to its disk while a scenario ran, and what it told its clients."""

    def __init__(self, appliance, scenario, chance):
        appliance.backups.mkdir(exist_ok=True)
        self.roots = [appliance.data, appliance.backups]
        trace = appliance.folder / "trace"
        shops = [appliance.add_shop(slug) for slug in ("first", "second")]
        self.disk = CrashDisk(self.roots, chance)
        appliance.start(under=tracing(trace, *STRACE_OPTIONS.get(scenario, ())))
        self.restorable = scenario(appliance, [shop.sign_in() for shop in shops]) or {}
        appliance.stop()
        wait_until(lambda: is_complete(trace), STOP_SECONDS, "the trace ends")
        self.calls = sorted(read_calls(trace), key=place)
        trace.unlink()

    def crash(self, states, skipped=frozenset()):
        """What became of acknowledged work in `states` power losses, by outcome; once, for playing uses the disk up."""
        disk, chance = self.disk, self.disk.chance
        self.told = told = Acknowledged(restorable=self.restorable)
        moments = Counter(chance.randrange(len(self.calls) + 1) for _ in range(states))
        outcomes = Counter()
        for number, call in enumerate([*self.calls, None]):
            for _ in range(moments[number]):
                is_served = sum(outcomes.values()) % SERVED == 0
                outcomes[look_at(disk, told, is_served)] += 1
            if call is None:
                return outcomes
            if is_answer(call):
                told.note(b"".join(call.strings()))
            elif number not in skipped:
                if call.name == "renameat2":
                    told.note_exchange()
                disk.play(call)


def is_answer(call):
    return call.name in ("write", "writev", "sendto", "sendmsg") and any(
        text.startswith(b"HTTP/1.1 ") for text in call.strings()[:1])


def place(call):
    """Where a call takes effect. A descriptor may be used anew before its close returns, and a client may know an
    answer before the server's call returns."""
    return call.start if call.name == "close" or is_answer(call) else call.end


def look_at(disk, told, is_served):
    """Writes one state of the disk and looks whether all is well with it."""
    with tempfile.TemporaryDirectory(prefix="ap-", dir=FAST_FOLDER) as name:
        folder = Path(name)
        disk.write_state(folder)
        try:
            if is_served:
                serve(folder)
            check(folder, told)
        except Lost as lost:
            return f"lost {lost}"
        except (AssertionError, OSError, ValueError, sqlite3.DatabaseError) as broken:
            return f"broken: {type(broken).__name__} {broken}"
        return "ok"


def serve(folder):
    """A server starts on it by itself, and every shop that it knows is in service."""
    with closing(Appliance()) as appliance:
        appliance.data, appliance.backups = folder / "data", folder / "backups"
        appliance.start()
        assert [tenant["slug"] for tenant in appliance.json("tenant", "list")["items"]
                if appliance.json("tenant", "show", tenant["slug"])["storage"]["state"] != "ok"] == []
        appliance.stop()


# --- scenarios: each is given an appliance that runs, with the owners of its two shops signed in

def writes(appliance, shops):
    add_customers(shops, 40)


def checkpoints(appliance, shops):
    for number in range(2):
        file = appliance.folder / "long.csv"
        file.write_text("externalId,notes\n" + "".join(f"L{number}-{row},{'x' * 900}\n" for row in range(LONG_ROWS)))
        appliance.cli("import", file, "--tenant", shops[0].slug, "--collection", "customers")
        add_customers(shops, 10)

    def is_in_the_file():
        add_customers(shops, 2)
        return shops[0].file.stat().st_size > 2 * LONG_ROWS * 900

    # With the first commit after the change log has what the WAL holds.
    wait_until(is_in_the_file, CHECKPOINT_SECONDS, "a checkpoint")


def failing_checkpoints(appliance, shops):
    """Syncs fail while parts of a WAL are on their way into the file."""
    file = appliance.folder / "long.csv"
    for number in range(2):
        file.write_text("externalId,notes\n" + "".join(f"F{number}-{row},{'x' * 900}\n" for row in range(LONG_ROWS)))
        # Whether a sync of it fails is left to chance.
        appliance.spawn("import", file, "--tenant", shops[0].slug, "--collection", "customers").wait()
        add_customers(shops, 12, accepted=(201, 503))


def tenants(appliance, shops):
    token = appliance.operator_token()
    for number in range(15):
        body = {"slug": f"new-{number}", "ownerEmail": "owner@new.example", "ownerPassword": PASSWORD}
        assert appliance.request("POST", "/api/admin/tenants", body, token).status == 201
        add_customers(shops, 1)


def snapshots(appliance, shops):
    token = appliance.operator_token()
    for _ in range(4):
        add_customers(shops[:1], 3)
        assert appliance.request("POST", "/api/admin/backups", {}, token).status == 201


def restores(appliance, shops):
    token = appliance.operator_token()
    first = shops[0]
    kept = add_customers(shops, 5)[first.slug]
    assert appliance.request("POST", "/api/admin/backups", {}, token).status == 201
    for _ in range(3):
        add_customers(shops, 3)
        body = {"tenants": [first.slug], "confirm": first.slug}
        assert appliance.request("POST", "/api/admin/restores", body, token).status == 200
        add_customers(shops[1:], 3)
    return {first.slug: kept}


def failing_syncs(appliance, shops):
    """Now and then a sync fails."""
    add_customers(shops, 40, accepted=(201, 503))


def add_customers(shops, count, accepted=(201,)):
    """Two clients of each shop add so many each; returns the names by shop."""
    added = {shop.slug: set() for shop in shops}

    def add(shop):
        for _ in range(count):
            name = f"{shop.slug}-{next(NUMBERS)}"
            assert shop.add_customer(name).status in accepted
            added[shop.slug].add(name)

    threads = [threading.Thread(target=add, args=(shop,)) for shop in shops for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return added


# The share of each in the states; those with checkpoints are large and take longest.
SHARES = {writes: 0.2, checkpoints: 0.06, failing_checkpoints: 0.04, failing_syncs: 0.2, tenants: 0.1, snapshots: 0.2, restores: 0.2}
# Of each thread, the third sync and each seventh after it.
FAILING_SYNCS = ("-e", "inject=fdatasync:error=EIO:when=3+7")
STRACE_OPTIONS = {failing_syncs: FAILING_SYNCS, failing_checkpoints: FAILING_SYNCS}


@pytest.mark.parametrize("scenario", SHARES)
def test_nothing_acknowledged_is_lost_and_nothing_is_half_there(appliance, chance, scenario):
    recording = Recording(appliance, scenario, chance)
    states = round(STATES * SHARES[scenario])
    outcomes = recording.crash(states)
    print(f"{len(recording.calls)} calls, {recording.disk.syncs} syncs, {recording.told}")
    assert outcomes == {"ok": states}
    assert recording.told.count >= 20, "hardly anything was acknowledged"
    assert (recording.disk.failed_syncs > 5) == (scenario in STRACE_OPTIONS)


@pytest.mark.parametrize("scenario, is_new", [(tenants, True), (checkpoints, False)])
def test_a_header_is_on_disk_before_frames_that_take_the_place_of_others(appliance, chance, scenario, is_new):
    """A new WAL has nothing that might be taken for its frames: its header goes with them, in one write and one sync."""
    begun = begun_wals(Recording(appliance, scenario, chance).calls)
    assert any(of_new == is_new for of_new, _ in begun)
    assert all(of_new == has_frames for of_new, has_frames in begun)


def begun_wals(calls):
    """For each time that a WAL began: whether the file was new, and whether its header was written with frames."""
    existing, handles, begun = set(), {}, []
    for call in calls:
        paths, numbers = call.paths(), call.numbers()
        if call.name == "openat" and paths[0].endswith(".sqlite-wal"):
            if "O_CREAT" in call.arguments:
                handles[call.result] = paths[0] not in existing
            existing.add(paths[0])
        elif call.name == "unlink":
            existing.discard(paths[0])
        elif call.name == "close":
            handles.pop(numbers[0], None)
        elif call.name == "pwrite64" and numbers[0] in handles and numbers[3] == 0:
            begun.append((handles[numbers[0]], numbers[2] > WAL_HEADER))
            handles[numbers[0]] = False
    return begun


def test_without_a_sync_at_each_commit_the_same_check_finds_losses(appliance, chance):
    """The control: the same server as if it ran with synchronous=NORMAL, whose commits do not sync the WAL."""
    recording = Recording(appliance, writes, chance)
    outcomes = recording.crash(STATES // 5, skipped=commit_syncs(recording.calls))
    lost = sum(count for outcome, count in outcomes.items() if outcome.startswith("lost"))
    print(dict(outcomes))
    assert lost > STATES // 50
    assert lost + outcomes["ok"] == STATES // 5, "NORMAL loses, yet it does not corrupt"


def commit_syncs(calls):
    """The places of the syncs of a WAL that belong to commits: what NORMAL leaves out. The ones in front of a
    checkpoint stay, and the one behind the header of a WAL that starts again."""
    handles, last, found = {}, {}, set()
    for number, call in enumerate(calls):
        descriptor = call.numbers()[0] if call.numbers() else None
        if call.name == "openat" and call.paths()[0].endswith((".sqlite", ".sqlite-wal")):
            handles[call.result] = call.paths()[0].removesuffix("-wal"), call.paths()[0].endswith("-wal")
        elif call.name == "close":
            handles.pop(descriptor, None)
        elif descriptor in handles and call.name in ("pwrite64", "fdatasync", "fsync"):
            file, is_wal = handles[descriptor]
            if call.name == "pwrite64" and not is_wal:
                found.discard(last.pop(file, None))
            elif call.name == "pwrite64":
                last.pop(file, None)
                if call.numbers()[3] == 0:
                    last[file] = "header"
            elif is_wal and last.get(file) != "header":
                found.add(number)
                last[file] = number
    return found
