"""The zygotes of a worker, as its supervisor sees them."""

import signal
import socket
import struct
from typing import Final, NamedTuple

PATIENCE: Final = struct.pack("@ll", 0, 10_000)
"""For SO_RCVTIMEO: how long to wait for what comes at once as a rule, before all that may come is waited for."""


class ZygoteLost(Exception):
    """A zygote is gone, or could not clean up: this worker has to be replaced."""


class Zygote(NamedTuple):
    """A zygote, as its supervisor sees it."""

    wire: socket.socket
    process: int
    """A descriptor that stands for it."""

    def signal(self, number: int) -> None:
        """Send it a signal.

        Raises:
            ZygoteLost: it has ended.
        """
        try:
            signal.pidfd_send_signal(self.process, number)
        except OSError as error:
            raise ZygoteLost from error


class Wires(NamedTuple):
    """What a job needs to know of its worker."""

    programs: Zygote
    """The zygote of programs."""
    judges: Zygote
    """The zygote of judges."""
    job: int
    output_bytes: int


def meet(wire: socket.socket) -> tuple[str, Zygote | None]:
    """The first line of a zygote, and the zygote if it is ready."""
    text, process = b"", -1
    while not text.endswith(b"\n"):
        part, descriptors, _, _ = socket.recv_fds(wire, 4096, 1)
        if not part:
            return "!the zygote ended", None
        text += part
        process = descriptors[0] if descriptors else process
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, PATIENCE)
    return text.decode().strip(), Zygote(wire, process) if process >= 0 else None
