"""Runs a command's work: at the gateway that WINNOW_URL names, or in this process."""

import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec

from gateway import wire


def run(
    label: str,
    *,
    here: Callable[[Any], Awaitable[Any]],
    there: Callable[[Any], Awaitable[Any]],
    quiet: bool = False,
    jobs_dir: Path | None = None,
) -> Any:
    """Work at the gateway that WINNOW_URL names, else in this process, with a spinner meanwhile.

    Args:
        here: given `services.Services`.
        there: given `sdk.AsyncClient`.
        quiet: no spinner: the work prints.
        jobs_dir: where jobs of this process are kept.
    """
    import asyncio

    async def supervised() -> Any:
        spinner = asyncio.create_task(_spin(label)) if sys.stderr.isatty() and not quiet else None
        try:
            if os.environ.get("WINNOW_URL"):
                from gateway.sdk import AsyncClient

                async with AsyncClient() as client:
                    return await there(client)
            from gateway.container import open_services
            from gateway.settings import load_settings

            settings = load_settings(os.environ)
            if jobs_dir is not None:
                settings = msgspec.structs.replace(settings, jobs_dir=str(jobs_dir), jobs_url=None)
            async with open_services(settings) as services:
                return await here(services)
        finally:
            if spinner:
                spinner.cancel()
                sys.stderr.write("\r\x1b[K")

    return asyncio.run(supervised())


async def _spin(label: str) -> None:
    import asyncio

    while True:
        for frame in "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏":
            sys.stderr.write(f"\r{frame} {label}")
            sys.stderr.flush()
            await asyncio.sleep(0.1)


def print_json(value: Any) -> None:
    """With every character as it is where stdout can write it, else in ASCII."""
    plain = (sys.stdout.encoding or "").lower().startswith("utf")
    print(json.dumps(json.loads(wire.encode_json(value)), indent=2, ensure_ascii=not plain))
