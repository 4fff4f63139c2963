"""What a plan's rate limit costs a request: the same gets in a shop without one, and with one that is never reached."""

import statistics

from .appliance import SHOP
from .load import Load
from .scale import Shops, entry

LIMITED, FREE = "benchmark", "benchmark-free"
# The largest that a plan takes: more than any load.
NEVER_REACHED = 60_000_000
GOAL_MICROSECONDS = 1
# By turns, so that what else the machine does disturbs both alike.
TURNS_PER_ROUND = 4


def measure(binary, products, settings):
    server = Shops(binary, settings.folder / "limits")
    try:
        server.prepare(products)
        operator = server.operator()
        make_plans(operator)
        load = Load(server, "get", server.tokens, settings)
        load.warm_up()

        def cpu(plan):
            operator.call("POST", f"/api/admin/tenants/{SHOP}/change-plan", {"plan": plan})
            return load.measure()["cpu"]

        free, limited = [cpu(FREE)], []
        for _ in range(settings.rounds * TURNS_PER_ROUND):
            limited.append(cpu(LIMITED))
            free.append(cpu(FREE))
    finally:
        server.stop()
    costs = [own - (before + after) / 2 for own, before, after in zip(limited, free, free[1:])]
    return [
        entry("get without a rate limit", statistics.median(free), "µs", decimals=1),
        entry("get with limits by shop and by user, headers included", statistics.median(limited), "µs", decimals=1),
        entry("a rate limit", statistics.median(costs), "µs", GOAL_MICROSECONDS, decimals=2),
        entry(f"its standard error over {len(costs)} turns", statistics.stdev(costs) / len(costs) ** 0.5, "µs", decimals=2),
    ]


def make_plans(client):
    for name, limits in (FREE, {}), (LIMITED, {"requestsPerMinute": NEVER_REACHED, "userRequestsPerMinute": NEVER_REACHED}):
        client.call("POST", "/api/admin/plans", {"name": name, "title": name, "limits": limits})
