"""Settings for every test, and the fixtures that several folders share."""

import os
from pathlib import Path

from hypothesis import settings

from tests.hub_fixtures import hub as hub

if "PYTEST_XDIST_WORKER" in os.environ:  # as many workers as cores: more threads only wait for each other
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# no test leaves the machine, so none needs its certificates, which every HTTP client would read anew (25 ms)
os.environ.pop("SSL_CERT_FILE", None)
os.environ["SSL_CERT_DIR"] = str(Path(__file__).parent)

# examples are small; on a busy machine one of them may still take long, which is no failure
settings.register_profile("femo", deadline=None)
settings.load_profile("femo")
