"""API keys: who may call what, how often and how much.

A secret is never kept, only its SHA-256. Keys come from three places, all of one shape: WINNOW_API_KEYS
(`name:secret` or `name:sha256:<hex>`), `[[keys]]` in winnow.toml, and the file that `winnow keys` writes,
which a running service reads again when it changes, so that revoking needs no restart.
"""

import hashlib
import hmac
import logging
import os
import re
import secrets
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta, Struct

Access = Literal["scrape", "extract", "chat", "admin"]
EVERYTHING: tuple[Access, ...] = get_args(Access)
# how often the keys' file is looked at
RELOAD_S = 1.0
_log = logging.getLogger("winnow.keys")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
# what every client sends alike
_SECRET = re.compile(r"[!-~]([ -~]*[!-~])?")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class KeyFault(ValueError):
    """A key's description does not fit; the message names the key and never its secret."""


class Key(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A caller. Limits of None are no limits; tokens are those returned by scrapes and used by models."""

    name: Annotated[str, Meta(description="What the log, limits and budgets call it.")]
    sha256: Annotated[
        str, Meta(pattern="^[0-9a-f]{64}$", description="SHA-256 of the secret, in hexadecimal digits.")
    ]
    scopes: Annotated[tuple[Access, ...], Meta(description="What it may call. Unset: everything.")] = (
        EVERYTHING
    )
    # beyond the bounds is no limit, and numbers that a store would round
    requests_per_minute: Annotated[
        Annotated[int, Meta(ge=1, le=10**9)] | None, Meta(description="Requests a minute. Unset: no limit.")
    ] = None
    concurrency: Annotated[
        Annotated[int, Meta(ge=1)] | None, Meta(description="Requests that run at a time. Unset: no limit.")
    ] = None
    tokens_per_month: Annotated[
        Annotated[int, Meta(ge=1, le=10**15)] | None,
        Meta(
            description="Tokens a calendar month, of scraped content and of calls to models. Unset: no limit."
        ),
    ] = None


# everybody, where no key is configured
ANONYMOUS = Key(name="", sha256="")


def new_secret() -> str:
    """A secret that a scanner recognises in a leak: 256 random bits behind a prefix."""
    return "wnw_" + secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """What is kept of a secret. Unsalted and fast, which 256 random bits allow."""
    return hashlib.sha256(secret.encode()).hexdigest()


def parse_key(text: str) -> Key:
    """Read `name:secret` or `name:sha256:<hex>`."""
    name, _, secret = text.partition(":")
    if not _NAME.fullmatch(name) or not secret:
        raise KeyFault(
            "WINNOW_API_KEYS holds an entry that is not name:secret or name:sha256:<64 hex digits>"
        )
    if secret.startswith("sha256:"):
        digest = secret.removeprefix("sha256:").lower()
        if not _SHA256.fullmatch(digest):
            raise KeyFault(f"WINNOW_API_KEYS: the key {name} has no 64 hexadecimal digits after sha256:")
        return Key(name=name, sha256=digest)
    if not _SECRET.fullmatch(secret):
        raise KeyFault(
            f"WINNOW_API_KEYS: the secret of the key {name} has characters that no header carries safely: use ASCII "
            "letters, digits and signs, or let `winnow keys new` make one"
        )
    return Key(name=name, sha256=hash_secret(secret))


class KeyFile:
    """The keys that `winnow keys` manages: JSON, readable by its owner alone, replaced in one step."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> list[Key]:
        """Every key; none when there is no file."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=list[Key])
        except FileNotFoundError:
            return []
        except OSError as exc:
            raise KeyFault(f"{self.path} cannot be read: {exc.strerror}") from exc
        except msgspec.MsgspecError as exc:
            raise KeyFault(f"{self.path} is damaged: {exc}") from exc

    def write(self, keys: Iterable[Key]) -> None:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # mode 0600
            descriptor, name = tempfile.mkstemp(dir=self.path.parent)
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(list(keys)), indent=2) + b"\n")
            Path(name).replace(self.path)
        except OSError as exc:
            raise KeyFault(
                f"{self.path} cannot be written: {exc.strerror}; WINNOW_KEYS_FILE names another place"
            ) from exc

    def add(self, key: Key) -> None:
        """Raises KeyFault when the name is taken or is not a valid name."""
        keys = self.read()
        if not _NAME.fullmatch(key.name):
            raise KeyFault(f"{key.name!r} is no key's name: 1 to 64 letters, digits, '.', '_' and '-'")
        if any(other.name == key.name for other in keys):
            raise KeyFault(
                f"there is a key named {key.name} already; revoke it first, or choose another name"
            )
        self.write([*keys, key])

    def revoke(self, name: str) -> None:
        """Raises KeyFault when there is no such key."""
        keys = self.read()
        if all(key.name != name for key in keys):
            raise KeyFault(f"there is no key named {name}; `winnow keys list` shows them")
        self.write(key for key in keys if key.name != name)

    def stamp(self) -> tuple[int, int]:
        try:
            status = self.path.stat()
        except FileNotFoundError:
            return 0, 0
        return status.st_mtime_ns, status.st_ino


class Keyring:
    """Finds the key of a secret.

    Args:
        fixed: keys of the environment and of winnow.toml.
        file: the managed keys, if any; read again when it changes.
        may_be_open: without a key everybody may come in; but never again once there was one.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        fixed: Iterable[Key],
        *,
        file: KeyFile | None = None,
        may_be_open: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fixed = list(fixed)
        self._file = file
        self._clock = clock
        self._looked_at = clock()
        self._stamp = file.stamp() if file else (0, 0)
        self._managed = file.read() if file else []
        self._may_be_open = may_be_open

    @property
    def is_open(self) -> bool:
        """No key is configured, nor was since the start: everybody is ANONYMOUS."""
        if self.has_keys:
            # revoking the last key must not let everybody in
            self._may_be_open = False
        return self._may_be_open

    @property
    def has_keys(self) -> bool:
        self._refresh()
        return bool(self._fixed or self._managed)

    def find(self, secret: str) -> Key | None:
        """The key of this secret, comparing with every one in constant time."""
        self._refresh()
        digest = hash_secret(secret)
        found = None
        for key in (*self._fixed, *self._managed):
            if hmac.compare_digest(key.sha256, digest):
                found = key
        return found

    def named(self, name: str) -> Key | None:
        """The key of this name."""
        self._refresh()
        return next((key for key in (*self._fixed, *self._managed) if key.name == name), None)

    def _refresh(self) -> None:
        if self._file is None or self._clock() - self._looked_at < RELOAD_S:
            return
        self._looked_at = self._clock()
        try:
            if (stamp := self._file.stamp()) != self._stamp:
                self._stamp, self._managed = stamp, self._file.read()
        except (KeyFault, OSError) as exc:
            # no reason to turn callers away: what was read last holds
            _log.error("%s; the keys read from it before stay in force", exc)
