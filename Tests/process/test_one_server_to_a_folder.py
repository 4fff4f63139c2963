"""The data folder: one process at a time works on it, it is private, and stopping it takes no more than seconds."""

import socket
import stat
import subprocess
import time

from appliance import binary

KILLS = 20
# A second server, and a server without unfinished requests, have nothing to wait for.
AT_ONCE_SECONDS = 5
# The 8 s that a request under way gets to finish, and a little more.
GRACE_SECONDS = 15


def test_a_second_server_on_the_folder_ends_with_75_and_says_why(appliance):
    appliance.start()
    start = time.monotonic()
    second = appliance.cli("serve", "--port", "0", code=75)
    assert time.monotonic() - start < AT_ONCE_SECONDS
    assert f"The data folder {appliance.data} is in use by another process" in second.stderr
    assert appliance.request("GET", "/api/health/ready").status == 200


def test_the_command_line_says_the_same_with_a_server_and_without(appliance):
    shop = appliance.add_shop("acme", "--name", "Acme Jewellers")
    without = appliance.json("tenant", "list")
    appliance.start()
    assert appliance.json("tenant", "list") == without
    made_online = appliance.add_shop("corner-books")
    appliance.stop()
    assert [tenant["id"] for tenant in appliance.json("tenant", "list")["items"]] == [shop.id, made_online.id]


def test_two_commands_at_once_without_a_server_do_not_harm_each_other(appliance):
    appliance.add_shop("acme")
    commands = [
        subprocess.Popen(
            [binary(), "tenant", "create", f"shop-{number}", "--owner-email", "owner@shop.example", "--password-file",
             str(appliance.password_file)],
            env=appliance.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for number in range(4)]
    failures = [command.communicate(timeout=60)[1].decode() for command in commands]
    assert [command.returncode for command in commands] == [0] * len(commands), failures
    slugs = [tenant["slug"] for tenant in appliance.json("tenant", "list")["items"]]
    assert slugs == ["acme", "shop-0", "shop-1", "shop-2", "shop-3"]


def test_every_start_after_a_kill_is_a_clean_one(appliance):
    shop = appliance.add_shop("acme")
    appliance.start()
    shop.sign_in()
    for number in range(KILLS):
        assert shop.add_customer(f"C-{number}").status == 201
        appliance.kill()
        appliance.start()
    assert shop.get("/api/customers?limit=1&count=exact").json()["total"] == KILLS
    assert appliance.json("tenant", "show", "acme")["storage"]["state"] == "ok"


def test_a_connection_that_idles_does_not_hold_up_the_end(appliance):
    appliance.start()
    with socket.create_connection(("127.0.0.1", appliance.port)), appliance.connect_raw() as used:
        used.sendall(b"GET /api/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert used.recv(4096).startswith(b"HTTP/1.1 200")
        assert appliance.stop() < AT_ONCE_SECONDS


def test_an_upload_that_stalls_holds_up_the_end_for_seconds_only(appliance):
    shop = appliance.add_shop("acme")
    appliance.start()
    shop.sign_in()
    with appliance.connect_raw() as upload:
        upload.sendall(
            f"POST /api/customers/import HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {shop.token}\r\n"
            "Content-Type: text/csv\r\nContent-Length: 100000\r\n\r\nexternalId\r\nC-1\r\n".encode())
        assert shop.get("/api/customers?limit=1").status == 200
        assert appliance.stop() < GRACE_SECONDS
    assert shop.sql("SELECT count(*) FROM customers") == [(0,)]
    assert list((appliance.data / "scratch").iterdir()) == []


def test_nobody_else_on_the_machine_can_read_the_data_or_the_backups(appliance):
    shop = appliance.add_shop("acme")
    appliance.start()
    shop.sign_in()
    shop.add_customer("C-1")
    appliance.cli("backup", "create")
    appliance.cli("restore", "--tenant", "acme", "--yes")
    shop.sign_in()
    entries = [appliance.data, appliance.backups, *appliance.data.rglob("*"), *appliance.backups.rglob("*")]
    assert any(entry.suffix == ".gz" for entry in entries)
    kinds = {stat.S_IFDIR: 0o700, stat.S_IFREG: 0o600, stat.S_IFSOCK: 0o600}
    open_to_others = []
    for entry in entries:
        mode = entry.lstat().st_mode
        if stat.S_IMODE(mode) != kinds[stat.S_IFMT(mode)]:
            open_to_others.append(f"{stat.filemode(mode)} {entry.relative_to(appliance.folder)}")
    assert open_to_others == []
