"""The process that owns a browser: `python -m gateway.fetch.browser.keeper` with a socket on descriptor 0.

It starts the browser, watches its memory, reaps whatever it leaves, and takes all of it along when the gateway hangs
up, however the gateway ended. It runs as an unprivileged user where the gateway is root, in a process group of its
own, with an environment free of keys. The gateway talks to the browser over a second socket, which the keeper only
hands on.

On descriptor 0 it writes lines of JSON: `{"event": "memory", "bytes": …}` once a second, `{"event": "killed", …}` for
every process that it ended over its limit, `{"event": "ended", "code": …, "said": …}` at the end.

It is there as long as the browser, so it makes do with few modules: those that it does without (subprocess, pathlib,
re, json, shutil) would take 2 MB. None is imported later, as a user without an account may not read Python's files.
"""

import contextlib
import ctypes
import fcntl
import os
import select
import signal
import sys
import time
from collections.abc import Iterator

from gateway.environment import child_environment

# of no account: from the range that systemd gives to services without one
UNPRIVILEGED_ID = 61_990
PROFILE_PREFIX = "winnow-browser-"
WATCH_S = 0.1
# beyond the gateway's, as for slow pages in the cleaning workers: about a tenth of the CPU while others want it
_NICENESS = 10
_REPORT_S = 1.0
# until memory that a killed process held is seen to be free
_KILL_PAUSE_S = 0.3
# of the browser's last words
_SAID_BYTES = 4000
# less of it in /dev/shm: a container's 64 MB, say
_SHARED_MEMORY_BYTES = 256 * 1024**2
# where Chromium reads and writes its protocol
_PIPE = (3, 4)
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_MEMORY = (b"RssAnon:", b"RssShmem:")
_CANNOT_FORK = ("--type=renderer", "--type=gpu-process", "--type=utility")


def make_profile() -> tuple[str, int]:
    """A fresh folder for the browser's files, and the descriptor whose lock says that it is in use."""
    while True:
        folder = f"{_temporary()}/{PROFILE_PREFIX}{os.urandom(8).hex()}"
        os.mkdir(folder, 0o700)  # noqa: PTH102
        held = os.open(folder, os.O_RDONLY)
        fcntl.flock(held, fcntl.LOCK_EX)
        # else another keeper took it for a stale one, before it was locked
        if os.path.exists(folder):  # noqa: PTH110
            return folder, held
        os.close(held)


def _temporary() -> str:
    return os.environ.get("TMPDIR") or "/tmp"


def remove_stale_profiles() -> None:
    """Delete what keepers left that were killed: their locks went with them."""
    for name in os.listdir(_temporary()):  # noqa: PTH208
        if not name.startswith(PROFILE_PREFIX):
            continue
        # in use, another user's, or gone meanwhile
        with contextlib.suppress(OSError):
            held = os.open(f"{_temporary()}/{name}", os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(f"{_temporary()}/{name}")
            finally:
                os.close(held)


def _remove(folder: str) -> None:
    for place, folders, files in os.walk(folder, topdown=False):
        for name in files + folders:
            path = f"{place}/{name}"
            with contextlib.suppress(OSError):
                if name in files or os.path.islink(path):  # noqa: PTH114
                    os.unlink(path)  # noqa: PTH108
                else:
                    os.rmdir(path)  # noqa: PTH106
    with contextlib.suppress(OSError):
        os.rmdir(folder)  # noqa: PTH106


class Keeper:
    """One browser from its start to its end.

    Args:
        gateway: a socket's descriptor; it hangs up when the browser is to end.
        memory_bytes: of all its processes together; beyond it the largest one is killed.
    """

    def __init__(self, gateway: int, *, memory_bytes: int) -> None:
        self._gateway = gateway
        self._memory_bytes = memory_bytes
        # process -> those it started, for whom that takes long to read: of many threads, or of none that fork
        self._known: dict[int, list[int]] = {}
        self._forgets_at = 0.0
        self._said = b""
        self._reported_at = self._killed_at = 0.0

    def run(self, command: list[str]) -> None:
        """Start the browser and stay until it or the gateway ends."""
        profile, _held = make_profile()
        ended, wakeup = os.pipe()
        os.set_blocking(wakeup, False)
        signal.set_wakeup_fd(wakeup)
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, lambda *_: None)
        code: int | None = None
        try:
            command = [*command, f"--user-data-dir={profile}", *_shared_memory_flags()]
            browser, words = _start(command, profile)
            # what pages do comes after what the gateway does for others
            own = os.getpriority(os.PRIO_PROCESS, 0)
            os.setpriority(os.PRIO_PROCESS, browser, min(own + _NICENESS, 19))
            code = self._watch(browser, words, ended)
        except OSError as exc:
            self._said = str(exc).encode()
        finally:
            signal.set_wakeup_fd(-1)
            _end_children()
            _remove(profile)
        self._emit(event="ended", code=code, said=self._said.decode("ascii", "replace"))

    def _watch(self, browser: int, words: int, ended: int) -> int | None:
        listening = [self._gateway, ended, words]
        while True:
            ready, _, _ = select.select(listening, [], [], WATCH_S)
            if words in ready and not self._listen(words):
                listening.remove(words)
            if self._gateway in ready:
                return None
            if ended in ready:
                if signal.SIGTERM in os.read(ended, 4096):
                    return None
                pid, status = os.waitpid(browser, os.WNOHANG)
                if pid:
                    while self._listen(words):
                        pass
                    return os.waitstatus_to_exitcode(status)
                _reap(browser)
            self._weigh(browser)

    def _listen(self, words: int) -> bool:
        try:
            said = os.read(words, 65536)
        except BlockingIOError:
            return False
        self._said = (self._said + said)[-_SAID_BYTES:]
        return bool(said)

    def _weigh(self, root: int) -> None:
        """Kill the process that takes most memory when all of them take too much."""
        held = {pid: _memory_bytes(pid) for pid in self._family(root)}
        total, now = sum(held.values()), time.monotonic()
        if total > self._memory_bytes and now - self._killed_at > _KILL_PAUSE_S:
            self._killed_at = now
            largest = max(held, key=lambda pid: held[pid])
            with contextlib.suppress(ProcessLookupError):
                os.kill(largest, signal.SIGKILL)
            self._emit(event="killed", bytes=total)
        if now - self._reported_at >= _REPORT_S:
            self._reported_at = now
            self._emit(event="memory", bytes=total)

    def _family(self, root: int) -> Iterator[int]:
        """The browser's process and those below it.

        Only zygotes start processes at any moment, and they have one thread. What others started is looked up once a
        second: for the browser's own process that is a file for each of its threads.
        """
        now = time.monotonic()
        if now >= self._forgets_at:
            self._known, self._forgets_at = {}, now + _REPORT_S
        waiting = [root]
        while waiting:
            pid = waiting.pop()
            yield pid
            if pid not in self._known:
                children = _children_of(pid)
                command = "" if pid == root else _command_of(pid)
                if pid == root or any(kind in command for kind in _CANNOT_FORK):
                    self._known[pid] = children
            else:
                children = self._known[pid]
            waiting += children

    def _emit(self, *, event: str, **facts: int | str | None) -> None:
        fields = ", ".join(f'"{name}": {_encode(fact)}' for name, fact in facts.items())
        line = f'{{"event": "{event}", {fields}}}\n'.encode()
        # the gateway has left
        with contextlib.suppress(OSError):
            while line:
                line = line[os.write(self._gateway, line) :]


def _encode(fact: int | str | None) -> str:
    """As JSON; a text is ASCII with U+FFFD in it."""
    if isinstance(fact, str):
        return '"' + "".join(each if each.isalnum() else f"\\u{ord(each):04x}" for each in fact) + '"'
    return "null" if fact is None else str(fact)


def _start(command: list[str], profile: str) -> tuple[int, int]:
    """The browser's process, and where it is read what it says; the descriptors of `_PIPE` are its own then."""
    words, its_words = os.pipe()
    os.set_blocking(words, False)
    actions = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), (os.POSIX_SPAWN_DUP2, its_words, 2)]
    try:
        # Python ignores it, and programs count on it
        reset = [signal.SIGPIPE]
        browser = os.posix_spawnp(
            command[0],
            command,
            child_environment(os.environ, HOME=profile, TMPDIR=profile),
            file_actions=actions,
            setsigdef=reset,
        )
    finally:
        for descriptor in (its_words, *_PIPE):
            os.close(descriptor)
    return browser, words


def _shared_memory_flags() -> list[str]:
    try:
        free = os.statvfs("/dev/shm")
        return [] if free.f_bavail * free.f_frsize >= _SHARED_MEMORY_BYTES else ["--disable-dev-shm-usage"]
    except OSError:
        return ["--disable-dev-shm-usage"]


def _command_of(pid: int) -> str:
    return _read(f"/proc/{pid}/cmdline").decode("utf-8", "replace")


def _memory_bytes(pid: int) -> int:
    """What a process holds that is not a file's."""
    status = _read(f"/proc/{pid}/status")
    found = (status.partition(name)[2].partition(b"kB")[0] for name in _MEMORY)
    return 1024 * sum(int(size or b"0") for size in found)


def _children_of(pid: int) -> list[int]:
    found: list[int] = []
    # it has ended
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 -- names are all that is needed
            found += map(int, _read(f"/proc/{pid}/task/{thread}/children").split())
    return found


def _read(path: str) -> bytes:
    """A file of the kernel's, empty where the process has ended."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return b""
    try:
        return os.read(descriptor, 65536)
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def _reap(browser: int) -> None:
    """Take the end of orphans that came to us."""
    with contextlib.suppress(ChildProcessError):
        for pid in _children_of(os.getpid()):
            if pid != browser:
                os.waitpid(pid, os.WNOHANG)


def _end_children() -> None:
    """Kill and reap until nobody is left: orphans come to us, the subreaper."""
    while True:
        family = waiting = _children_of(os.getpid())
        while waiting:
            waiting = [child for pid in waiting for child in _children_of(pid)]
            family = family + waiting
        for pid in family:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _become_subreaper() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _drop_root() -> None:
    """Be nobody in particular: Chromium's sandbox does not start as root."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(UNPRIVILEGED_ID)
        os.setuid(UNPRIVILEGED_ID)


def main() -> None:
    # clear of the numbers that the browser's pipe has
    gateway = fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, 10)
    pipe, memory_bytes, *command = sys.argv[1:]
    for descriptor in _PIPE:
        if descriptor != int(pipe):
            os.dup2(int(pipe), descriptor)
    if int(pipe) not in _PIPE:
        os.close(int(pipe))
    _become_subreaper()
    _drop_root()
    remove_stale_profiles()
    Keeper(gateway, memory_bytes=int(memory_bytes)).run(command)


if __name__ == "__main__":
    main()
