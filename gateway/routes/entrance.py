"""What every request passes on its way in: a name, a key, a rate, a place among the work that may run.

A route says in its `opt` what it is: `access` is the scope a key needs for it (none: any key), `work` that it
takes a place, `open` that it asks for no key at all (the health probes).
"""

import asyncio
import base64
import re
from collections.abc import Mapping
from typing import Any

from litestar import Request
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, ReceiveMessage, Scope, Send
from msgspec import Struct

from gateway.errors import Forbidden, Unauthorized
from gateway.identity import new_id
from gateway.keys import ANONYMOUS, Key, Keyring
from gateway.ledger import Ledger
from gateway.limits import Admission, Rates
from gateway.routes.problems import request_id
from gateway.routes.streaming import ClientLeft
from gateway.routes.watch import Account

_SAFE = re.compile(rb"[A-Za-z0-9._-]{1,64}")
# a header each: browsers take a whole line for one challenge
_BEARER, _BASIC = ((b"www-authenticate", scheme + b' realm="winnow"') for scheme in (b"Bearer", b"Basic"))


class Doors(Struct, kw_only=True, frozen=True):
    """What the entrance asks: who may come in, how often, how much, how many at once."""

    keyring: Keyring
    rates: Rates
    ledger: Ledger
    admission: Admission


class Entrance(ASGIMiddleware):
    """Lets a request in or raises why not; puts its `Account` into the request's state."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        name = given.decode() if given and _SAFE.fullmatch(given) else new_id()
        request_id.set(name)
        account = scope["state"]["account"] = Account(name=name)
        route: Mapping[str, Any] = scope["route_handler"].opt
        if route.get("open"):
            await next_app(scope, receive, send)
            return
        doors = self._doors
        try:
            key = self._identify(scope, route.get("access"))
        except Unauthorized:
            account.headers += [_BEARER, _BASIC] if _is_for_people(scope) else [_BEARER]
            raise
        account.key, account.scopes = key.name, key.scopes
        if standing := doors.rates.take(key):
            account.headers += [(name.encode(), value.encode()) for name, value in standing.headers.items()]
        doors.ledger.check(key)
        if not route.get("work"):
            await next_app(scope, receive, send)
            return
        if _is_from_another_site(scope):
            raise Forbidden("a page of another site sent this; programs and the playground are served")
        with doors.rates.counting(key):
            receive = await _waited_for(doors.admission, key.name, receive)
            try:
                await next_app(scope, receive, send)
            finally:
                doors.admission.release()
                if key.tokens_per_month is not None:
                    doors.ledger.spend(key.name, account.tokens)

    def _identify(self, scope: Scope, access: str | None) -> Key:
        if self._doors.keyring.is_open:
            return ANONYMOUS
        secret = _secret(scope)
        if secret is None:
            raise Unauthorized("this gateway asks for a key: send Authorization: Bearer <key>")
        key = self._doors.keyring.find(secret)
        if key is None:
            raise Unauthorized("the key is not one of this gateway's, or was revoked")
        if access is not None and access not in key.scopes:
            held = ", ".join(key.scopes) or "nothing"
            raise Forbidden(f"the key {key.name} may not do this: it needs the scope {access} and has {held}")
        return key


def account_of(request: Request[Any, Any, Any]) -> Account:
    """What is to be said of this request; an empty account where the app has no entrance."""
    account: Account = request.scope["state"].setdefault("account", Account(name=""))
    return account


def tenant_of(request: Request[Any, Any, Any]) -> str:
    """The name of the key a request came with; empty where none is configured."""
    return account_of(request).key


async def _waited_for(admission: Admission, who: str, receive: Receive) -> Receive:
    """Acquire a place, unless the client leaves before there is one.

    Returns:
        `receive`, beginning with what came in meanwhile: the start of the body.
    Raises:
        ClientLeft, and what `Admission.acquire` raises.
    """
    if not admission.is_full:
        await admission.acquire(who)
        return receive
    heard: list[ReceiveMessage] = []

    async def hear_it_leave() -> None:
        while not (heard and heard[-1].get("more_body")):  # of a long body the rest is left where it is
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            heard.append(message)
        await asyncio.Event().wait()

    waiting, listening = asyncio.create_task(admission.acquire(who)), asyncio.create_task(hear_it_leave())
    try:
        await asyncio.wait([waiting, listening], return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            raise ClientLeft
        waiting.result()
    except BaseException:
        if not waiting.cancel() and not waiting.exception():
            admission.release()  # the place came at the moment its owner was called off
        raise
    finally:
        listening.cancel()

    async def again() -> ReceiveMessage:
        return heard.pop(0) if heard else await receive()

    return again


def _is_from_another_site(scope: Scope) -> bool:
    """Whether a browser sends this for a page that is not ours: it would send the key along that it was told once.

    A link that is followed to us is no such thing. Source: W3C Fetch Metadata.
    """
    told = {name: value for name, value in scope["headers"] if name.startswith(b"sec-fetch-")}
    followed = told.get(b"sec-fetch-mode") == b"navigate" and scope.get("method") == "GET"
    return told.get(b"sec-fetch-site") == b"cross-site" and not followed


def _is_for_people(scope: Scope) -> bool:
    """Whether a browser asks for a page: it is to ask for the key, as a password, and then shows the playground."""
    return any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])


def _secret(scope: Scope) -> str | None:
    """The key of a request: Bearer, x-api-key, or the password of Basic."""
    for name, value in scope["headers"]:
        if name == b"x-api-key":
            return str(value.decode("latin-1"))
        if name == b"authorization":
            scheme, _, rest = value.decode("latin-1").partition(" ")
            if scheme.lower() == "bearer":
                return rest.strip()
            if scheme.lower() == "basic":
                try:
                    return base64.b64decode(rest, validate=True).decode("utf-8", "replace").partition(":")[2]
                except ValueError:
                    return ""
    return None
