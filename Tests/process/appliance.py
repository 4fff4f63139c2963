"""An appliance under test: a data folder, the server on it, the command line, and clients of its shops."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from client import OPERATOR, PASSWORD, Client
from shop import Shop

REPOSITORY = Path(__file__).resolve().parents[2]
START_SECONDS = 30
STOP_SECONDS = 40
COMMAND_SECONDS = 120


def binary():
    """The executable under test."""
    if named := os.environ.get("APPLIANCE_BINARY"):
        return str(Path(named).resolve())
    built = [REPOSITORY / ".build" / kind / "appliance" for kind in ("release", "debug")]
    return str(next((path for path in built if path.exists()), built[0]))


def wait_until(condition, seconds, what):
    """Polls until `condition` gives something true, and returns it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := condition():
            return result
        time.sleep(0.01)
    raise AssertionError(f"{what}: not within {seconds} s")


class Appliance(Client):
    """Close it when done: that ends every process it started and removes its folder, and complains of a crash."""

    def __init__(self):
        # Short, because the path of a unix socket has at most 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="ap-"))
        self.data = self.folder / "data"
        self.backups = self.folder / "backups"
        self.log = self.folder / "server.log"
        self.password_file = self.folder / "password"
        self.password_file.write_text(PASSWORD + "\n")
        self.server = None
        self.others = []

    # --- the command line

    def environment(self):
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("APPLIANCE_")}
        # The lowest cost of a password hash: these tests are not about passwords.
        return inherited | {
            "APPLIANCE_DATA": str(self.data), "APPLIANCE_BACKUPS": str(self.backups), "APPLIANCE_BCRYPT_COST": "4",
            "SWIFT_BACKTRACE": "enable=no"}

    def cli(self, *arguments, code=0, env=None):
        """Runs a command to its end and checks its exit code."""
        done = subprocess.run(
            [binary(), *map(str, arguments)], env=self.environment() | (env or {}), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=COMMAND_SECONDS, cwd=self.folder)
        said = f"{' '.join(map(str, arguments))}\n{done.stdout}{done.stderr}{self.log_tail()}"
        assert done.returncode == code, f"exit code {done.returncode} instead of {code}: {said}"
        return done

    def json(self, *arguments):
        return json.loads(self.cli(*arguments, "--json").stdout)

    def spawn(self, *arguments):
        """Starts a command and does not wait for it."""
        process = subprocess.Popen(
            [binary(), *map(str, arguments)], env=self.environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder)
        self.others.append(process)
        return process

    def init(self):
        self.cli("init", "--operator-email", OPERATOR, "--password-file", self.password_file)
        return self

    def add_shop(self, slug, *options):
        made = json.loads(self.cli(
            "tenant", "create", slug, "--owner-email", f"owner@{slug}.example", "--password-file", self.password_file,
            "--json", *options).stdout)
        return Shop(self, slug, made["id"])

    # --- the server

    def start(self, *options, under=(), environment=None):
        """Starts the server on a free port, perhaps as the command of another program, and waits until it is ready."""
        assert self.server is None
        position = self.log.stat().st_size if self.log.exists() else 0
        with open(self.log, "ab") as log:
            self.server = subprocess.Popen(
                [*under, binary(), "serve", "--port", "0", *options], env=self.environment() | (environment or {}),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder)
        self.port = wait_until(lambda: self._announced_port(position), START_SECONDS, "the server starts")
        wait_until(self._is_ready, START_SECONDS, "the server is ready")
        return self

    def _announced_port(self, position):
        text = self.log.read_bytes()[position:].decode(errors="replace")
        assert self.server.poll() is None, f"the server ended with {self.server.returncode}: {text}"
        found = re.search(r" at https?://[^/]*:(\d+)/admin", text)
        return found and int(found[1])

    def _is_ready(self):
        try:
            return self.request("GET", "/api/health/ready").status == 200
        except OSError:
            return False

    @property
    def is_running(self):
        return self.server is not None and self.server.poll() is None

    def resident_mib(self):
        """Memory of the server that is in RAM."""
        status = Path(f"/proc/{self.server.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def kill(self):
        """Ends the server the way a power cut would, as far as a process can tell."""
        self._end(signal.SIGKILL)

    def stop(self):
        """Ends the server as systemd would; returns how many seconds it took."""
        start = time.monotonic()
        code = self._end(signal.SIGTERM)
        assert code == 0, f"the server ended with {code}: {self.log_tail()}"
        return time.monotonic() - start

    def _end(self, how):
        server, self.server = self.server, None
        assert server.poll() is None, f"the server had ended by itself with {server.returncode}: {self.log_tail()}"
        server.send_signal(how)
        try:
            return server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
            raise AssertionError(f"the server did not stop: {self.log_tail()}") from None

    def log_tail(self):
        return self.log.read_text(errors="replace")[-3000:] if self.log.exists() else ""

    def close(self):
        """Leaves nothing behind, whatever happened."""
        crashed = self.server is not None and self.server.poll() is not None
        for process in [*self.others, *filter(None, [self.server])]:
            process.kill()
            process.wait()
        tail = self.log_tail()
        print(tail)
        shutil.rmtree(self.folder, ignore_errors=True)
        assert not crashed and "Fatal error" not in tail, f"the server crashed: {tail}"
