"""Commands for operators: `winnow cache`, `winnow keys`, `winnow doctor`."""

import argparse
import os
import sys
from typing import Any

from gateway.auth.keys import EVERYTHING

DONE, FAILED = 0, 1
# of a finding of `winnow doctor`
_WORDS = {True: "ok  ", False: "FAIL", None: "note"}


def add_operation(commands: Any) -> None:
    """Add the commands to a parser's (`argparse` has no public name for what `add_subparsers` returns)."""
    cache = commands.add_parser("cache", help="look at the cache, or empty it")
    cache.add_argument("action", choices=["stats", "clear"])
    cache.set_defaults(run=_cache)

    keys = commands.add_parser("keys", help="make, list and revoke API keys")
    actions = keys.add_subparsers(dest="action", required=True, metavar="new|list|revoke")
    new = actions.add_parser("new", help="make a key and print its secret, once")
    new.add_argument("name")
    new.add_argument("--scope", action="append", choices=EVERYTHING, help="may be repeated; default all")
    new.add_argument("--requests-per-minute", type=int, metavar="N")
    new.add_argument("--concurrency", type=int, metavar="N")
    new.add_argument("--tokens-per-month", type=int, metavar="N")
    actions.add_parser("list", help="names, scopes and limits; secrets are not kept")
    actions.add_parser("revoke", help="refuse a key from now on").add_argument("name")
    keys.set_defaults(run=_keys)

    doctor = commands.add_parser(
        "doctor", help="check settings, cache, network and models, and say what to do"
    )
    doctor.set_defaults(run=_doctor)


def _cache(arguments: argparse.Namespace) -> int:
    import asyncio

    from gateway.cache.keys import PROBES
    from gateway.container import open_services
    from gateway.settings import load_settings

    async def act() -> int:
        async with open_services(load_settings(os.environ)) as services:
            cache = services.cache
            if fault := await cache.health():
                print(f"winnow: {fault}", file=sys.stderr)
                return FAILED
            # what the probes left behind
            await cache.clear(PROBES)
            cleared = {"cleared": await cache.clear()} if arguments.action == "clear" else {}
            for name, value in (cleared or await cache.stats()).items():
                print(f"{name}: {value:,}" if isinstance(value, int) else f"{name}: {value}")
            return DONE

    return asyncio.run(act())


def _keys(arguments: argparse.Namespace) -> int:
    import msgspec

    from gateway.auth.keys import Key, hash_secret, new_secret
    from gateway.server.exposure import key_file
    from gateway.settings import load_settings

    file = key_file(load_settings(os.environ))
    if arguments.action == "new":
        secret = new_secret()
        limits = ("requests_per_minute", "concurrency", "tokens_per_month")
        described = {name: value for name in limits if (value := getattr(arguments, name)) is not None}
        described |= {"name": arguments.name, "sha256": hash_secret(secret)}
        described["scopes"] = arguments.scope or EVERYTHING
        file.add(msgspec.convert(described, Key))
        print(secret)
        print(f"the key {arguments.name} is in {file.path}; its secret is shown only now", file=sys.stderr)
    elif arguments.action == "revoke":
        file.revoke(arguments.name)
        print(f"the key {arguments.name} is refused from now on", file=sys.stderr)
    else:
        found = file.read()
        if not found:
            print(f"none in {file.path}; `winnow keys new NAME` makes one", file=sys.stderr)
        for key in found:
            limited = [
                f"{name} {value}"
                for name, value in msgspec.structs.asdict(key).items()
                if isinstance(value, int)
            ]
            print("\t".join([key.name, ",".join(key.scopes), ", ".join(limited) or "no limits"]))
    return DONE


def _doctor(arguments: argparse.Namespace) -> int:
    import asyncio

    from gateway.cli.doctor import examine

    findings = asyncio.run(examine(os.environ))
    for finding in findings:
        print(f"{_WORDS[finding.well]} {finding.name}: {finding.message}")
    return FAILED if any(finding.well is False for finding in findings) else DONE
