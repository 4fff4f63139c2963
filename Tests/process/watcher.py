"""Somebody who uses a shop all the time while something happens to another one."""

import http.client
import threading
from contextlib import contextmanager

PAUSE_SECONDS = 0.02


@contextmanager
def nobody_else_notices(shop, paths=("/api/customers?limit=1", "/api/auth/me")):
    """Asks `shop` from start to end and fails when a single answer is not right."""
    stop = threading.Event()
    faults, answers = [], []

    def ask():
        is_over = False
        while not is_over:
            is_over = stop.wait(PAUSE_SECONDS)
            for path in paths:
                try:
                    status = shop.get(path).status
                except (OSError, http.client.HTTPException) as error:
                    status = error
                answers.append(status)
                if status != 200:
                    faults.append((path, status))

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    assert not faults, f"{len(faults)} of {len(answers)} answers: {faults[:5]}"
