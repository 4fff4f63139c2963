"""TLS: with a certificate the server speaks it, not below 1.2, and the session cookie is bound to it."""

import contextlib
import selectors
import shutil
import ssl
import subprocess
import time

import pytest

from client import OPERATOR, PASSWORD

STALLED = 300
# The server's limit is 10 s from the connection to the end of the first header.
HANDSHAKE_SECONDS = (5, 20)


@pytest.fixture(scope="module")
def secure(make_appliance):
    if not shutil.which("openssl"):
        pytest.skip("the openssl command is missing")
    appliance = make_appliance()
    certificate, key = appliance.folder / "certificate.pem", appliance.folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True)
    appliance.trust(certificate)
    return appliance.start("--tls-cert", str(certificate), "--tls-key", str(key))


def greet(appliance, version):
    """What the openssl client says of a handshake in this version; it has no scruples of its own about old ones."""
    return subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{appliance.port}", version, "-cipher", "ALL:@SECLEVEL=0"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)


def test_the_api_and_the_page_are_served(secure):
    assert secure.request("GET", "/api/health").status == 200
    page = secure.request("GET", "/admin")
    assert page.status == 200 and page.headers["Strict-Transport-Security"]


def test_somebody_who_does_not_know_the_certificate_is_warned(secure):
    with secure.connect_raw() as bare, pytest.raises(ssl.SSLCertVerificationError):
        ssl.create_default_context().wrap_socket(bare, server_hostname="localhost")


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_today_s_versions_are_spoken(secure, version):
    greeted = greet(secure, version)
    assert greeted.returncode == 0 and "Verify return code" in greeted.stdout, greeted.stderr


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_older_versions_are_refused_by_the_server(secure, version):
    greeted = greet(secure, version)
    assert greeted.returncode != 0
    assert "alert protocol version" in greeted.stderr, greeted.stderr


def test_a_request_without_tls_gets_nothing_and_harms_nobody(secure):
    with secure.connect_raw() as bare:
        bare.sendall(b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"HTTP/1.1 200" not in bare.recv(4096)
    assert secure.request("GET", "/api/health/live").status == 200


def test_the_session_cookie_is_of_this_host_and_of_tls_only(secure):
    answer = secure.request("POST", "/api/auth/login", {"email": OPERATOR, "password": PASSWORD})
    cookie, *attributes = [part.strip() for part in answer.headers["Set-Cookie"].split(";")]
    assert cookie.startswith("__Host-sid=")
    assert {"Secure", "HttpOnly", "Path=/"} <= set(attributes)
    assert not any(attribute.startswith("Domain=") for attribute in attributes)
    assert secure.request("GET", "/api/auth/me", headers={"Cookie": cookie}).status == 200
    unmarked = cookie.removeprefix("__Host-")
    assert secure.request("GET", "/api/auth/me", headers={"Cookie": unmarked}).status == 401


def test_a_key_that_does_not_belong_to_the_certificate_is_named_at_the_start(make_appliance, tmp_path):
    appliance = make_appliance()
    for name in ("a", "b"):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
             "-keyout", tmp_path / f"{name}.key", "-out", tmp_path / f"{name}.pem"], check=True, capture_output=True)
    failed = appliance.cli(
        "serve", "--port", "0", "--tls-cert", tmp_path / "a.pem", "--tls-key", tmp_path / "b.key", code=65)
    assert "The certificate or the key cannot be used." in failed.stderr


def test_handshakes_that_stall_are_closed_in_time_and_nobody_waits_for_them(secure):
    """Some say nothing, some begin a greeting and stop."""
    stalled = [secure.connect_raw() for _ in range(STALLED)]
    begin = time.monotonic()
    for client in stalled[::2]:
        client.sendall(b"\x16\x03\x01\x02\x00\x01\x00")
    slowest = 0
    with selectors.DefaultSelector() as selector:
        for client in stalled:
            selector.register(client, selectors.EVENT_READ)
        while selector.get_map() and time.monotonic() < begin + HANDSHAKE_SECONDS[1]:
            asked = time.monotonic()
            assert secure.request("GET", "/api/health/live").status == 200
            slowest = max(slowest, time.monotonic() - asked)
            for key, _ in selector.select(0.5):
                assert time.monotonic() - begin > HANDSHAKE_SECONDS[0]
                with contextlib.suppress(ConnectionError):
                    assert key.fileobj.recv(100) == b""
                selector.unregister(key.fileobj)
                key.fileobj.close()
        assert not selector.get_map(), f"{len(selector.get_map())} are still open"
    assert slowest < HANDSHAKE_SECONDS[0], f"a request beside them took {slowest:.1f} s"
