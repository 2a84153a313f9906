"""`POST /v1/tokens`: exact counts of a text or a conversation."""

from litestar import post
from litestar.di import NamedDependency
from litestar.params import RawBody

from gateway.routes.bodies import decode_body
from gateway.routes.scrape import WORK
from gateway.services import Services
from gateway.wire import TokensRequest, TokensResponse


@post("/v1/tokens", status_code=200, summary="Count tokens", tags=["pages"], opt=WORK)
async def count_tokens(body: RawBody, services: NamedDependency[Services]) -> TokensResponse:
    """Count the tokens of `text`, or of `messages` with what OpenAI's chat format adds to each."""
    return await services.scraper.count(decode_body(body, TokensRequest))
