"""Everything comes back from a backup alone, and a backup that is not as it was written is refused."""

import hashlib
import re
import shutil

import pytest

from shop import read_sqlite


@pytest.fixture
def shops(appliance):
    """Two shops with records in them and in a backup; no server runs."""
    shops = [appliance.add_shop("acme"), appliance.add_shop("corner-books")]
    appliance.start()
    for shop in shops:
        shop.sign_in()
        for number in range(20):
            assert shop.add_customer(f"{shop.slug}-{number}").status == 201
    appliance.cli("backup", "create")
    appliance.stop()
    return shops


def made_by_the_test(appliance):
    """The snapshot, by its name: on the hour a server that runs takes another, which would be the latest."""
    return "--snapshot", min(entry.name for entry in (appliance.backups / "snapshots").iterdir())


def names(shop):
    return {item["externalId"] for item in shop.sign_in().get("/api/customers?limit=200").json()["items"]}


def assert_everything_is_back(appliance, shops):
    appliance.start()
    for shop in shops:
        assert names(shop) == {f"{shop.slug}-{number}" for number in range(20)}
    assert appliance.operator_token()


def test_without_its_control_plane_the_server_does_not_start_over_the_shops(appliance, shops):
    for file in appliance.data.glob("system.sqlite*"):
        file.unlink()
    for command in (["serve", "--port", "0"], ["tenant", "list"]):
        refused = appliance.cli(*command, code=1)
        assert "system.sqlite is missing" in refused.stderr
        assert "appliance restore --yes" in refused.stderr
    assert not (appliance.data / "system.sqlite").exists()
    restored = appliance.json("restore", "--yes")["restored"]
    assert [outcome["tenant"] for outcome in restored] == ["system", "acme", "corner-books"]
    assert_everything_is_back(appliance, shops)


@pytest.mark.parametrize("loss", ["control plane is garbage", "control plane is empty", "folder is gone"])
def test_everything_comes_back_onto_what_is_left(appliance, shops, loss):
    system = appliance.data / "system.sqlite"
    match loss:
        case "control plane is garbage":
            system.write_bytes(b"\xa5" * system.stat().st_size)
        case "control plane is empty":
            system.write_bytes(b"")
        case "folder is gone":
            shutil.rmtree(appliance.data)
    appliance.cli("restore", "--yes")
    assert_everything_is_back(appliance, shops)


def test_everything_comes_back_while_the_server_runs(appliance, shops):
    appliance.start()
    for shop in shops:
        assert shop.sign_in().add_customer("LATER").status == 201
    appliance.cli("restore", *made_by_the_test(appliance), "--yes")
    for shop in shops:
        assert names(shop) == {f"{shop.slug}-{number}" for number in range(20)}
    assert appliance.operator_token()


def test_a_flipped_bit_anywhere_in_a_backup_is_refused_and_named(appliance, shops, chance):
    snapshot, = (appliance.backups / "snapshots").iterdir()
    before = everything_live(appliance, shops)
    files = [path for path in snapshot.rglob("*") if path.is_file() and path.name not in ("verified.json", "manifest.seal")]
    assert len(files) == 2 + len(shops)
    for path in files:
        good = path.read_bytes()
        for _ in range(3):
            flip_a_bit(path, good, chance)
            named = str(path.relative_to(snapshot))
            assert named in appliance.cli("restore", "--yes", code=1).stderr
            assert named in appliance.cli("backup", "verify", "latest", code=1).stderr
        path.write_bytes(good)
    assert everything_live(appliance, shops) == before
    assert list((appliance.data / "undo").iterdir()) == []
    appliance.cli("backup", "verify", "latest")
    assert_everything_is_back(appliance, shops)


def test_a_damaged_backup_is_refused_while_the_shop_goes_on(appliance, shops, chance):
    shop = shops[0]
    path, = (appliance.backups / "snapshots").glob(f"*/tenants/{shop.id}.sqlite.gz")
    flip_a_bit(path, path.read_bytes(), chance)
    appliance.start()
    assert shop.sign_in().add_customer("LATER").status == 201
    refused = appliance.cli("restore", "--tenant", shop.slug, *made_by_the_test(appliance), "--yes", code=1)
    assert f"tenants/{shop.id}.sqlite.gz" in refused.stderr
    assert "LATER" in names(shop)
    assert list((appliance.data / "undo").iterdir()) == []


def test_a_manifest_that_somebody_without_the_key_wrote_is_refused(appliance, shops):
    """Whoever has only the backups folder can sum anew what he changed; the seal he cannot make."""
    snapshot, = (appliance.backups / "snapshots").iterdir()
    manifest, good = snapshot / "manifest.json", (snapshot / "manifest.json").read_bytes()
    before = everything_live(appliance, shops)
    forged = re.sub(rb'"slug" : "corner-books"', b'"slug" : "corner-crook"', good)
    assert forged != good
    digits = re.search(rb'"checksum" : "([0-9a-f]{64})"', forged)
    zeroed = forged.replace(digits[1], b"0" * 64, 1)
    manifest.write_bytes(forged.replace(digits[1], hashlib.sha256(zeroed).hexdigest().encode(), 1))
    for command in (["restore", "--yes"], ["restore", "--tenant", "acme", "--yes"], ["backup", "verify", "latest"]):
        said = appliance.cli(*command, code=1).stderr
        assert "manifest.json" in said and "its seal does not match" in said, said
    manifest.write_bytes(good)
    (snapshot / "manifest.seal").unlink()
    said = appliance.cli("restore", "--yes", code=1).stderr
    assert "manifest.json" in said and "it has no seal" in said and "--unsealed" in said
    assert everything_live(appliance, shops) == before
    appliance.cli("restore", "--yes", "--unsealed")
    # Who restores everything from it vouches for it.
    appliance.cli("backup", "verify", "latest")
    assert_everything_is_back(appliance, shops)


def test_an_empty_machine_with_the_key_refuses_what_was_altered(appliance, shops):
    snapshot, = (appliance.backups / "snapshots").iterdir()
    key = (appliance.data / "master.key").read_bytes()
    shutil.rmtree(appliance.data)
    appliance.data.mkdir()
    (appliance.data / "master.key").write_bytes(key)
    seal = (snapshot / "manifest.seal").read_text()
    (snapshot / "manifest.seal").write_text(seal[:-2] + ("1" if seal[-2] == "0" else "0") + "\n")
    assert "its seal does not match" in appliance.cli("restore", "--yes", code=1).stderr
    (snapshot / "manifest.seal").write_text(seal)
    appliance.cli("restore", "--yes")
    assert_everything_is_back(appliance, shops)


def flip_a_bit(path, good, chance):
    bad = bytearray(good)
    position = chance.randrange(len(bad))
    bit = chance.randrange(8)
    bad[position] ^= 1 << bit
    print(f"{path.name}: byte {position}, bit {bit}")
    path.write_bytes(bad)


def everything_live(appliance, shops):
    """A digest of every record of the control plane and the shops."""
    digest = hashlib.sha256()
    for path in [appliance.data / "system.sqlite", *(shop.file for shop in shops)]:
        tables = [name for (name,) in read_sqlite(path, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1")]
        for table in tables:
            digest.update(repr((table, read_sqlite(path, f'SELECT * FROM "{table}" ORDER BY 1'))).encode())
    return digest.hexdigest()
