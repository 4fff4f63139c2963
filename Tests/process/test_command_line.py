"""The command line: help, exit codes, JSON, the sample shops, the schedule, and where a setting comes from."""

import json
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from appliance import binary
from client import OPERATOR, PASSWORD

COMMANDS = {
    "serve": [], "init": [], "demo": [], "import": [], "config": [], "version": [],
    "operator": ["create", "list", "set-role", "roles", "disable", "reset-password", "reset-link",
                 "reset-totp"],
    "tenant": [
        "create", "list", "show", "history", "extend-trial", "convert", "renew", "suspend", "activate", "cancel",
        "reactivate", "delete", "undelete", "trash", "purge", "export", "import", "clone", "change-plan", "set",
        "domains", "act-as"],
    "user": ["create", "list", "set-role", "disable", "enable", "reset-password", "reset-link", "invite", "invitations",
             "revoke-invitation", "sessions", "sign-out", "reset-totp"],
    "role": ["list", "create", "change", "delete"],
    "api-key": ["create", "list", "revoke"],
    "signing-key": ["list", "rotate"],
    "identity-provider": ["list", "create", "change", "delete", "check"],
    "collection": ["list", "show", "apply", "delete"],
    "record": ["list", "show", "create", "change", "delete", "erase"],
    "backup": ["create", "list", "show", "verify", "prune", "report", "drill"],
    "restore": ["list", "undo"],
    "schedule": ["list", "run"],
    "audit": ["list", "verify"],
    "alert": ["list", "acknowledge"],
    "outbox": ["list", "release", "discard"],
    "erasure": ["list"],
    "plan": ["list", "show", "create", "move"],
    "settings": ["list", "get", "set"],
    "legal": ["list", "show", "publish"],
    "secrets": ["status", "rotate", "forget-retired"],
    "usage": ["show", "check", "prices", "set-price"],
    "flag": ["list", "set", "delete"],
}
EVERY = [[name, *more] for name, below in COMMANDS.items() for more in ([], *([sub] for sub in below))]
ACTING = [command for command in EVERY if len(command) == 2 or not COMMANDS[command[0]]]


def run(*arguments, environment=None):
    return subprocess.run(
        [binary(), *arguments], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)


def test_the_list_of_commands_is_the_one_tested_here():
    assert subcommands(run("--help").stdout) == set(COMMANDS)
    for name, below in COMMANDS.items():
        assert subcommands(run(name, "--help").stdout) == set(below)


def subcommands(text):
    return set(re.findall(r"^  ([a-z-]+)  ", text.partition("SUBCOMMANDS:")[2], re.MULTILINE))


@pytest.mark.parametrize("command", EVERY, ids=" ".join)
def test_every_command_explains_itself(command):
    helped = run(*command, "--help")
    assert helped.returncode == 0 and not helped.stderr
    assert f"USAGE: appliance {' '.join(command)}" in helped.stdout
    if command in ACTING:
        assert "--data" in helped.stdout and "--backups" in helped.stdout


@pytest.mark.parametrize(
    "command", [["--nonsense"], ["nonsense"], *([*command, "--nonsense"] for command in ACTING)], ids=" ".join)
def test_wrong_usage_ends_with_2_and_touches_nothing(command, tmp_path):
    folder = tmp_path / "data"
    wrong = run(*command, *(["--data", str(folder)] if len(command) > 1 else []))
    assert wrong.returncode == 2, wrong.stderr
    assert "appliance" in wrong.stderr and "--help" in wrong.stderr and not wrong.stdout
    assert not folder.exists()


def test_every_listing_is_also_json(appliance):
    appliance.add_shop("acme")
    snapshot = appliance.json("backup", "create")["id"]
    listings = [
        ["operator", "list"], ["tenant", "list"], ["tenant", "show", "acme"], ["tenant", "history", "acme"],
        ["plan", "list"], ["plan", "show", "pro"],
        ["usage", "show", "--tenant", "acme"], ["usage", "check"], ["usage", "prices"], ["flag", "list"],
        ["tenant", "change-plan", "acme", "--plan", "pro", "--dry-run"], ["user", "list", "--tenant", "acme"],
        ["role", "list", "--tenant", "acme"], ["collection", "list", "--tenant", "acme"],
        ["outbox", "list"], ["erasure", "list"],
        ["tenant", "trash"], ["tenant", "domains", "acme"], ["tenant", "act-as", "acme"], ["settings", "list"],
        ["settings", "get", "signup"], ["legal", "list"], ["legal", "show", "terms"], ["operator", "roles"],
        ["secrets", "status"],
        ["backup", "list"], ["backup", "show", snapshot], ["backup", "verify"], ["backup", "prune"],
        ["backup", "report"], ["backup", "drill"], ["backup", "drill", "--history"], ["alert", "list", "--all"],
        ["schedule", "list"], ["restore", "--tenant", "acme", "--dry-run"], ["config"], ["version"]]
    for listing in listings:
        done = appliance.cli(*listing, "--json")
        assert isinstance(json.loads(done.stdout), dict), listing
        assert not done.stderr, listing
        assert appliance.cli(*listing).stdout, listing
    assert [item["email"] for item in appliance.json("operator", "list")["items"]] == [OPERATOR]
    assert [item["slug"] for item in appliance.json("tenant", "list")["items"]] == ["acme"]
    assert [item["id"] for item in appliance.json("backup", "list")["items"]] == [snapshot]


def test_what_does_not_exist_and_what_is_not_valid_have_codes_of_their_own(appliance, tmp_path):
    appliance.cli("tenant", "show", "nobody", code=1)
    appliance.cli("backup", "show", "2001-01-01T00-00-00Z", code=1)
    appliance.cli("schedule", "run", "nonsense", code=1)
    appliance.cli("tenant", "create", "No Slug!", "--owner-email", "nobody", code=65)
    appliance.cli("import", tmp_path / "missing.csv", "--tenant", "acme", "--collection", "customers", code=65)
    asked = appliance.cli("restore", "--tenant", "acme", code=1)
    assert "No snapshot holds the shop acme" in asked.stderr


def test_a_restore_without_yes_and_without_a_terminal_changes_nothing(appliance):
    shop = appliance.add_shop("acme")
    assert ": 1 shop, " in appliance.cli("backup", "create").stdout
    for command in (["restore"], ["restore", "--tenant", shop.slug]):
        assert "--yes" in appliance.cli(*command, code=2).stderr
    assert list((appliance.data / "undo").iterdir()) == []


def test_the_sample_shops_are_filled_and_the_printed_password_signs_in(make_appliance):
    appliance = make_appliance(initialised=False)
    printed = appliance.cli("demo").stdout
    email, password = re.search(r"^Operator (\S+), password for all: (\S+)$", printed, re.MULTILINE).groups()
    appliance.start()
    signed_in = appliance.request("POST", "/api/auth/login", {"email": email, "password": password})
    assert signed_in.status == 200
    token = signed_in.json()["token"]
    tenants = appliance.request("GET", "/api/admin/tenants", token=token).json()["items"]
    assert len(tenants) >= 3 and {tenant["storage"]["state"] for tenant in tenants} == {"ok"}
    for tenant in tenants:
        owner = appliance.request(
            "POST", "/api/auth/login", {"email": tenant["ownerEmail"], "password": password},
            headers={"X-Tenant-ID": tenant["slug"]})
        assert owner.status == 200, tenant["slug"]
        sales = appliance.request("GET", "/api/transactions?count=exact", token=owner.json()["token"]).json()
        assert sales["total"] > 0 and all(sale["amount"] > 0 for sale in sales["items"])
    assert "has shops already" in appliance.cli("demo", code=1).stderr


def test_a_trial_warning_is_sent_exactly_once_however_often_the_job_runs(appliance):
    # In five days the warning of seven days is due, whatever the time of day.
    appliance.add_shop("acme", "--trial-days", "5")
    assert appliance.json("schedule", "run", "trial-warnings")["detail"] == "1 new message"
    appliance.start()
    token = appliance.operator_token()
    with ThreadPoolExecutor() as at_once:
        asked = [
            at_once.submit(appliance.request, "POST", "/api/admin/schedule/trial-warnings/run", token=token)
            for _ in range(8)]
    # One that finds the job running already is told so.
    assert {answer.result().status for answer in asked} <= {200, 409}
    appliance.kill()
    appliance.start()
    assert appliance.json("schedule", "run", "trial-warnings")["detail"] == "0 new messages"
    messages = appliance.request("GET", "/api/admin/outbox", token=token).json()["items"]
    assert [(message["kind"], message["recipient"]) for message in messages] == [("trial_7d", "owner@acme.example")]


def test_a_setting_comes_from_the_flag_then_the_variable_then_the_file_then_the_default(appliance):
    def backups(*flags, **variables):
        environment = {name: value for name, value in appliance.environment().items() if name != "APPLIANCE_BACKUPS"}
        printed = run("config", "--json", *flags, environment=environment | variables)
        value = json.loads(printed.stdout)["backups"]
        assert value["origin"] in run("config", *flags, environment=environment | variables).stdout
        return value["value"], value["origin"]

    file = appliance.data / "appliance.yaml"
    assert backups() == ("backups", "default")
    file.write_text("backups: /mnt/from-file\nport: 8099\n")
    assert backups() == ("/mnt/from-file", "file")
    assert backups(APPLIANCE_BACKUPS="/mnt/from-variable") == ("/mnt/from-variable", "environment")
    assert backups("--backups", "/mnt/from-flag", APPLIANCE_BACKUPS="/mnt/from-variable") == ("/mnt/from-flag", "flag")
    assert PASSWORD not in appliance.cli("config").stdout
    file.write_text("backup: misspelt\n")
    assert "unknown key backup" in appliance.cli("config", code=65).stderr


def test_a_running_server_refuses_to_speak_for_a_folder_of_backups_that_is_not_its(appliance, tmp_path):
    appliance.start()
    appliance.cli("backup", "create")
    copy, link = tmp_path / "a copy, ü", tmp_path / "link"
    shutil.copytree(appliance.backups, copy)
    link.symlink_to(appliance.backups)
    for name in (copy, tmp_path / "nothing"):
        refused = appliance.cli("backup", "verify", "--backups", name, code=1).stderr
        assert f"not in {name}" in refused and str(appliance.backups) in refused
        appliance.cli("backup", "list", code=1, env={"APPLIANCE_BACKUPS": str(name)})
    appliance.cli("backup", "verify", "--backups", link)
    appliance.cli("backup", "verify", "--backups", f"{appliance.backups}/../{appliance.backups.name}/")
    appliance.stop()
    assert "is good" in appliance.cli("backup", "verify", "--backups", copy).stdout


def test_records_are_made_found_changed_and_deleted(appliance):
    appliance.add_shop("acme", "--modules", "shop")
    place = ["products", "--tenant", "acme"]
    made = [appliance.json("record", "create", *place, json.dumps({"sku": f"R-{n}", "name": f"Ring {n}", "price": n}))
            for n in range(3)]
    found = appliance.json("record", "list", *place, "price[gte]=1", "sort=-price", "limit=1", "count=exact")
    assert (found["items"][0]["name"], found["total"]) == ("Ring 2", 2)
    assert f"More with cursor={found['nextCursor']}" in appliance.cli(
        "record", "list", *place, "price[gte]=1", "sort=-price", "limit=1").stdout
    ring = made[1]["id"]
    assert appliance.json("record", "change", place[0], ring, '{"stock":4}', *place[1:])["stock"] == 4
    assert re.search(r"^stock +4$", appliance.cli("record", "show", place[0], ring, *place[1:]).stdout, re.MULTILINE)
    # Nobody can be asked here, so it is not deleted without being told to.
    assert "--yes" in appliance.cli("record", "delete", place[0], ring, *place[1:], code=2).stderr
    appliance.cli("record", "delete", place[0], ring, *place[1:], "--yes")
    assert "Error:" in appliance.cli("record", "show", place[0], ring, *place[1:], code=1).stderr
    assert "not JSON" in appliance.cli("record", "create", *place, "{", code=65).stderr


def test_a_shops_own_collection_is_applied_after_a_look(appliance, tmp_path):
    appliance.add_shop("acme")
    shop = ["--tenant", "acme"]
    file = tmp_path / "repairs.json"
    fields = [{"name": "item", "type": "text", "required": True}]
    file.write_text(json.dumps({"name": "repairs", "title": "Repair", "fields": fields}))
    appliance.cli("collection", "apply", file, *shop)
    appliance.json("record", "create", "repairs", *shop, '{"item":"A long chain"}')
    assert "repairs" in appliance.cli("collection", "list", *shop).stdout
    # What is shown is what is applied.
    shown = appliance.json("collection", "show", "repairs", *shop)
    shown["fields"][0]["maxLength"] = 5
    file.write_text(json.dumps(shown))
    assert "At most 5 characters" in appliance.cli("collection", "apply", file, *shop, "--dry-run").stdout
    appliance.cli("collection", "apply", file, *shop, code=65)
    shown["fields"] = [{"name": "thing", "type": "text", "renamedFrom": "item"}]
    file.write_text(json.dumps(shown))
    assert re.search(r"^renameField +thing +1$", appliance.cli(
        "collection", "apply", file, *shop, "--dry-run").stdout, re.MULTILINE)
    assert appliance.json("collection", "apply", file, *shop)["version"] == 2
    assert appliance.json("record", "list", "repairs", *shop)["items"][0]["thing"] == "A long chain"
    assert "--yes" in appliance.cli("collection", "delete", "repairs", *shop, code=2).stderr
    appliance.cli("collection", "delete", "repairs", *shop, "--yes")
    appliance.cli("record", "list", "repairs", *shop, code=1)


def test_a_user_gets_another_role_and_comes_back(appliance):
    appliance.add_shop("acme")
    shop = ["--tenant", "acme"]
    appliance.cli("user", "create", "sam@acme.example", *shop, "--password-file", appliance.password_file)
    assert appliance.json("user", "set-role", "sam@acme.example", "viewer", *shop)["role"] == "viewer"
    appliance.cli("user", "disable", "sam@acme.example", *shop)
    assert appliance.json("user", "enable", "sam@acme.example", *shop)["status"] == "active"
    assert "role" in appliance.cli("user", "set-role", "sam@acme.example", "king", *shop, code=65).stderr


def test_invitations_and_reset_links_work_without_mail(appliance):
    made = appliance.json("tenant", "create", "acme", "--owner-email", "owner@acme.example")
    shop = ["--tenant", "acme"]
    assert "/admin#/invitation/" in made["invitation"]["link"]
    invited = appliance.json("user", "invite", "sam@acme.example", "--role", "viewer", *shop)
    withdrawn = appliance.json("user", "invite", "zoe@acme.example", *shop)
    assert "/admin#/invitation/" in appliance.cli("user", "invite", "zoe@acme.example", *shop).stdout
    listed = appliance.json("user", "invitations", *shop)["items"]
    pending = [item["id"] for item in listed if item["email"] == "zoe@acme.example" and item["status"] == "pending"]
    assert appliance.json("user", "revoke-invitation", *pending, *shop)["status"] == "revoked"
    assert appliance.cli("user", "revoke-invitation", *pending, *shop, code=1).stderr
    appliance.start()

    def accept(link):
        return appliance.request(
            "POST", "/api/auth/invitations/accept", {"token": link.rpartition("/")[2], "password": PASSWORD})

    assert accept(withdrawn["link"]).status == 410
    assert accept(invited["link"]).json()["user"]["role"] == "viewer"
    assert accept(made["invitation"]["link"]).json()["user"]["role"] == "owner"
    for link in (appliance.json("user", "reset-link", "sam@acme.example", *shop)["link"],
                 appliance.json("operator", "reset-link", OPERATOR)["link"]):
        body = {"token": link.rpartition("/")[2], "password": "quite another password"}
        assert appliance.request("POST", "/api/auth/reset", body).status == 204
        assert appliance.request("POST", "/api/auth/reset", body).status == 410
