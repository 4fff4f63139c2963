"""A server under measurement: its process, its port, its CPU time and memory."""

import http.client
import os
import socket
import subprocess
import time
from pathlib import Path

from .failure import BenchmarkFailure

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
START_TIMEOUT_SECONDS = 60
STOP_TIMEOUT_SECONDS = 30


class Server:
    """What both servers have in common. A subclass gives `name`, `health_path`, paths of the work and `serve_command()`."""

    name = ""
    health_path = ""

    def __init__(self, binary, folder):
        self.binary = binary
        self.folder = folder
        self.port = free_port()
        self.process = None
        self.tokens = []
        self.ids = []
        folder.mkdir(parents=True)

    def start(self):
        """Starts the process and returns the seconds until it first answered."""
        with open(self.folder / "server.log", "ab") as log:
            begin = time.perf_counter()
            self.process = subprocess.Popen(
                self.serve_command(), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                env=self.environment())
        while not self.answers():
            if self.process.poll() is not None or time.perf_counter() - begin > START_TIMEOUT_SECONDS:
                raise BenchmarkFailure(f"{self.name} did not start:\n{self.log_tail()}")
            time.sleep(0.0005)
        return time.perf_counter() - begin

    def answers(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", self.health_path)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def stop(self):
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def environment(self):
        return dict(os.environ)

    def log_tail(self):
        return (self.folder / "server.log").read_text(errors="replace")[-2000:]

    def cpu_seconds(self):
        """User and system time of all the process's threads so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND

    def resident_mib(self):
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise BenchmarkFailure(f"{self.name} has no resident memory: it is gone\n{self.log_tail()}")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
