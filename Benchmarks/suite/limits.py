"""What a plan's rate limit costs a request: the same gets in a shop without one, and with one that is never reached."""

import statistics

from .appliance import SHOP
from .load import Load
from .scale import Shops, entry

LIMITED, FREE = "benchmark", "benchmark-free"
# The largest that a plan takes: more than any load.
NEVER_REACHED = 60_000_000
GOAL_MICROSECONDS = 1
# One with and one without, after each other: what else the machine does disturbs both alike.
PAIRS_PER_ROUND = 4


def measure(binary, products, settings):
    server = Shops(binary, settings.folder / "limits")
    try:
        server.prepare(products)
        operator = server.operator()
        make_plans(operator)
        load = Load(server, "get", server.tokens, settings)
        load.warm_up()
        pairs = [measure_pair(operator, load, first) for first in (LIMITED, FREE) * (PAIRS_PER_ROUND // 2 * settings.rounds)]
    finally:
        server.stop()
    costs = [pair[LIMITED] - pair[FREE] for pair in pairs]
    spread = statistics.stdev(costs) / len(costs) ** 0.5
    return [
        entry("get without a rate limit", statistics.median(pair[FREE] for pair in pairs), "µs", decimals=1),
        entry("get with limits by shop and by user, headers included",
              statistics.median(pair[LIMITED] for pair in pairs), "µs", decimals=1),
        entry("a rate limit", statistics.median(costs), "µs", GOAL_MICROSECONDS, decimals=2),
        entry(f"its standard error over {len(pairs)} pairs of rounds", spread, "µs", decimals=2),
    ]


def measure_pair(operator, load, first):
    """CPU µs per request by plan."""
    cost = {}
    for plan in (first, FREE if first == LIMITED else LIMITED):
        operator.call("POST", f"/api/admin/tenants/{SHOP}/change-plan", {"plan": plan})
        cost[plan] = load.measure()["cpu"]
    return cost


def make_plans(client):
    for name, limits in (FREE, {}), (LIMITED, {"requestsPerMinute": NEVER_REACHED, "userRequestsPerMinute": NEVER_REACHED}):
        client.call("POST", "/api/admin/plans", {"name": name, "title": name, "limits": limits})
