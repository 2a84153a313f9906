"""Checks of every request before its handler: host name, API key, rate limit, and admission.

A route declares in its `opt`: `access`, the scope that a key needs (absent: any key); `work`, that it is subject to
admission; `open`, that it needs no key (the health probes); `body`, the limit of its body.

A request is admitted, and counts against its key's concurrency, only after its body has arrived: a slow upload delays
no other request, not even of the same key.
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

# loopback, and names without a dot, which containers use and nobody can register
_LOCAL_HOST = re.compile(rb"(127(\.\d{1,3}){3}|\[::1\]|[\w-]+)(:\d*)?")
_SAFE = re.compile(rb"[A-Za-z0-9._-]{1,64}")
# in a header each: browsers read a whole header as one challenge
_BEARER, _BASIC = ((b"www-authenticate", scheme + b' realm="winnow"') for scheme in (b"Bearer", b"Basic"))

Headers = Mapping[bytes, bytes]


class AccessControl(Struct, kw_only=True, frozen=True):
    """What the access middleware checks: who may call, how often, how much, how many at once.

    `local_names_only` is for a service without keys that listens on loopback: it prevents DNS rebinding, where a web
    page reaches the service by a host name that resolves to 127.0.0.1.
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
    """Admits a request, or raises why it is refused; stores a `RequestContext` in the request's state."""

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
                "a cross-site request of a browser is refused: call the API from a program or from the playground "
                "(behind a proxy, pass the Host header on)"
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
        # the handler gets it through `again`
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
                    admission.release(key.name)
        finally:
            budget.release(held_bytes)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        try:
            with contained():
                await next_app(scope, receive, send)
        finally:
            # errors have been answered; what remains is a client that disconnected during the response
            self._access_log.log_disconnect(scope["state"]["context"], scope)

    def _identify(self, headers: Headers, context: RequestContext) -> Key:
        """The key of the request, whose name is stored in its context."""
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
        """Check rate limit, scope and budget of a key; raises why it may not do this."""
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
    state = request.scope["state"]
    context: RequestContext = state.get("context") or state.setdefault("context", RequestContext(name=""))
    return context


def _is_from_another_site(headers: Headers, *, is_get: bool) -> bool:
    """Whether a browser sends this on behalf of another site's page, with the key that it has remembered.

    A link that a person follows is allowed: it is a top-level navigation, neither a frame nor a prefetch. Browsers say
    so to HTTPS and loopback addresses (W3C Fetch Metadata); to others they only name the origin of a POST (WHATWG
    Fetch, the Origin header).
    """
    if (relation := headers.get(b"sec-fetch-site")) is not None:
        if relation == b"same-origin":
            return False
        if b"sec-purpose" in headers:
            # a prefetch, for which Chromium says `none` whatever page asked for it
            return True
        is_document = (
            headers.get(b"sec-fetch-mode") == b"navigate" and headers.get(b"sec-fetch-dest") == b"document"
        )
        return relation != b"none" and not (is_get and is_document)
    if (origin := headers.get(b"origin")) is not None:
        return origin.rpartition(b"/")[2] != headers.get(b"host")
    return False


def _is_for_people(headers: Headers) -> bool:
    """Whether a browser requests a page: it is answered with a prompt for the key."""
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
