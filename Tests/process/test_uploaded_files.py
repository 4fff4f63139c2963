"""Uploaded files of a real server: acknowledged means on disk, and a backup brings them back with their rows."""

import hashlib
import shutil
import threading

from appliance import wait_until

PNG = b"\x89PNG\r\n\x1a\n"


def upload(shop, content, name="p.bin", type="application/x-test", **options):
    return shop.appliance.request(
        "POST", f"/api/files?name={name}", content, token=shop.token,
        headers={"Content-Type": type, **options})


def content_of(shop, id):
    return shop.get(f"/api/files/{id}/content")


def folder(shop):
    return shop.file.parent / "files"


def test_an_acknowledged_upload_is_there_after_kill_9(appliance, chance):
    shop = appliance.add_shop("files")
    kept = {}
    for _ in range(5):
        appliance.start()
        shop.sign_in()

        def upload_until_killed():
            while True:
                content = chance.randbytes(chance.choice([1, 4096, 3_000_000]))
                try:
                    answer = upload(shop, content)
                except OSError:
                    return
                if answer.status == 201:
                    kept[answer.json()["id"]] = content

        writers = [threading.Thread(target=upload_until_killed) for _ in range(3)]
        for writer in writers:
            writer.start()
        threading.Event().wait(chance.uniform(0.2, 0.8))
        appliance.kill()
        for writer in writers:
            writer.join()
    appliance.start()
    shop.sign_in()
    assert kept
    for id, content in kept.items():
        answer = content_of(shop, id)
        assert answer.status == 200 and answer.body == content
    # Whatever a row names is whole.
    for sha256, size in shop.sql("SELECT sha256, bytes FROM files"):
        stored = (folder(shop) / sha256).read_bytes()
        assert len(stored) == size and hashlib.sha256(stored).hexdigest() == sha256


def test_everything_lost_and_brought_back_with_its_files(appliance):
    shop = appliance.add_shop("files", "--modules", "shop")
    appliance.start()
    shop.sign_in()
    early, late = PNG + b"early", PNG + b"late" * 100_000
    photo = upload(shop, early, "ring.png", "image/png").json()
    shop.post("/api/products", {"sku": "R", "name": "Ring", "price": 1, "photo": photo["id"]})
    snapshot = appliance.json("backup", "create")
    assert (snapshot["uploads"], snapshot["uploadBytes"]) == (1, len(early))
    stored = appliance.backups / "snapshots" / snapshot["id"] / "files" / shop.id
    assert [path.read_bytes() for path in stored.iterdir()] == [early]
    after = upload(shop, late, "later.png", "image/png").json()
    archived = appliance.backups / "log" / shop.id / "files" / after["sha256"]
    wait_until(archived.exists, 10, "the upload is among the backups")
    appliance.json("restore", "--tenant", "files", "--at", "now", "--dry-run")
    appliance.stop()
    assert archived.read_bytes() == late
    shutil.rmtree(shop.file.parent)
    appliance.start()
    appliance.cli("restore", "--tenant", "files", "--at", "now", "--yes")
    shop.sign_in()
    assert content_of(shop, photo["id"]).body == early
    assert content_of(shop, after["id"]).body == late


def test_a_damaged_upload_in_a_snapshot_is_refused_by_its_name(appliance):
    shop = appliance.add_shop("files")
    appliance.start()
    shop.sign_in()
    made = upload(shop, b"precious").json()
    id = appliance.json("backup", "create")["id"]
    path = appliance.backups / "snapshots" / id / "files" / shop.id / made["sha256"]
    path.write_bytes(b"preciouS")
    name = f"files/{shop.id}/{made['sha256']}"
    assert name in appliance.cli("backup", "verify", id, code=1).stderr
    refused = appliance.cli("restore", "--tenant", "files", "--snapshot", id, "--yes", code=1)
    assert name in refused.stderr
    assert content_of(shop, made["id"]).body == b"precious"


def test_an_export_and_an_import_carry_the_files(appliance):
    shop = appliance.add_shop("files")
    appliance.start()
    shop.sign_in()
    made = upload(shop, b"precious").json()
    package = appliance.folder / "package"
    appliance.cli("tenant", "export", "files", "--into", package)
    assert (package / "files" / made["sha256"]).read_bytes() == b"precious"
    appliance.cli("tenant", "import", package, "--slug", "again")
    token = appliance.login("owner@files.example", "again").json()["token"]
    assert appliance.request("GET", f"/api/files/{made['id']}/content", token=token).body == b"precious"


def test_a_large_upload_takes_little_memory(appliance):
    shop = appliance.add_shop("files")
    appliance.start(environment={"APPLIANCE_FILE_LIMIT": "300"})
    shop.sign_in()
    before = resident(appliance)
    answer = upload(shop, bytes(200 << 20))
    assert answer.status == 201 and answer.json()["bytes"] == 200 << 20
    grown = resident(appliance) - before
    assert grown < 48 << 20, f"{grown >> 20} MiB"
    download = content_of(shop, answer.json()["id"])
    assert hashlib.sha256(download.body).hexdigest() == answer.json()["sha256"]
    grown = resident(appliance) - before
    assert grown < 64 << 20, f"{grown >> 20} MiB"


def resident(appliance):
    """Peak bytes of the server."""
    status = open(f"/proc/{appliance.server.pid}/status").read()
    return int(status.split("VmHWM:")[1].split()[0]) << 10
