"""The OpenAPI document is true: what is made from it alone, requests and a client, finds nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
# Of each operation, beside some ten values at the borders of its schema.
EXAMPLES = int(os.environ.get("APPLIANCE_SCHEMA_EXAMPLES", 50))
# The same requests at each run; another seed, other requests.
SEED = os.environ.get("APPLIANCE_SEED", "1")
SECONDS = 1200 if EXAMPLES <= 50 else 6 * 3600

# Addresses may try to sign in 100 times in a quarter of an hour: these have a server to themselves.
SIGNING_IN = "^/api/(signup|auth/(login|shop|setup|forgot|reset|totp|pending|oauth|invitations))"
OPERATORS = "^/api/admin/"


@pytest.fixture
def served(appliance):
    """A shop without limits of a plan, and its owner."""
    shop = appliance.add_shop("acme", "--plan", "enterprise", "--modules", "licensing,shop")
    appliance.start()
    return shop.sign_in()


def explore(appliance, token, *options):
    """Runs schemathesis with all its checks; what it finds fails the test, with the command that repeats it."""
    command = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", CONFIGURATION, "run",
        f"http://127.0.0.1:{appliance.port}/api/openapi.json", "--checks", "all", "--max-examples", str(EXAMPLES),
        "--seed", SEED, "--no-color", "--warnings", "off", "--phases", "coverage,fuzzing,stateful", *options]
    if token:
        command += ["-H", f"Authorization: Bearer {token}"]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=SECONDS, cwd=appliance.folder, stdin=subprocess.DEVNULL)
    print(done.stdout[-20_000:], done.stderr[-2_000:])
    assert done.returncode == 0 and "Test cases:" in done.stdout
    assert appliance.is_running


def test_requests_made_from_the_document_by_a_shops_owner_find_nothing(appliance, served):
    explore(
        appliance, served.token, "--exclude-path-regex", OPERATORS, "--exclude-path-regex", SIGNING_IN)
    # The run did not sign itself out: then it would have tested nothing.
    assert served.get("/api/auth/me").json()["user"]["role"] == "owner"


def test_requests_made_from_the_document_by_an_operator_find_nothing(appliance, served):
    token = appliance.operator_token()
    explore(appliance, token, "--include-path-regex", OPERATORS)
    assert appliance.request("GET", "/api/auth/me", token=token).json()["user"]["role"] == "operator"


def test_requests_made_from_the_document_by_nobody_find_nothing(appliance, served):
    explore(appliance, None, "--include-path-regex", SIGNING_IN)
    assert served.get("/api/auth/me").status == 200


# --- a client made from the document


def test_a_client_generated_from_the_document_creates_reads_and_lists_records(appliance, served, monkeypatch):
    document, settings = appliance.folder / "openapi.json", appliance.folder / "generator.yaml"
    document.write_bytes(served.get("/api/openapi.json").body)
    settings.write_text("post_hooks: []\n")
    done = subprocess.run(
        [sys.executable, "-m", "openapi_python_client", "generate", "--path", document, "--config", settings,
         "--meta", "none", "--output-path", appliance.folder / "shop_client"],
        capture_output=True, text=True, timeout=SECONDS, cwd=appliance.folder)
    assert done.returncode == 0 and "Error" not in done.stdout, done.stdout + done.stderr
    monkeypatch.syspath_prepend(appliance.folder)
    from shop_client import AuthenticatedClient
    from shop_client.api.collections import customers_create, customers_get, customers_list
    from shop_client.api.tenant import get_users
    from shop_client.models import CustomerNew

    with AuthenticatedClient(base_url=f"http://127.0.0.1:{appliance.port}", token=served.token) as client:
        made = customers_create.sync(client=client, body=CustomerNew(name="Asha Rao", external_id="C-1", city="Pune"))
        assert (made.name, made.version) == ("Asha Rao", 1)
        read = customers_get.sync(made.id, client=client)
        assert read == made and read.created_at.year >= 2026
        customers_create.sync(client=client, body=CustomerNew(name="Ravi", external_id="C-2"))
        page = customers_list.sync(client=client, city="Pune", sort="-createdAt")
        assert [customer.external_id for customer in page.items] == ["C-1"] and page.next_cursor is None
        refused = customers_create.sync(client=client, body=CustomerNew(name="Asha", external_id="C-1"))
        assert (refused.status, refused.code) == (409, "not_unique")
        assert [user.email for user in get_users.sync(client=client).items] == ["owner@acme.example"]
