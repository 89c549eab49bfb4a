"""Settings for every test."""

from hypothesis import settings

# A busy machine must not fail a property: the time of one example says nothing.
settings.register_profile("femo", deadline=None)
settings.load_profile("femo")
