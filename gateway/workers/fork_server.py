"""The process that cleaning workers are forked from: `python -m gateway.workers.fork_server` on descriptor 0.

It imports the work once, meets no page itself, has one thread, and so forks a ready worker in milliseconds
that shares its memory. It is started with an environment free of keys. The gateway orders, over descriptor 0:

    S + a descriptor   fork a worker that serves that socket
    B + a descriptor   the same, of a worker in the background: it lets other processes go before it
    K + pid            kill that worker
    N + pid            let other processes go before that worker

A worker reads jobs and writes answers, both framed as in `FRAME`. It lives under an address-space limit,
and under a CPU limit renewed with each job, so that it ends even where nobody is left to kill it.
"""

import argparse
import contextlib
import gc
import importlib
import os
import resource
import select
import signal
import socket
import struct
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import NoReturn

from gateway.workers.allocator import return_unused

# order, pid
ORDER = struct.Struct("<cq")
# kind, length of what follows, CPU seconds the sender has used in all
FRAME = struct.Struct("<cQd")
HELLO, JOB = b"H", b"J"
# answers; after all but DONE the worker ends
DONE, SPENT, MEMORY, BROKEN = b"D", b"S", b"M", b"X"

# a worker that has grown by this much is not used again
SPENT_BYTES = 128 * 1024**2
# beyond the service's own, since to lower one is not ours: while another process wants the same core, a tenth of it for
# a slow job, a quarter for one in the background
_SLOW_NICENESS, _BACKGROUND_NICENESS = 10, 5


class Limits:
    """What one worker may use: `extra_bytes` beyond what it starts with, `total_bytes` in all."""

    def __init__(self, *, total_bytes: int, extra_bytes: int, cpu_s: float) -> None:
        self.total_bytes = total_bytes
        self.extra_bytes = extra_bytes
        self.cpu_s = cpu_s

    def apply(self) -> None:
        """Bind this process; it leaves no core either."""
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        most = min(self.total_bytes, _address_space_bytes() + self.extra_bytes)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))

    def renew_cpu(self) -> None:
        """Give the next job its CPU seconds; the kernel ends the process that uses more."""
        soft = int(_cpu_s() + self.cpu_s) + 2
        resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def _address_space_bytes() -> int:
    try:
        with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123 -- read before pathlib is needed
            return int(statm.read().split()[0]) * resource.getpagesize()
    except OSError:
        # no /proc: the total alone counts
        return sys.maxsize // 2


def serve_jobs(link: socket.socket, run: Callable[[bytes], bytes], limits: Limits) -> None:
    """A worker's life: one job after another until the gateway hangs up or a job spoils the process."""
    limits.apply()
    _send(link, HELLO, str(os.getpid()).encode())
    at_start = _high_water_bytes()
    while (job := _receive(link)) is not None:
        limits.renew_cpu()
        kind, answer = _attempt(run, job)
        if kind == DONE and _high_water_bytes() - at_start > SPENT_BYTES:
            kind = SPENT
        _send(link, kind, answer)
        if kind != DONE:
            return


def _attempt(run: Callable[[bytes], bytes], job: bytes) -> tuple[bytes, bytes]:
    try:
        return DONE, run(job)
    except MemoryError:
        return MEMORY, b""
    except BaseException as exc:
        # a Rust panic is no Exception; whatever it was, the process is suspect
        # where it happened, not what it said: messages quote the page
        trace = "".join(traceback.format_tb(exc.__traceback__))
        return BROKEN, f"{type(exc).__module__}.{type(exc).__qualname__}\n{trace}".encode()


def _high_water_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _send(link: socket.socket, kind: bytes, content: bytes) -> None:
    link.sendall(FRAME.pack(kind, len(content), _cpu_s()) + content)


def _receive(link: socket.socket) -> bytes | None:
    head = _read(link, FRAME.size)
    return None if head is None else _read(link, FRAME.unpack(head)[1])


def _read(link: socket.socket, size: int) -> bytes | None:
    content = bytearray(size)
    view, got = memoryview(content), 0
    while got < size:
        count = link.recv_into(view[got:])
        if count == 0:
            return None
        got += count
    return bytes(content)


class ForkServer:
    """Forks workers as ordered and reaps them; the only one that signals them, so a pid is never stale."""

    def __init__(
        self, orders: socket.socket, *, work: str, limits: Limits, given: Sequence[str] = ()
    ) -> None:
        self._orders = orders
        self._limits = limits
        self._given = given
        self._module = importlib.import_module(work)
        self._children: set[int] = set()
        self._warm = False

    def run(self) -> None:
        """Obey until the gateway hangs up, then take every worker along."""
        ended, wakeup = socket.socketpair()
        ended.setblocking(False)
        wakeup.setblocking(False)
        signal.set_wakeup_fd(wakeup.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        try:
            while True:
                ready, _, _ = select.select([self._orders, ended], [], [])
                if ended in ready:
                    ended.recv(4096)
                    self._reap()
                if self._orders in ready and not self._obey():
                    return
        finally:
            signal.set_wakeup_fd(-1)
            for pid in self._children:
                os.kill(pid, signal.SIGKILL)
            for pid in self._children:
                os.waitpid(pid, 0)

    def _obey(self) -> bool:
        message, descriptors, _, _ = socket.recv_fds(self._orders, ORDER.size, 1)
        if len(message) < ORDER.size:
            return False
        order, pid = ORDER.unpack(message)
        if order in (b"S", b"B"):
            self._fork(socket.socket(fileno=descriptors[0]), yields=order == b"B")
        elif pid in self._children:
            # not reaped yet: the number is still its own
            if order == b"K":
                os.kill(pid, signal.SIGKILL)
            elif order == b"N":
                own = os.getpriority(os.PRIO_PROCESS, 0)
                os.setpriority(os.PRIO_PROCESS, pid, min(own + _SLOW_NICENESS, 19))
        return True

    def _fork(self, link: socket.socket, *, yields: bool) -> None:
        if not self._warm:
            self._warm = True
            getattr(self._module, "warm", lambda *_: None)(*self._given)
            gc.collect()
            # collections in workers then leave shared pages alone
            gc.freeze()
            # what loading the vocabulary took and needs no more: 15 MB
            return_unused()
        with link:
            pid = os.fork()
            if pid == 0:
                self._become_worker(link, yields=yields)
            self._children.add(pid)

    def _become_worker(self, link: socket.socket, *, yields: bool) -> NoReturn:
        if yields:
            _yield_to_others()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._orders.close()
        link.setblocking(True)
        with contextlib.suppress(OSError):
            # the gateway hung up
            serve_jobs(link, self._module.run, self._limits)
        os._exit(0)

    def _reap(self) -> None:
        while self._children:
            pid, _ = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            self._children.discard(pid)


def _yield_to_others() -> None:
    """Let all other processes go before this one."""
    os.nice(_BACKGROUND_NICENESS)
    # sched(7): where sessions share the CPU evenly, a niceness counts within one only. So it gets a session of its own
    # and that one a niceness
    os.setsid()
    with contextlib.suppress(OSError), open("/proc/self/autogroup", "w", encoding="ascii") as session:  # noqa: PTH123
        session.write(str(_BACKGROUND_NICENESS))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m gateway.workers.fork_server")
    parser.add_argument("work", help="module with run(bytes) -> bytes, and warm() where it has one")
    parser.add_argument("total_bytes", type=int)
    parser.add_argument("extra_bytes", type=int)
    parser.add_argument("cpu_s", type=float)
    parser.add_argument("given", nargs="*", help="arguments of warm()")
    arguments = parser.parse_args()
    limits = Limits(
        total_bytes=arguments.total_bytes, extra_bytes=arguments.extra_bytes, cpu_s=arguments.cpu_s
    )
    ForkServer(
        socket.socket(fileno=os.dup(0)), work=arguments.work, limits=limits, given=arguments.given
    ).run()


if __name__ == "__main__":
    main()
