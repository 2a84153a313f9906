"""The client: `sdk.scrape(url)`, `sdk.extract(url, schema=…)` against a running gateway, sync and async.

Imports the wire's types, net.sse, errors and httpx2, nothing else.
"""

from gateway.sdk.calls import Model
from gateway.sdk.client import AsyncClient, Client, extract, scrape, tokens

__all__ = ["AsyncClient", "Client", "Model", "extract", "scrape", "tokens"]
