"""The server under test."""

import re
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass

START_SECONDS = 30
STOP_SECONDS = 10


@dataclass
class Served:
    url: str
    setup_token: str
    is_set_up: bool = False


@contextmanager
def start(binary, folder):
    """Makes a data folder, starts the server on it and waits until it is ready; stops it at the end."""
    port = free_port()
    options = ["--data", str(folder / "data"), "--backups", str(folder / "backups"), "--port", str(port)]
    printed = subprocess.run([binary, "init", *options], check=True, capture_output=True, text=True).stdout
    token = re.search(r"/admin#/setup/(\S+)", printed)
    assert token, f"init printed no setup link:\n{printed}"
    with open(folder / "server.log", "w", encoding="utf-8") as log:
        process = subprocess.Popen([binary, "serve", *options], stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until_ready(url, process, folder / "server.log")
            yield Served(url, token[1])
        finally:
            stop(process)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_ready(url, process, log):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, f"the server stopped:\n{log.read_text()}"
        if is_ready(url):
            return
        time.sleep(0.05)
    raise AssertionError(f"not ready after {START_SECONDS} s:\n{log.read_text()}")


def is_ready(url):
    try:
        with urllib.request.urlopen(f"{url}/api/health/ready", timeout=1) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def stop(process):
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
