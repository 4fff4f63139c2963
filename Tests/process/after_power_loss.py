"""What must hold of a data folder after a power loss: nothing acknowledged is lost, nothing is half there."""

import gzip
import hashlib
import json
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field

OK_ANSWER = re.compile(rb"^HTTP/1\.1 20[01] ")
CUSTOMER = re.compile(rb'"externalId":"(([a-z]+)-\d+)"')
APPLICATION_ID = 0x41505054


class Lost(AssertionError):
    """Something that was acknowledged is not there."""


@dataclass
class Acknowledged:
    """What clients had been told by some moment."""

    customers: dict = field(default_factory=dict)
    shops: set = field(default_factory=set)
    snapshots: set = field(default_factory=set)
    # By shop that is restored in the end: the customers that its snapshot has.
    restorable: dict = field(default_factory=dict)
    # Those whose files may have been exchanged, though nobody was told yet.
    swapping: set = field(default_factory=set)

    @property
    def count(self):
        return sum(map(len, self.customers.values())) + len(self.shops) + len(self.snapshots)

    def note(self, answer):
        """Takes one answer as the server sent it."""
        if not OK_ANSWER.match(answer):
            return
        head, _, body = answer.partition(b"\r\n\r\n")
        if head.startswith(b"HTTP/1.1 201 "):
            if found := CUSTOMER.search(body):
                self.customers.setdefault(found[2].decode(), set()).add(found[1].decode())
            elif b'"slug":"' in body:
                self.shops.add(json.loads(body)["slug"])
            elif b'"verified"' in body:
                self.snapshots.add(json.loads(body)["id"])
        elif b'"restored":[' in body:
            for slug in {item["tenant"] for item in json.loads(body)["restored"]} & self.restorable.keys():
                self.customers[slug] = set(self.restorable[slug])
                self.swapping.discard(slug)

    def note_exchange(self):
        """Two folders may have changed places: from now on either is right."""
        self.swapping |= self.restorable.keys()


def check(folder, told):
    """Raises unless all of it holds."""
    shops = read(folder / "data" / "system.sqlite", "SELECT slug, id FROM tenants")
    if missing := told.shops - {slug for slug, _ in shops}:
        raise Lost(f"shops {missing}")
    for slug, id in shops:
        file = folder / "data" / "tenants" / id / "tenant.sqlite"
        assert file.is_file(), f"{slug} has no file"
        assert read(file, "PRAGMA application_id") == [(APPLICATION_ID,)], slug
        assert read(file, "SELECT count(*) FROM users")[0][0] >= 1, f"{slug} has no owner"
        check_customers(slug, {name for (name,) in read(file, "SELECT externalId FROM customers")}, told)
    check_snapshots(folder / "backups" / "snapshots", told)


def check_customers(slug, found, told):
    wanted = told.customers.get(slug, set())
    if slug in told.swapping and found == told.restorable[slug]:
        return
    if not wanted <= found:
        raise Lost(f"{len(wanted - found)} customers of {slug}")


def check_snapshots(folder, told):
    found = {entry.name for entry in folder.iterdir() if not entry.name.startswith(".")} if folder.is_dir() else set()
    if missing := told.snapshots - found:
        raise Lost(f"snapshots {missing}")
    for name in found:
        manifest = json.loads((folder / name / "manifest.json").read_bytes())
        for file in manifest["files"]:
            stored = (folder / name / file["path"]).read_bytes()
            assert hashlib.sha256(stored).hexdigest() == file["storedSha256"], f"{name}/{file['path']}"
            assert hashlib.sha256(gzip.decompress(stored)).hexdigest() == file["sha256"], f"{name}/{file['path']}"


def read(path, query):
    """The rows, of a database that is whole."""
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)], path
        assert database.execute("PRAGMA foreign_key_check").fetchall() == [], path
        return database.execute(query).fetchall()
