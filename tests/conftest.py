"""Settings for every test, and the fixtures that several folders share."""

import os

from hypothesis import settings

from tests.hub_fixtures import hub as hub

if "PYTEST_XDIST_WORKER" in os.environ:  # as many workers as cores: more threads only wait for each other
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# examples are small; on a busy machine one of them may still take long, which is no failure
settings.register_profile("femo", deadline=None)
settings.load_profile("femo")
