"""Five secrets are used as people use them; then every byte that the appliance has written is looked through."""

import base64
import gzip
import json
import re
import zlib

from appliance import wait_until

PASSWORD = "canary-password-brindle-otter"
HEADERS = {"X-Tenant-ID": "acme"}


def use(appliance):
    """Answers the secrets by name, each of them used at least once."""
    appliance.add_shop("acme")
    appliance.start()
    operator = appliance.operator_token()
    login = appliance.request(
        "POST", "/api/auth/login", {"email": "owner@acme.example", "password": appliance_password(appliance)},
        headers=HEADERS)
    assert login.status == 200, login.body
    owner = login.json()["token"]
    made = appliance.request(
        "POST", "/api/users", {"email": "canary@acme.example", "password": PASSWORD, "role": "staff"}, token=owner)
    assert made.status == 201, made.body
    signed_in = appliance.request(
        "POST", "/api/auth/login", {"email": "canary@acme.example", "password": PASSWORD}, headers=HEADERS)
    assert signed_in.status == 200
    cookie = re.search(r"sid=([^;]+)", signed_in.headers["Set-Cookie"])[1]
    wrong = appliance.request(
        "POST", "/api/auth/login", {"email": "canary@acme.example", "password": PASSWORD + "x"}, headers=HEADERS)
    assert wrong.status == 401
    asked = appliance.request("POST", "/api/auth/forgot", {"email": "owner@acme.example"}, headers=HEADERS)
    assert asked.status == 202
    link = wait_until(lambda: kept_link(appliance, operator), 10, "the message is kept")
    return {
        "password": PASSWORD, "token": signed_in.json()["token"].split(".")[2],
        "session cookie": cookie.split(".")[1], "reset link": link.rsplit("/", 1)[1],
        "file link": file_link(appliance, owner),
    }, operator


def kept_link(appliance, operator):
    items = appliance.request("GET", "/api/admin/outbox", token=operator).json()["items"]
    found = [re.search(r"/admin#/reset/[^\s?]+", item["body"]) for item in items]
    return next((match[0] for match in found if match), None)


def appliance_password(appliance):
    return appliance.password_file.read_text().strip()


def file_link(appliance, owner):
    made = appliance.request("POST", "/api/files?name=a.txt", {"bytes": "are bytes"}, token=owner)
    assert made.status == 201, made.body
    link = appliance.request("POST", f"/api/files/{made.json()['id']}/links", {"expiresIn": 600}, token=owner)
    return re.search(r"signature=([^&\"]+)", link.body.decode())[1]


def layers(content):
    """The bytes as they are, and what is packed in them at any place."""
    yield content
    for magic in re.finditer(rb"\x1f\x8b\x08", content):
        try:
            yield zlib.decompressobj(31).decompress(content[magic.start():])
        except zlib.error:
            continue


def places(appliance, secret):
    """Files that hold the secret in any of the forms in which bytes are written down."""
    raw = secret.encode()
    forms = {raw, base64.b64encode(raw).rstrip(b"="), raw.hex().encode(), secret.encode("utf-16-le")}
    found = []
    for path in appliance.folder.rglob("*"):
        if not path.is_file() or path == appliance.password_file:
            continue
        content = path.read_bytes()
        if any(form in layer for layer in layers(content) for form in forms):
            found.append(str(path.relative_to(appliance.folder)))
    return found


def test_no_secret_is_in_any_byte_of_data_backups_or_logs(appliance):
    secrets, operator = use(appliance)
    for _ in range(2):
        made = appliance.request("POST", "/api/admin/backups", {}, token=operator)
        assert made.status == 201, made.body
    # What is looked for would be found: a canary of the test itself.
    known = appliance.data / "known"
    known.write_bytes(b"xx" + gzip.compress(json.dumps({"p": PASSWORD}).encode()))
    assert places(appliance, PASSWORD) == ["data/known"]
    known.unlink()
    for moment in ("running", "stopped"):
        for name, secret in secrets.items():
            assert len(secret) >= 20, name
            assert places(appliance, secret) == [], f"{name}, {moment}"
        if moment == "running":
            appliance.stop()


def test_a_rotated_key_opens_what_the_old_one_sealed(appliance):
    secrets, _ = use(appliance)
    before = (appliance.data / "master.key").read_bytes()
    report = appliance.json("secrets", "rotate")
    assert report["retiredKeys"] == 1 and report["unreadable"] == 0
    assert (appliance.data / "master.key").read_bytes() != before
    assert (appliance.data / "master.key.retired").read_bytes() == before
    assert (appliance.data / "master.key.retired").stat().st_mode & 0o777 == 0o600
    appliance.kill()
    assert appliance.json("secrets", "rotate", "--resume")["sealedAnew"] == 0
    status = appliance.json("secrets", "status")
    assert status["unreadable"] == 0 and status["current"] >= 1
    appliance.start()
    login = appliance.request(
        "POST", "/api/auth/login", {"email": "canary@acme.example", "password": PASSWORD}, headers=HEADERS)
    assert login.status == 200
    # The old key lies in no backup either.
    appliance.json("backup", "create")
    for path in appliance.backups.rglob("*"):
        if path.is_file():
            assert not any(before in layer for layer in layers(path.read_bytes())), path
    assert secrets
