"""A shop of an appliance, as its owner and its file's reader see it."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Shop:
    """A shop with its owner signed in: sign in again after a restore, because sessions are in the shop's file."""

    appliance: Any
    slug: str
    id: str
    token: str = field(default="", repr=False)

    @property
    def file(self):
        return self.appliance.data / "tenants" / self.id / "tenant.sqlite"

    def sign_in(self):
        answer = self.appliance.login(f"owner@{self.slug}.example", self.slug)
        assert answer.status == 200, answer.body
        self.token = answer.json()["token"]
        return self

    def get(self, path, **options):
        return self.appliance.request("GET", path, token=self.token, **options)

    def post(self, path, body, **options):
        return self.appliance.request("POST", path, body, token=self.token, **options)

    def add_customer(self, external_id, **options):
        return self.post("/api/customers", {"externalId": external_id}, **options)

    def sql(self, query):
        """What another program reads from the file, running server or not."""
        return read_sqlite(self.file, query)


def read_sqlite(path, query):
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as database:
        return database.execute(query).fetchall()
