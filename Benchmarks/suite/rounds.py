"""The works, and the order in which servers take turns at them."""

import statistics

from .client import Client
from .failure import BenchmarkFailure
from .load import Load
from .machine import say

# Reads come first: the creates make the tables of the faster server longer.
WORKS = {
    "get": "get one record",
    "list": "list 30 of 10,000, filtered and sorted",
    "mixed": "mixed: 80 get, 15 list, 5 create",
    "create": "create",
}
STARTS = 5


def check_same_work(servers, products):
    """Both must hold the same records and give the same page, or the comparison is void."""
    expected = sorted((product for product in products if product["currency"] == "INR"), key=lambda product: -product["price"])[:30]
    for server in servers:
        client = Client(server.port, server.tokens[0])
        if len(set(server.ids)) != len(products):
            raise BenchmarkFailure(f"{server.name} holds {len(set(server.ids))} products instead of {len(products)}")
        page = client.call("GET", server.list_path)["items"]
        if [(record["sku"], record["price"]) for record in page] != [(product["sku"], product["price"]) for product in expected]:
            raise BenchmarkFailure(f"{server.name} lists other records than expected: {[record['sku'] for record in page]}")
        record = client.call("GET", f"{server.records_path}/{server.ids[0]}")
        made = client.call("POST", server.records_path, {**products[0], "sku": "CHECK-1"}, expect=(200, 201))
        if record["id"] != server.ids[0] or made["sku"] != "CHECK-1":
            raise BenchmarkFailure(f"{server.name} answers a get or a create wrongly: {record} {made}")
        Client(server.port).call("GET", f"{server.records_path}/{server.ids[0]}", expect=(401, 403, 404))


def compare(servers, settings):
    """Each work, on each server in turn, round after round."""
    results = []
    for work, title in WORKS.items():
        loads = [Load(server, work, server.tokens, settings) for server in servers]
        results += in_turns(loads, title, settings)
    return results


def spread_over_tenants(appliance, settings):
    load = Load(appliance, "create", appliance.spread_tokens, settings)
    return in_turns([load], f"create spread over {len(appliance.spread_tokens)} tenants", settings)


def in_turns(loads, title, settings):
    for load in loads:
        load.warm_up()
    measured = {load.server.name: [] for load in loads}
    for number in range(settings.rounds):
        for load in loads:
            figures = load.measure()
            measured[load.server.name].append(figures)
            say(f"{title}, round {number + 1}, {load.server.name}: {figures['rate']:,.0f}/s, {figures['cpu']:.0f} µs CPU, p99 {figures['p99']:.1f} ms")
    return [{"work": title, "server": name, "durability": load.server.durability,
             "median": medians(figures), "rounds": figures}
            for load, (name, figures) in zip(loads, measured.items())]


def medians(figures):
    return {key: statistics.median(round_figures[key] for round_figures in figures) for key in figures[0]}


def starts(servers):
    """Milliseconds from starting the process to the first good answer, with all the data of the runs before on disk."""
    results = []
    for server in servers:
        times = []
        for _ in range(STARTS):
            server.stop()
            times.append(server.start() * 1e3)
        say(f"start to first answer, {server.name}: {statistics.median(times):.0f} ms")
        results.append({"server": server.name, "milliseconds": statistics.median(times), "rounds": times})
    return results
