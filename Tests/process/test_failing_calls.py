"""Each file call of a scripted session fails once: who was refused is told so, and who was not finds what he wrote.

APPLIANCE_FAILING_CALLS=all lets every single one fail instead of a sample.
"""

import os
from collections import Counter
from contextlib import closing

import pytest

from appliance import wait_until
from faults import ERRORS, Faults, is_shown

SAMPLE = os.environ.get("APPLIANCE_FAILING_CALLS", "60")
REFUSALS = {(503, "storage_failed"), (507, "storage_full"), (503, "backup_failed")}
CUSTOMERS = 8
RECOVERY_SECONDS = 5


@pytest.fixture
def faults(appliance):
    with closing(Faults(appliance)) as faults:
        yield faults


class Session:
    """What is asked again and again, and what of it was acknowledged."""

    def __init__(self, appliance, shop):
        self.appliance, self.shop = appliance, shop
        self.operator = appliance.operator_token()
        self.number = 0
        self.customers, self.refused = set(), set()
        self.shops, self.snapshots = set(), set()

    def add_customers(self):
        answers = []
        for _ in range(CUSTOMERS):
            self.number += 1
            name = f"C-{self.number}"
            answer = self.shop.add_customer(name)
            (self.customers if answer.status == 201 else self.refused).add(name)
            answers += [answer, self.shop.get("/api/customers?limit=5")]
        return answers

    def add_a_shop(self):
        self.number += 1
        slug = f"new-{self.number}"
        body = {"slug": slug, "ownerEmail": "owner@new.example"}
        answer = self.appliance.request("POST", "/api/admin/tenants", body, self.operator)
        if answer.status == 201:
            self.shops.add(slug)
        return [answer]

    def back_up(self):
        answers = [self.shop.add_customer(f"B-{self.number}"), self.back_up_now()]
        self.number += 1
        self.refused.add(f"B-{self.number - 1}")
        return answers

    def back_up_now(self):
        answer = self.appliance.request("POST", "/api/admin/backups", {}, self.operator)
        if answer.status == 201 and not answer.json()["failures"]:
            self.snapshots.add(answer.json()["id"])
        return answer


@pytest.mark.parametrize("part", [Session.add_customers, Session.add_a_shop, Session.back_up])
def test_the_nth_call_fails_and_nothing_false_is_said(appliance, faults, chance, part):
    shop = appliance.add_shop("acme")
    appliance.start(environment=faults.environment)
    session = Session(appliance, shop.sign_in())
    part(session)
    faults.disarm()
    part(session)
    cases = [
        (call, number, error) for call, count in faults.counts().items() for number in range(1, count + 1)
        for error in ERRORS.get(call, ())]
    if SAMPLE != "all":
        cases = chance.sample(cases, min(int(SAMPLE), len(cases)))
    wrong, failed = [], Counter()
    for call, number, error in cases:
        faults.arm(call, number, error)
        answers = part(session)
        failed[call] += faults.disarm() > 0
        bad = [(answer.status, answer.body[:300]) for answer in answers if not is_right(answer)]
        bad += [("afterwards", answer.status, answer.body[:300])
                for answer in afterwards(part, session) if answer.status not in (200, 201)]
        if bad:
            wrong.append((call, number, is_shown(error), bad[:3]))
    print(f"{len(cases)} cases, failed: {dict(failed)}")
    assert wrong == []
    assert sum(failed.values()) > len(cases) / 2
    appliance.kill()
    appliance.start()
    found = {name for (name,) in shop.sql("SELECT externalId FROM customers")}
    assert session.customers <= found <= session.customers | session.refused
    assert shop.sql("PRAGMA integrity_check") == [("ok",)]
    assert session.shops <= {tenant["slug"] for tenant in appliance.json("tenant", "list")["items"]}
    listed = {snapshot["id"]: snapshot for snapshot in appliance.json("backup", "list")["items"]}
    assert all(listed[id]["verified"] and not listed[id]["problem"] for id in session.snapshots)


def afterwards(part, session):
    """What is answered once all is well again. That may take a moment: while the change log is at work on a WAL whose
    sync has failed, the WAL cannot begin anew, and who writes is told to come back in a second."""
    answers = []

    def is_well():
        answers[:] = part(session)
        return all(answer.status in (200, 201) for answer in answers)

    wait_until(is_well, RECOVERY_SECONDS, lambda: f"all is well: {[answer.body[:300] for answer in answers]}")
    return answers


def is_right(answer):
    return answer.status in (200, 201) or (answer.status, answer.code) in REFUSALS
