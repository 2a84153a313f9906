"""The client of a Valkey or Redis server, alone or a cluster; a server that fails costs little.

The cache and the limits of keys share its connections. Each has breakers of its own, because a server may refuse the
one and take the other.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from gateway.primitives.breaker import Breaker

try:
    import valkey.asyncio as client_library
    from valkey.backoff import NoBackoff
    from valkey.exceptions import NoScriptError, ResponseError, ValkeyClusterException, ValkeyError
    from valkey.exceptions import TimeoutError as ValkeyTimeout
except ModuleNotFoundError as exc:
    raise ModuleNotFoundError(
        "CACHE_URL and JOBS_URL need the valkey client: pip install 'winnow-gateway[valkey]'", name="valkey"
    ) from exc

FAULTS = (ValkeyError, ValkeyClusterException, OSError)
SCHEMES = ("valkey", "valkeys", "redis", "rediss")
CONNECTIONS = 64


class ValkeyServer:
    """A server, not yet connected.

    Args:
        url: `valkey://[user:password@]host[:port][/database]`; `valkeys://` for TLS; `redis://` and `rediss://`
            mean the same; `?cluster=true` when the address is a node of a cluster; `?timeout_s=1` for one far away.
        timeout_s: the most one call may take, connecting included.

    Raises:
        ValueError: the URL is none of these.
    """

    def __init__(self, url: str, *, timeout_s: float = 0.25) -> None:
        self._timeout_s = _timeout_in(url) or timeout_s
        self.client, self.place = connect(url, timeout_s=self._timeout_s)
        self._url = url

    async def ask(
        self, breaker: Breaker, call: Callable[[Any], Awaitable[Any]], *, otherwise: Any = None
    ) -> Any:
        """What `call(client)` answers; `otherwise` where the server fails, at once while `breaker` is open."""
        if not breaker.allows():
            return otherwise
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await call(self.client)
        except (TimeoutError, ValkeyTimeout):
            breaker.failed(f"no answer within {self._timeout_s * 1000:.0f} ms")
        except FAULTS as exc:
            breaker.failed(reason_of(exc))
            if isinstance(exc, ValkeyClusterException):
                # a cluster's client forgets every node that fails, and after the last one it never comes back
                lost, (self.client, _) = self.client, connect(self._url, timeout_s=self._timeout_s)
                await _close(lost)
        else:
            breaker.worked()
            return answer
        return otherwise

    async def run_script(
        self,
        breaker: Breaker,
        script: str,
        keys: Sequence[str],
        args: Sequence[Any],
        *,
        otherwise: Any = None,
    ) -> Any:
        """What a Lua script answers, in one command; otherwise as `ask`.

        Args:
            script: a constant: the server keeps every text it was sent.
            keys: names that begin with `winnow:`; those of one script are on one node of a cluster.
        """

        async def call(client: Any) -> Any:
            try:
                return await client.evalsha(_digest(script), len(keys), *keys, *args)
            except NoScriptError:
                # the first call of a server that has just started
                return await client.eval(script, len(keys), *keys, *args)

        return await self.ask(breaker, call, otherwise=otherwise)

    async def aclose(self) -> None:
        await _close(self.client)


@cache
def _digest(script: str) -> str:
    """What the server calls a script."""
    return hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()


def connect(url: str, *, timeout_s: float, setting: str = "CACHE_URL") -> tuple[Any, str]:
    """A client for the URL, not yet connected, and the server's name without credentials.

    Args:
        setting: where the URL comes from, for messages.
    Raises:
        ValueError: the scheme, port or an option is not understood; the message has no credentials.
    """
    parts = urlsplit(url)
    place = (parts.hostname or "localhost") + f":{_port(parts, setting)}"
    if parts.scheme not in SCHEMES:
        raise ValueError(f"{setting} must start with one of {', '.join(f'{s}://' for s in SCHEMES)}")
    query = dict(parse_qsl(parts.query))
    for name in ("timeout_s", "decode_responses"):
        # read elsewhere; never, since entries are bytes
        query.pop(name, None)
    cluster = query.pop("cluster", "false").lower() in ("true", "yes", "1")
    url = urlunsplit(parts._replace(query=urlencode(query)))
    options: dict[str, Any] = {
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s,
        "socket_keepalive": True,
        "protocol": 2,
    }
    if parts.scheme in ("valkeys", "rediss"):
        options["ssl_check_hostname"] = True
    try:
        if cluster:
            found: Any = client_library.ValkeyCluster.from_url(
                url, cluster_error_retry_attempts=1, connection_error_retry_attempts=0, **options
            )
            return found, place
        pool = client_library.BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=timeout_s,
            retry=client_library.retry.Retry(NoBackoff(), 0),
            **options,
        )
    except (*FAULTS, ValueError, TypeError) as exc:
        raise ValueError(f"{setting} for {place} is not understood: {exc}") from None
    return client_library.Valkey.from_pool(pool), place


async def _close(client: Any) -> None:
    try:
        await client.aclose()
    except FAULTS:
        # it is gone already
        pass


def _port(parts: Any, setting: str) -> int:
    try:
        return parts.port or 6379
    except ValueError:
        raise ValueError(f"the port in {setting} is not a number up to 65535") from None


def _timeout_in(url: str) -> float | None:
    asked = dict(parse_qsl(urlsplit(url).query)).get("timeout_s")
    try:
        return None if asked is None else float(asked)
    except ValueError:
        raise ValueError("timeout_s in CACHE_URL is not a number of seconds") from None


def reason_of(exc: Exception) -> str:
    """What one of FAULTS says, short."""
    if isinstance(exc, ResponseError):
        return f"refused: {str(exc)[:200]}"
    return str(exc)[:200] or type(exc).__name__
