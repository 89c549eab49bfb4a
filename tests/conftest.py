"""Settings for all tests."""

from hypothesis import settings

# examples are small; on a busy machine one of them may still take long, which is no failure
settings.register_profile("femo", deadline=None)
settings.load_profile("femo")
