"""Checks of every request before its handler: host name, key, rate, and a place among the running requests.

A route says in its `opt` what it is: `access` is the scope a key needs for it (none: any key), `work` that it
takes a place, `open` that it asks for no key at all (the health probes), `body` which of the limits its body has.

A place is taken when the body is there, and counted on the key only then: who sends slowly holds up nobody, and
not their own other requests either.
"""

import base64
import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from litestar import Request
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec import Struct

from gateway.api.context import AccessLog, RequestContext
from gateway.api.problems import request_id
from gateway.api.request_body import BodyLimit, read_body, replayed
from gateway.api.streaming import cancelled_on_disconnect
from gateway.auth.admission import Admission, BodyBudget, KeyConcurrency
from gateway.auth.budgets import Ledger
from gateway.auth.keys import ANONYMOUS, Key, Keyring
from gateway.auth.rates import Rates
from gateway.errors import Forbidden, Unauthorized
from gateway.primitives.ids import new_id
from gateway.primitives.panics import contained
from gateway.telemetry.spans import span

# loopback; and names without a dot, by which containers call each other: nobody can register one
_LOCAL_HOST = re.compile(rb"(127(\.\d{1,3}){3}|\[::1\]|[\w-]+)(:\d*)?")
_SAFE = re.compile(rb"[A-Za-z0-9._-]{1,64}")
# a header each: browsers take a whole line for one challenge
_BEARER, _BASIC = ((b"www-authenticate", scheme + b' realm="winnow"') for scheme in (b"Bearer", b"Basic"))

Headers = Mapping[bytes, bytes]


class AccessControl(Struct, kw_only=True, frozen=True):
    """What the access middleware checks: who may call, how often, how much, how many at once.

    `local_names_only` is for a service that is open because only this machine reaches it: a web page could reach it all
    the same, by a name of its own that it lets resolve to 127.0.0.1.
    """

    keyring: Keyring
    local_names_only: bool
    rates: Rates
    concurrency: KeyConcurrency
    ledger: Ledger
    admission: Admission
    body_limits: Mapping[str, BodyLimit]
    body_budget: BodyBudget


class AccessMiddleware(ASGIMiddleware):
    """Admits a request or raises the reason; puts its `RequestContext` into the request's state."""

    def __init__(self, access_control: AccessControl, access_log: AccessLog) -> None:
        self._access_control = access_control
        self._access_log = access_log

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"")
        name = given.decode() if given and _SAFE.fullmatch(given) else new_id()
        request_id.set(name)
        context = scope["state"]["context"] = RequestContext(name=name)
        route: Mapping[str, Any] = scope["route_handler"].opt
        limit = self._access_control.body_limits[route.get("body", "small")]
        if route.get("open"):
            limit.check_declared(headers)
            await self._pass_on(scope, receive, send, next_app)
            return
        if _is_from_another_site(headers, is_get=scope.get("method") == "GET"):
            raise Forbidden(
                "a page of another site sent this; programs and the playground are served (behind a proxy: let it "
                "pass the Host header on)"
            )
        key = self._identify(headers, context)
        await self._check(key, context, access=route.get("access"))
        limit.check_declared(headers)
        if not route.get("work"):
            await self._pass_on(scope, receive, send, next_app)
            return
        admission, budget = self._access_control.admission, self._access_control.body_budget
        body = await read_body(receive, limit=limit, budget=budget, context=context)
        held_bytes = len(body)
        again = replayed(body, receive, context)
        # the route makes a copy of it
        del body
        try:
            with self._access_control.concurrency.counting(key):
                with span("queue"):
                    if admission.is_full:
                        async with cancelled_on_disconnect(receive):
                            await admission.acquire(key.name)
                    else:
                        await admission.acquire(key.name)
                try:
                    await self._pass_on(scope, again, send, next_app)
                finally:
                    admission.release()
        finally:
            budget.release(held_bytes)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        try:
            with contained():
                await next_app(scope, receive, send)
        finally:
            # errors were answered within; what is left is a response that was given up on its way
            self._access_log.log_disconnect(scope["state"]["context"], scope)

    def _identify(self, headers: Headers, context: RequestContext) -> Key:
        """The key of the request; its context takes the name."""
        keyring = self._access_control.keyring
        if keyring.is_open:
            if self._access_control.local_names_only and not _LOCAL_HOST.fullmatch(
                headers.get(b"host", b"localhost")
            ):
                raise Forbidden(
                    "without a key this gateway answers requests for 127.0.0.1, localhost and names without a dot, and "
                    "the Host header names another; make a key with `winnow keys new NAME`, or set "
                    "WINNOW_ALLOW_UNAUTHENTICATED=true"
                )
            key = ANONYMOUS
        else:
            secret = _secret(headers)
            found = None if secret is None else keyring.find(secret)
            if found is None:
                context.headers += [_BEARER, _BASIC] if _is_for_people(headers) else [_BEARER]
                raise Unauthorized(
                    "this gateway asks for a key: send Authorization: Bearer <key>"
                    if secret is None
                    else "the key is not one of this gateway's, or was revoked"
                )
            key = found
        context.key, context.scopes = key.name, key.scopes
        return key

    async def _check(self, key: Key, context: RequestContext, *, access: str | None) -> None:
        """Whether the key may do this now."""
        access_control = self._access_control
        if key.requests_per_minute is not None and (status := await access_control.rates.take(key)):
            context.headers += [(name.encode(), value.encode()) for name, value in status.headers.items()]
        if access is not None and access not in key.scopes:
            held = ", ".join(key.scopes) or "nothing"
            raise Forbidden(f"the key {key.name} may not do this: it needs the scope {access} and has {held}")
        if key.tokens_per_month is not None:
            await access_control.ledger.check(key)
            context.book = partial(access_control.ledger.spend, key.name)


def request_context(request: Request[Any, Any, Any]) -> RequestContext:
    """What the log and metrics say of this request; an empty context where the app has no access control."""
    context: RequestContext = request.scope["state"].setdefault("context", RequestContext(name=""))
    return context


def _is_from_another_site(headers: Headers, *, is_get: bool) -> bool:
    """Whether a browser sends this for a page that is not ours: it would send the key along that it was told once.

    A link that somebody follows to us is no such thing: it opens a document of its own, neither a frame in the page
    nor one that the browser prepares unasked. Browsers say so to HTTPS and loopback addresses (W3C Fetch Metadata);
    to others they say only whose page it is that posts (WHATWG Fetch, the Origin header).
    """
    if (relation := headers.get(b"sec-fetch-site")) is not None:
        if relation == b"same-origin":
            return False
        if b"sec-purpose" in headers:
            # whatever page had it prepared: Chromium says `none` then
            return True
        is_document = (
            headers.get(b"sec-fetch-mode") == b"navigate" and headers.get(b"sec-fetch-dest") == b"document"
        )
        return relation != b"none" and not (is_get and is_document)
    if (origin := headers.get(b"origin")) is not None:
        return origin.rpartition(b"/")[2] != headers.get(b"host")
    return False


def _is_for_people(headers: Headers) -> bool:
    """Whether a browser requests a page: it is answered with a prompt for the key, then with the playground."""
    return b"text/html" in headers.get(b"accept", b"")


def _secret(headers: Headers) -> str | None:
    """The key of a request: x-api-key, Bearer, or the password of Basic."""
    if (given := headers.get(b"x-api-key")) is not None:
        return given.decode("latin-1")
    scheme, _, rest = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(rest, validate=True).decode("utf-8", "replace").partition(":")[2]
        except ValueError:
            return ""
    return None
