"""Plans, limits and flags at the command line."""

import json
import sqlite3
from contextlib import closing


def limits(appliance, slug):
    answer = appliance.json("tenant", "change-plan", slug, "--plan", "free", "--dry-run")
    return {line["limit"]: line["from"] for line in answer["limits"]}


def test_a_new_version_of_a_plan_reaches_a_shop_when_it_is_moved(appliance):
    appliance.add_shop("acme", "--plan", "pro")
    assert limits(appliance, "acme")["tasks"] == 100
    version = appliance.json(
        "plan", "create", "pro", "--limit", "tasks=200", "--limit", "users=none", "--price", "2400:USD:month",
        "--feature", "webhooks", "--without-feature", "priority")
    assert (version["version"], version["limits"]["tasks"], version["limits"]["users"]) == (3, 200, None)
    assert version["features"] == ["custom-agents", "webhooks"]
    assert limits(appliance, "acme")["tasks"] == 100
    assert "already" in appliance.cli("plan", "create", "pro", code=1).stderr
    shown = appliance.cli("tenant", "change-plan", "acme", "--plan", "pro", "--dry-run").stdout
    assert "acme: pro/2 would become pro/3" in shown and "webhooks" in shown
    assert appliance.json("plan", "move", "pro")["moved"] == ["acme"]
    assert limits(appliance, "acme")["tasks"] == 200
    assert "one of" in appliance.cli("tenant", "change-plan", "acme", "--plan", "gold", code=65).stderr.lower()


def test_a_shop_on_the_free_plan_is_held_to_five_requests_a_minute_also_after_a_restart_of_the_catalogue(appliance):
    shop = appliance.add_shop("acme", "--plan", "free")
    appliance.start()
    shop.sign_in()
    answers = [shop.get("/api/customers") for _ in range(6)]
    assert [answer.status for answer in answers] == [200] * 5 + [429]
    assert answers[0].headers["RateLimit-Policy"] == '"minute";q=5;w=60'
    assert int(answers[5].headers["Retry-After"]) in range(1, 13)
    assert answers[5].json()["plan"] == "free"
    appliance.cli("tenant", "change-plan", "acme", "--plan", "pro")
    assert shop.get("/api/customers").status == 200
    used = appliance.json("usage", "show", "--tenant", "acme")
    calls = next(meter for meter in used["meters"] if meter["meter"] == "apiCalls")
    assert calls["used"] >= 6
    appliance.stop()
    # What was counted in memory was written down at the end.
    used = appliance.json("usage", "show", "--tenant", "acme")
    kept = next(meter for meter in used["meters"] if meter["meter"] == "apiCalls")
    assert kept["used"] == calls["used"]
    assert {line["name"]: line["quantity"] for line in kept["subjects"]}["GET /api/customers"] == 7
    assert appliance.json("usage", "check")["ok"]


def test_counters_that_were_tampered_with_are_found_and_put_right(appliance):
    shop = appliance.add_shop("acme")
    appliance.start()
    assert shop.sign_in().get("/api/customers").status == 200
    appliance.stop()
    with closing(sqlite3.connect(shop.file)) as database:
        database.execute("UPDATE meterPeriods SET committed = committed + 1")
        database.commit()
    wrong = appliance.cli("usage", "check", code=1)
    assert "apiCalls" in wrong.stdout and "--rebuild" in wrong.stderr
    appliance.cli("usage", "check", "--tenant", "acme", "--rebuild")
    assert appliance.json("usage", "check")["ok"]


def test_a_flag_is_switched_for_one_shop_until_a_day(appliance):
    appliance.add_shop("acme")
    appliance.cli("flag", "set", "new-page", "on", "--tenant", "acme", "--until", "2999-12-31")
    appliance.cli("flag", "set", "new-page", "off")
    flag = appliance.json("flag", "list")["items"][0]
    assert (flag["isOn"], flag["onFor"]) == (False, 1)
    assert "on for ten_" in appliance.cli("flag", "list").stdout
    appliance.cli("flag", "delete", "new-page")
    assert appliance.json("flag", "list")["items"] == []
    assert "on or off" in appliance.cli("flag", "set", "x-y-z", "perhaps", code=2).stderr


def test_prices_are_cents_from_a_day_on(appliance):
    appliance.cli("usage", "set-price", "claude", "55", "--from", "2999-01-01")
    prices = [(price["item"], price["amount"]) for price in appliance.json("usage", "prices")["items"]]
    assert prices == [("claude", 55), ("claude", 50), ("codex", 30), ("cursor", 25), ("opencode", 0), ("perplexity", 20)]
    assert json.loads(appliance.cli("plan", "show", "free", "--json").stdout)["limits"]["tasks"] == 10
