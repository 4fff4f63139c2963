"""One run of wrk against one server, and what it cost that server."""

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from .failure import BenchmarkFailure

CONNECTIONS = 32
THREADS = 2
WARM_UP_SECONDS = 1
SETTLE_SECONDS = 1
SCRIPT = Path(__file__).resolve().parent.parent / "wrk/work.lua"


@dataclass
class Settings:
    seconds: int
    rounds: int
    folder: Path


class Load:
    """Drives one work on one server. Every run numbers its records, so that no sku comes twice."""

    runs = 0

    plans = 0

    def __init__(self, server, work, tokens, settings, connections=CONNECTIONS):
        self.server = server
        self.work = work
        self.settings = settings
        self.connections = connections
        Load.plans += 1
        self.plan = settings.folder / f"plan-{Load.plans}.lua"
        self.plan.write_text(lua_table(server, tokens))

    def warm_up(self):
        self.run(WARM_UP_SECONDS)

    def measure(self):
        """Figures of one round. CPU is taken after a pause, so that work put off until later is counted too."""
        time.sleep(SETTLE_SECONDS)
        before = self.server.cpu_seconds()
        result = self.run(self.settings.seconds)
        time.sleep(SETTLE_SECONDS)
        cpu = self.server.cpu_seconds() - before
        return {
            "requests": result["requests"],
            "rate": result["requests"] / (result["microseconds"] / 1e6),
            "p50": result["p50"] / 1e3,
            "p99": result["p99"] / 1e3,
            "cpu": cpu * 1e6 / result["requests"],
            "memory": self.server.resident_mib(),
        }

    def run(self, seconds):
        done = self.wrk(seconds)
        lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
        if done.returncode != 0 or not lines:
            raise BenchmarkFailure(f"wrk failed:\n{done.stdout}{done.stderr}\n{self.server.log_tail()}")
        result = json.loads(lines[-1])
        self.refuse_errors(result)
        return result

    def wrk(self, seconds, *extra):
        Load.runs += 1
        command = ["wrk", "--threads", str(min(THREADS, self.connections)), "--connections", str(self.connections), "--duration", f"{seconds}s",
                   "--timeout", "10s", "--script", SCRIPT, f"http://127.0.0.1:{self.server.port}/",
                   "--", self.plan, self.work, str(Load.runs), *extra]
        return subprocess.run(command, capture_output=True, text=True)

    def refuse_errors(self, result):
        errors = {kind: count for kind, count in result["errors"].items() if count}
        if errors or not result["requests"]:
            refused = [line for line in self.wrk(1, "explain").stdout.splitlines() if line.startswith("refused: ")]
            raise BenchmarkFailure(
                f"{self.server.name}, {self.work}: {result['requests']} requests with errors {errors}\n"
                + "\n".join(refused + [self.server.log_tail()]))


def lua_table(server, tokens):
    """The server's addresses, credentials and ids as a Lua file that the script loads. ASCII JSON strings are Lua strings."""
    def strings(values):
        return "{" + ",".join(json.dumps(value) for value in values) + "}"

    return (f"return {{host = \"127.0.0.1:{server.port}\", records = {json.dumps(server.records_path)},"
            f" list = {json.dumps(server.list_path)}, tokens = {strings(tokens)}, ids = {strings(server.ids)}}}\n")
