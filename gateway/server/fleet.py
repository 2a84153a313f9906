"""Several processes on one port: uvicorn's supervisor, which starts and replaces them, with an end of our own.

The first signal goes to every process, which drains (`gateway.server.shutdown`). A terminal and systemd send
theirs to the processes too, so a process ignores the second; the supervisor hears it and ends them at once.
"""

import socket
import time

from uvicorn.config import Config
from uvicorn.supervisors import Multiprocess

# beyond the drain, for what closes after it
GRACE_S = 5.0
_LOOK_S = 0.1


class Fleet(Multiprocess):
    """Runs WORKERS processes until a signal.

    Args:
        listener: the port, bound.
        drain_s: how long the processes may take for the work under way.
    """

    def __init__(self, config: Config, *, listener: socket.socket, drain_s: float) -> None:
        super().__init__(config, sockets=[listener])
        self._drain_s = drain_s
        # how often to stop
        self._signals = 0

    def handle_int(self) -> None:
        self._stop()

    def handle_term(self) -> None:
        self._stop()

    def _stop(self) -> None:
        self._signals += 1
        self.should_exit.set()

    def join_all(self) -> None:
        """Wait for every process; end at once those that are signalled twice or are late."""
        deadline = time.monotonic() + self._drain_s + GRACE_S
        while any(process.process.is_alive() for process in self.processes):
            self.handle_signals()
            if self._signals > 1 or time.monotonic() > deadline:
                for process in self.processes:
                    process.kill()
                break
            time.sleep(_LOOK_S)
        super().join_all()
