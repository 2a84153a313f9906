"""The renderer as the gateway builds it, and what its browser's processes take: for `bench.render`."""

import contextlib
import os
import resource
from pathlib import Path
from typing import Any

from bench.processes import family, proportional_mb
from gateway.fetch.base import RenderRequest
from gateway.fetch.browser.browsers import Browsers
from gateway.fetch.browser.executable import command_line
from gateway.fetch.browser.process import BrowserProcess
from gateway.fetch.browser.renderer import BrowserRenderer
from gateway.fetch.http.dns import ThreadResolver
from gateway.fetch.http.guard import Guard, Policy

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_ms(pids: list[int]) -> float:
    """CPU of processes and of their children that have ended."""
    used = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            used += sum(map(int, fields[11:15]))
    return 1e3 * used / _TICKS


def own_cpu_ms() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return 1e3 * (used.ru_utime + used.ru_stime)


def memory_mb(pids: list[int]) -> float:
    held = 0.0
    for pid in pids:
        with contextlib.suppress(OSError):
            held += proportional_mb(pid)
    return held


class Ours:
    """The renderer as the gateway builds it.

    Args:
        proxied: whether the browser reaches nothing but what a page's proxy reaches.
    """

    def __init__(
        self,
        target: str,
        executable: str,
        *,
        memory_bytes: int = 1024**3,
        concurrency: int = 4,
        timeout_s: float = 15,
        proxied: bool = True,
    ) -> None:
        self.policy = Policy(allow_targets=[target])
        self.backend = Guard(policy=self.policy, resolver=ThreadResolver())
        flags = command_line(executable)
        command = flags if proxied else [flag for flag in flags if not flag.startswith("--proxy-")]
        self.browsers = Browsers(lambda: BrowserProcess(command, memory_bytes=memory_bytes))
        self.renderer = BrowserRenderer(
            browsers=self.browsers,
            backend=self.backend,
            policy=self.policy,
            concurrency=concurrency,
            timeout_s=timeout_s,
        )

    @property
    def pids(self) -> list[int]:
        return [pid for keeper in self.browsers.keepers for pid in family(keeper)]

    async def get(self, url: str, **options: Any) -> str:
        return (await self.renderer.render(RenderRequest(url=url, timeout_s=60, **options))).body.decode()

    async def close(self) -> None:
        await self.renderer.aclose()
