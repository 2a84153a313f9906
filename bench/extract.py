"""CPU ms of an extraction around the model: `python -m bench.extract`

A scripted model that answers at once, so that what is measured is the gateway's own work: prompt, plan,
validation, evidence. The floor in the same run is the bare completer with a prompt of the same length.
Process CPU time per request, median of the rounds; nothing is fetched and nothing cached.
"""

import asyncio
import json
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any

from backends.base import CompletionRequest, ModelInfo, Route
from backends.scripted import Reply, ScriptedBackend
from bench.evidence import make_page
from gateway.completions.completer import Completer
from gateway.extraction.extractor import Extractor
from gateway.scraping.scraped_page import ScrapedPage
from gateway.wire import AnswerCacheOptions, ExtractRequest, ScrapeRequest
from tests.inline import InlineWorkers

ROUNDS, EACH = 7, 10
TEXT = {"type": "string"}
ROW = {"type": "object", "properties": {"name": TEXT, "price": {"type": "number"}}, "required": ["name"]}
SCHEMA = {"type": "object", "properties": {"rows": {"type": "array", "items": ROW}}, "required": ["rows"]}


class OneModel:
    """Routes everything to one backend."""

    def __init__(self, route: Route) -> None:
        self._route = route

    async def resolve(self, model: str | None = None) -> Route:
        return self._route

    async def models(self) -> list[Route]:
        return [self._route]

    def aliases(self) -> dict[str, str]:
        return {}


class NoScraper:
    """Nothing is fetched here."""

    async def scrape(self, request: ScrapeRequest, *, tenant: str = "") -> ScrapedPage:
        raise NotImplementedError


async def cpu_ms(work: Callable[[], Awaitable[Any]]) -> float:
    await work()
    rounds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(EACH):
            await work()
        rounds.append((time.process_time() - began) * 1000 / EACH)
    return statistics.median(rounds)


async def complete(completer: Completer, request: CompletionRequest) -> None:
    await (await completer.open(request)).whole()


async def main() -> None:
    rows = [{"name": f"Thing {number}", "price": number} for number in range(50)]
    backend = ScriptedBackend([Reply(deltas=[json.dumps({"rows": rows})])], models=[ModelInfo(name="m")])
    anew = AnswerCacheOptions(max_age_s=0, store=False)
    print(f"{'case':<44}{'chars':>8}{'calls':>7}{'CPU ms':>9}{'of floor':>10}")
    for characters, context in ((2_000, 128_000), (50_000, 128_000), (200_000, 16_000)):
        page = make_page(characters)
        completer = Completer(
            OneModel(Route(name="m", backend=backend, model="m", context_tokens=context)),
            workers=InlineWorkers(),
        )
        extractor = Extractor(scraper=NoScraper(), completer=completer, workers=InlineWorkers())
        asked = CompletionRequest(model="m", messages=[{"role": "user", "content": page}])
        roomy = Completer(
            OneModel(Route(name="m", backend=backend, model="m")), workers=InlineWorkers()
        )  # takes the page whole
        floor = await cpu_ms(lambda roomy=roomy, asked=asked: complete(roomy, asked))
        print(f"{'the completer alone':<44}{characters:>8}{1:>7}{floor:>9.2f}{1:>10.1f}")
        cases = [
            ("a prompt", ExtractRequest(content=page, prompt="Which?", cache=anew)),
            (
                "data, without evidence",
                ExtractRequest(content=page, schema=SCHEMA, evidence=False, cache=anew),
            ),
            (
                "data, with evidence for its 100 values",
                ExtractRequest(content=page, schema=SCHEMA, cache=anew),
            ),
        ]
        for name, request in cases:
            answer = await extractor.extract(request)
            spent = await cpu_ms(lambda extractor=extractor, request=request: extractor.extract(request))
            print(f"{name:<44}{characters:>8}{answer.coverage.chunks:>7}{spent:>9.2f}{spent / floor:>10.1f}")


if __name__ == "__main__":
    asyncio.run(main())
