"""Fills shops through the API, so that a test of the page need not type what it only looks at."""

import json
import urllib.request
from dataclasses import dataclass

from operator_steps import OPERATOR_EMAIL, OPERATOR_PASSWORD, OWNER_PASSWORD

PATIENCE_SECONDS = 60


@dataclass
class Client:
    url: str
    token: str | None = None
    tenant: str | None = None

    def send(self, method, path, body=None, *, type="application/json"):
        data = body.encode() if isinstance(body, str) else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method)
        if data is not None:
            request.add_header("Content-Type", type)
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        if self.tenant:
            request.add_header("X-Tenant-ID", self.tenant)
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            content = answer.read()
        return json.loads(content) if content else None

    def add(self, collection, **values):
        return self.send("POST", f"/api/{collection}", values)

    def take_in(self, collection, csv):
        return self.send("POST", f"/api/{collection}/import", csv, type="text/csv")


def signed_in(url, email, password, tenant=None):
    answer = Client(url, tenant=tenant).send("POST", "/api/auth/login", {"email": email, "password": password})
    return Client(url, answer["token"])


def operator(url):
    return signed_in(url, OPERATOR_EMAIL, OPERATOR_PASSWORD)


def let_in(url, slug):
    """Lets the operator into a shop, to change things too."""
    operator(url).send("POST", f"/api/admin/tenants/{slug}/act-as", {"reason": "A test", "write": True})


def make_shop(url, slug, name, *, modules=("shop", "licensing"), currency="INR"):
    """Makes a shop in Kolkata and answers its owner's client. Needs an operator who is set up."""
    email = f"owner@{slug}.example"
    operator(url).send("POST", "/api/admin/tenants", {
        "slug": slug, "name": name, "plan": "pro", "trialDays": 14, "modules": list(modules),
        "timeZone": "Asia/Kolkata", "currency": currency, "ownerEmail": email, "ownerPassword": OWNER_PASSWORD})
    return signed_in(url, email, OWNER_PASSWORD, slug)
