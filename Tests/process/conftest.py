"""Each test gets an appliance of its own in a fresh folder; nothing outlives the test."""

import os
import random
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from appliance import Appliance, binary


def pytest_sessionstart():
    if not Path(binary()).exists():
        pytest.exit(f"There is no {binary()}: build it, or set APPLIANCE_BINARY.", 2)


@pytest.fixture
def appliance():
    """With an operator, not running."""
    with closing(Appliance()) as made:
        yield made.init()


@pytest.fixture(scope="module")
def make_appliance():
    """Makes appliances that the tests of a module share."""
    with ExitStack() as stack:

        def make(*, initialised=True):
            made = stack.enter_context(closing(Appliance()))
            return made.init() if initialised else made

        yield make


@pytest.fixture
def chance():
    """A random source; give its seed, which a failure shows, as APPLIANCE_SEED to have the same again."""
    seed = int(os.environ.get("APPLIANCE_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"APPLIANCE_SEED={seed}")
    return random.Random(seed)
