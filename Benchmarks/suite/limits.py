"""What a plan's rate limit costs a request: the same gets in a shop without one, and with one that is never reached."""

import statistics

from .appliance import SHOP
from .load import Load
from .scale import Shops, entry

PLAN = "benchmark"
# The largest that a plan takes: more than any load.
NEVER_REACHED = 60_000_000
GOAL_MICROSECONDS = 1


def measure(binary, products, settings):
    server = Shops(binary, settings.folder / "limits")
    try:
        server.prepare(products)
        without = Load(server, "get", server.tokens, settings)
        free = rounds(without, settings)
        limit(server)
        limited = rounds(without, settings)
    finally:
        server.stop()
    return [
        entry("get without a rate limit", free, "µs", decimals=1),
        entry("get with limits by shop and by user, headers included", limited, "µs", decimals=1),
        entry("a rate limit", limited - free, "µs", GOAL_MICROSECONDS, decimals=2),
    ]


def rounds(load, settings):
    """The median of CPU µs per request."""
    load.warm_up()
    return statistics.median(load.measure()["cpu"] for _ in range(settings.rounds))


def limit(server):
    client = server.operator()
    client.call("POST", "/api/admin/plans", {
        "name": PLAN, "title": PLAN,
        "limits": {"requestsPerMinute": NEVER_REACHED, "userRequestsPerMinute": NEVER_REACHED}})
    client.call("POST", f"/api/admin/tenants/{SHOP}/change-plan", {"plan": PLAN})
