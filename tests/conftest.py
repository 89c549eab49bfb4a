"""Settings for every test, and the fixtures that several folders share."""

from hypothesis import settings

from tests.hub_fixtures import hub as hub

# examples are small; on a busy machine one of them may still take long, which is no failure
settings.register_profile("femo", deadline=None)
settings.load_profile("femo")
