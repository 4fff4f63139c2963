"""Identity providers from the command line, and a sign-in with a real one."""

import json

import pytest

from identity_peer import identity_peer

SECRET = "canary-of-a-client-secret"
LOOPBACK = {"APPLIANCE_LOOPBACK_ISSUERS": "on"}


@pytest.fixture(scope="module")
def peer():
    with identity_peer() as running:
        yield running


@pytest.fixture
def secret_file(appliance):
    file = appliance.folder / "client-secret"
    file.write_text(SECRET + "\n")
    return file


def create(appliance, peer, secret_file, *more):
    return json.loads(appliance.cli(
        "identity-provider", "create", "work", "--issuer", peer.issuer, "--client-id", "cid", "--secret-file",
        secret_file, "--label", "Work account", *more, "--json").stdout)


def sign_in(appliance, peer, subject, query=""):
    """The answer to the browser that comes back."""
    start = appliance.request("GET", f"/api/auth/oauth/work/start?moved=1{query}")
    assert start.status == 302, start.body
    cookie = start.headers["Set-Cookie"].partition(";")[0]
    back = peer.agree(start.headers["Location"], subject)
    return appliance.request("GET", back[back.index("/api/"):], headers={"Cookie": cookie})


def session(answer):
    cookies = [value.partition(";")[0] for value in answer.headers.get_all("Set-Cookie")]
    return next(cookie for cookie in cookies if cookie.startswith("sid="))


def test_a_provider_is_set_up_changed_and_deleted(appliance, secret_file):
    assert "NAME" in appliance.cli("identity-provider", "list").stdout
    made = appliance.cli(
        "identity-provider", "create", "github", "--kind", "github", "--client-id", "cid", "--secret-file", secret_file)
    assert "/api/auth/oauth/github/callback" in made.stdout
    for address in ("http://accounts.example", "http://127.0.0.1:1"):
        refused = appliance.cli(
            "identity-provider", "create", "plain", "--issuer", address, "--client-id", "cid", "--secret-file",
            secret_file, code=65)
        assert "issuer" in refused.stderr
    appliance.cli("identity-provider", "create", "work", "--issuer", "https://a.example", "--client-id", "x", code=65)
    changed = json.loads(appliance.cli(
        "identity-provider", "change", "github", "--audience", "operators", "--state", "off", "--json").stdout)
    assert changed["audience"] == "operators" and changed["enabled"] is False and changed["clientId"] == "cid"
    appliance.cli("identity-provider", "change", "github", "--state", "maybe", code=2)
    listed = appliance.cli("identity-provider", "list")
    assert "https://github.com" in listed.stdout and SECRET not in listed.stdout
    assert "is deleted" in appliance.cli("identity-provider", "delete", "github").stdout
    appliance.cli("identity-provider", "delete", "github", code=1)


def test_a_sign_in_with_a_real_provider(appliance, peer, secret_file):
    appliance.add_shop("acme")
    appliance.start(environment=LOOPBACK)
    create(appliance, peer, secret_file)
    assert "answers" in appliance.cli("identity-provider", "check", "work").stdout
    offered = appliance.request("GET", "/api/auth/providers").json()["items"]
    assert offered == [{"name": "work", "label": "Work account", "kind": "oidc"}]
    peer.set_person("u1", email="owner@acme.example", email_verified=True, name="Asha")
    entered = sign_in(appliance, peer, "u1", "&shop=acme")
    assert entered.status == 303 and entered.headers["Location"] == "/admin#/"
    me = appliance.request("GET", "/api/auth/me", headers={"Cookie": session(entered)}).json()
    assert me["user"]["email"] == "owner@acme.example" and me["tenant"]["slug"] == "acme"
    peer.set_person("u2", email="owner@acme.example", email_verified=True)
    assert sign_in(appliance, peer, "u2").headers["Location"].endswith("problem=no_account")
    peer.set_person("u3", email="owner@acme.example")
    assert sign_in(appliance, peer, "u3").headers["Location"].endswith("problem=email_not_verified")
    # What is linked is known after a restart, whatever the address is by then.
    peer.set_person("u1", email="asha@elsewhere.example", email_verified=False)
    appliance.kill()
    appliance.start(environment=LOOPBACK)
    assert sign_in(appliance, peer, "u1").headers["Location"] == "/admin#/"
    appliance.stop()
    for file in [*appliance.data.rglob("*"), appliance.log]:
        assert not file.is_file() or SECRET.encode() not in file.read_bytes(), file


def test_a_provider_that_is_down_leaves_the_password(appliance, secret_file):
    with identity_peer() as gone:
        pass
    appliance.start(environment=LOOPBACK)
    create(appliance, gone, secret_file)
    start = appliance.request("GET", "/api/auth/oauth/work/start?moved=1")
    assert start.status == 303 and start.headers["Location"].endswith("problem=provider_unreachable")
    assert appliance.cli("identity-provider", "check", "work", code=69).stderr.count("does not answer") == 1
    assert appliance.operator_token()
