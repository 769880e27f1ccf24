"""Settings for all tests."""

from hypothesis import settings

settings.register_profile("no deadline: the machines are shared", deadline=None, derandomize=True)
settings.load_profile("no deadline: the machines are shared")
