"""Appliance with everything on, driven through its documented command line and API."""

import json
import os
import subprocess

from . import dataset
from .client import Client
from .failure import BenchmarkFailure
from .server import Server

OPERATOR = "op@bench.example"
OWNER = "owner@bench.example"
PASSWORD = "benchmark-pass-7410"
SHOP = "bench"
PAGE = 200

# Added to the server's environment; the place for a limit that would refuse the load.
SERVE_ENVIRONMENT = {}
# Sign-ins allowed per client address before the server's own limit (100 in 15 minutes).
SIGN_INS_PER_ADDRESS = 50


class Appliance(Server):
    name = "Appliance"
    durability = "every create synced before its answer (synchronous=FULL)"
    health_path = "/api/health/ready"
    records_path = "/api/products"
    list_path = "/api/products?currency=INR&sort=-price&limit=30"

    def folders(self):
        return ["--data", self.folder / "data", "--backups", self.folder / "backups"]

    def serve_command(self):
        return [self.binary, "serve", "--port", str(self.port), *self.folders()]

    def environment(self):
        return {**os.environ, **SERVE_ENVIRONMENT}

    def version(self):
        answer = subprocess.run([self.binary, "version"], capture_output=True, text=True, check=True).stdout
        return answer.strip().splitlines()[0]

    def command(self, *arguments):
        """Runs one command of the binary and returns what it printed as JSON."""
        line = [self.binary, *arguments, *self.folders(), "--json"]
        done = subprocess.run(line, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=self.environment())
        if done.returncode != 0:
            raise BenchmarkFailure(f"appliance {' '.join(map(str, arguments))} exited {done.returncode}:\n{done.stdout}{done.stderr}")
        return json.loads(done.stdout) if done.stdout.strip() else None

    def initialize(self):
        """A new folder with an operator, and the server on it."""
        self.password_file = self.folder / "password"
        self.password_file.write_text(PASSWORD + "\n")
        self.password_file.chmod(0o600)
        self.command("init", "--operator-email", OPERATOR, "--password-file", self.password_file)
        self.start()

    def prepare(self, products):
        self.initialize()
        self.add_tenant(SHOP)
        file = self.folder / "products.csv"
        dataset.write_products_csv(file, products)
        self.command("import", file, "--tenant", SHOP, "--collection", "products")
        self.tokens = [self.sign_in(SHOP)]
        self.ids = self.read_ids()

    def operator(self):
        answer = Client(self.port).call("POST", "/api/auth/login", {"email": OPERATOR, "password": PASSWORD})
        return Client(self.port, answer["token"])

    def add_tenant(self, slug):
        self.command("tenant", "create", slug, "--name", f"Shop {slug}", "--plan", "pro", "--trial-days", "14",
                     "--modules", "shop", "--time-zone", "Asia/Kolkata", "--currency", "INR",
                     "--owner-email", OWNER, "--password-file", self.password_file)

    def add_tenants(self, count):
        """Makes `count` further shops and signs in to each; `spread_tokens` holds their tokens."""
        self.spread_tokens = []
        for number in range(count):
            slug = f"spread-{number:04d}"
            self.add_tenant(slug)
            self.spread_tokens.append(self.sign_in(slug, f"127.0.1.{1 + number // SIGN_INS_PER_ADDRESS}"))

    def sign_in(self, slug, source="127.0.0.1"):
        client = Client(self.port, headers={"X-Tenant-ID": slug}, source=source)
        return client.call("POST", "/api/auth/login", {"email": OWNER, "password": PASSWORD})["token"]

    def read_ids(self):
        client, ids, cursor = Client(self.port, self.tokens[0]), [], ""
        while True:
            page = client.call("GET", f"{self.records_path}?fields=id&limit={PAGE}{cursor}")
            ids += [record["id"] for record in page["items"]]
            if not page.get("nextCursor"):
                return ids
            cursor = f"&cursor={page['nextCursor']}"

    def count(self, slug, collection):
        client = Client(self.port, self.sign_in(slug))
        return client.call("GET", f"/api/{collection}?limit=1&count=exact")["total"]
