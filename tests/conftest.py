"""Settings for all tests."""

import signal

from hypothesis import settings

settings.register_profile("no deadline: the machines are shared", deadline=None, derandomize=True)
settings.load_profile("no deadline: the machines are shared")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # in the background, and so would be whatever tests interrupt
    signal.signal(signal.SIGINT, signal.default_int_handler)
