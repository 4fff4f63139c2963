"""What a plan's rate limits cost a request. The difference between gets with and without drowns in what else the machine
does (±3 µs over minutes), so it is counted: which share of the samples of a profile lies in the limits' code."""

import re
import shutil
import subprocess

from .appliance import SHOP
from .failure import BenchmarkFailure
from .load import Load
from .scale import Shops, entry

PLAN = "benchmark"
# The largest that a plan takes: more than any load.
NEVER_REACHED = 60_000_000
GOAL_MICROSECONDS = 1
SAMPLES_PER_SECOND = 4999
# What only a plan with rates runs: looking at the buckets, and telling what is left in two header fields.
OURS = re.compile("RateLimitFields|RateBucket|PlanRates|8RateRule")


def measure(binary, products, settings):
    if not shutil.which("perf"):
        raise BenchmarkFailure("perf is missing; on Debian: apt-get install linux-perf")
    server = Shops(binary, settings.folder / "limits")
    try:
        server.prepare(products)
        limit(server.operator())
        load = Load(server, "get", server.tokens, settings)
        load.warm_up()
        rounds = [profiled(server, load, settings) for _ in range(settings.rounds)]
    finally:
        server.stop()
    cost = sum(cpu for cpu, _, _ in rounds) / len(rounds)
    samples, ours = sum(samples for _, samples, _ in rounds), sum(ours for _, _, ours in rounds)
    return [
        entry("get with limits by shop and by user, while profiled", cost, "µs", decimals=1),
        entry(f"the limits' share of {samples:,} samples", 100 * ours / samples, "%", decimals=2),
        entry("the limits, headers included", cost * ours / samples, "µs", GOAL_MICROSECONDS, decimals=2),
    ]


def profiled(server, load, settings):
    """CPU µs per request, samples, and those of them in the limits' code or below it."""
    data = settings.folder / "limits.data"
    recorder = subprocess.Popen(
        ["perf", "record", "--freq", str(SAMPLES_PER_SECOND), "--call-graph", "fp", "--output", data, "--pid", str(server.process.pid)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    cost = load.measure()["cpu"]
    recorder.terminate()
    recorder.wait()
    script = subprocess.run(["perf", "script", "--input", data, "--fields", "ip,sym"], capture_output=True, text=True)
    stacks = [stack for stack in script.stdout.split("\n\n") if stack.strip()]
    if not stacks:
        raise BenchmarkFailure(f"perf took no samples: {script.stderr}")
    return cost, len(stacks), sum(1 for stack in stacks if OURS.search(stack))


def limit(client):
    client.call("POST", "/api/admin/plans", {
        "name": PLAN, "title": PLAN,
        "limits": {"requestsPerMinute": NEVER_REACHED, "userRequestsPerMinute": NEVER_REACHED}})
    client.call("POST", f"/api/admin/tenants/{SHOP}/change-plan", {"plan": PLAN})
