"""PocketBase at its best: request log off, no count of totals, an index for every query."""

import subprocess
import urllib.parse

from .client import Client
from .server import Server

SUPERUSER = "root@bench.example"
USER = "user@bench.example"
PASSWORD = "benchmark-pass-7410"
BATCH = 1_000
SIGNED_IN = '@request.auth.id != ""'

# The write-ahead log of PocketBase runs at synchronous=NORMAL: a create is answered before it is synced.
DURABILITY = "not synced per create (synchronous=NORMAL)"


class PocketBase(Server):
    name = "PocketBase"
    durability = DURABILITY
    health_path = "/api/health"
    records_path = "/api/collections/products/records"
    list_path = records_path + "?" + urllib.parse.urlencode(
        {"filter": 'currency="INR"', "sort": "-price", "perPage": 30, "skipTotal": 1})

    def folders(self):
        return ["--dir", self.folder / "data", "--migrationsDir", self.folder / "migrations",
                "--hooksDir", self.folder / "hooks", "--publicDir", self.folder / "public"]

    def serve_command(self):
        return [self.binary, "serve", "--http", f"127.0.0.1:{self.port}", *self.folders()]

    def version(self):
        return subprocess.run([self.binary, "--version"], capture_output=True, text=True, check=True).stdout.strip().replace(" version", "")

    def prepare(self, products):
        subprocess.run([self.binary, "superuser", "upsert", SUPERUSER, PASSWORD, *self.folders()],
                       check=True, stdout=subprocess.DEVNULL)
        self.start()
        superuser = Client(self.port, self.sign_in("_superusers", SUPERUSER))
        superuser.call("PATCH", "/api/settings", {
            "logs": {"maxDays": 0}, "rateLimits": {"enabled": False},
            "batch": {"enabled": True, "maxRequests": BATCH, "timeout": 60}})
        superuser.call("POST", "/api/collections", collection())
        superuser.call("POST", "/api/collections/users/records",
                       {"email": USER, "password": PASSWORD, "passwordConfirm": PASSWORD, "verified": True})
        self.load(superuser, products)
        self.tokens = [self.sign_in("users", USER)]
        self.ids = self.read_ids()

    def sign_in(self, collection_name, email):
        answer = Client(self.port).call("POST", f"/api/collections/{collection_name}/auth-with-password",
                                        {"identity": email, "password": PASSWORD})
        return answer["token"]

    def load(self, superuser, products):
        for begin in range(0, len(products), BATCH):
            requests = [{"method": "POST", "url": self.records_path, "body": product} for product in products[begin:begin + BATCH]]
            superuser.call("POST", "/api/batch", {"requests": requests})

    def read_ids(self):
        client, ids = Client(self.port, self.tokens[0]), []
        while True:
            page = client.call("GET", f"{self.records_path}?fields=id&perPage=1000&skipTotal=1&page={len(ids) // 1000 + 1}")["items"]
            ids += [record["id"] for record in page]
            if len(page) < 1000:
                return ids


def collection():
    return {
        "name": "products", "type": "base",
        "listRule": SIGNED_IN, "viewRule": SIGNED_IN, "createRule": SIGNED_IN,
        "fields": [
            {"name": "sku", "type": "text", "required": True},
            {"name": "name", "type": "text", "required": True},
            {"name": "description", "type": "text"},
            {"name": "price", "type": "number", "onlyInt": True},
            {"name": "currency", "type": "text", "required": True},
            {"name": "stock", "type": "number", "onlyInt": True},
            {"name": "createdAt", "type": "autodate", "onCreate": True},
            {"name": "updatedAt", "type": "autodate", "onCreate": True, "onUpdate": True},
        ],
        "indexes": [
            "CREATE UNIQUE INDEX products_sku ON products (sku)",
            "CREATE INDEX products_currency_price ON products (currency, price)",
        ],
    }
