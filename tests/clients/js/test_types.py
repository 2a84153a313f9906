"""What TypeScript makes of the JavaScript client; the compiler is installed by its name (`make clients`)."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.clients.js.conftest import CLIENT

COMPILER = "typescript@5"
RIGHT = """
import sdk, { Client, WinnowError } from "winnow-client";
import type { ErrorCode, Job, JobReport, Link, ModelEntry, Readiness, ScrapeResponse } from "winnow-client";

interface Product { name: string; price: number }
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Takes `true` where A is B, nothing else. */
function same<A, B>(_: Same<A, B>): void {}

export async function use(signal: AbortSignal) {
  const page = await sdk.scrape("https://a.test", { max_tokens: 5, include: ["links"], signal });
  const { content, metadata, links } = page;
  same<typeof content, string>(true);
  same<typeof metadata.author, string | null>(true);
  same<typeof links, Link[] | undefined>(true);
  await sdk.scrape({ html: "<p>x", actions: [{ type: "wait", ms: 5 }] });
  await sdk.scrape(new URL("https://a.test"));

  const schema = { type: "object", properties: { name: { type: "string" } } };
  const { data } = await sdk.extract<Product>("https://a.test", { schema, scrape: { select: "main" } });
  same<typeof data, Product>(true);
  same<Awaited<ReturnType<typeof sdk.tokens>>["tokens"], number>(true);
  for await (const event of sdk.extract<Product>("https://a.test", { prompt: "?", stream: true })) {
    if (event.type === "delta") same<typeof event.text, string>(true);
    else if (event.type === "done") same<typeof event.data, Product>(true);
    else if (event.type === "source") same<typeof event.index, number>(true);
    else same<typeof event.type, "evidence">(true);
  }
  for await (const piece of sdk.pages("https://a.test")) same<typeof piece, ScrapeResponse>(true);
  for await (const page of sdk.scrapeMany(["https://a.test"], { concurrency: 2 })) {
    if (page instanceof WinnowError) same<typeof page.retryAfterS, number | null>(true);
    else same<typeof page, ScrapeResponse>(true);
  }
  const job: Job<Product> = sdk.crawl<Product>("https://a.test", { limit: 5, idempotencyKey: "k" });
  for await (const result of job) {
    same<typeof result.data, Product | undefined>(true);
    same<typeof result.page, ScrapeResponse | undefined>(true);
  }
  same<JobReport, Awaited<ReturnType<typeof job.cancel>>>(true);
  await sdk.startBatch({ urls: ["https://a.test"], robots: false });
  const client = new Client({ url: "http://127.0.0.1:8000", apiKey: "k", tries: 1, fetch });
  same<Awaited<ReturnType<typeof client.models>>, ModelEntry[]>(true);
  same<Awaited<ReturnType<typeof client.health>>, Readiness>(true);
  const code: ErrorCode = "rate_limited";
  return code;
}
"""
# each line beside the number of the error that it is
WRONG = {
    'await sdk.scrape("u", { max_token: 5 });': 2561,
    'await sdk.scrape("u", { max_tokens: "many" });': 2322,
    'await sdk.scrape("u", { format: "pdf" });': 2322,
    'await sdk.tokens("x", { tokeniser: "o200k_base" });': 2561,
    'await sdk.extract("u", { promt: "?" });': 2769,
    '(await sdk.extract("u", { prompt: "?" })).data.name;': 2571,
    '(await sdk.scrape("u")).titel;': 2551,
    'sdk.batch("https://a.test");': 2345,
    'sdk.scrapeMany("https://a.test");': 2345,
    'new Client({ apikey: "x" });': 2561,
}


@pytest.fixture(scope="module")
def folder(node_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the compiler and the client."""
    made = tmp_path_factory.mktemp("typescript")
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(made), COMPILER]
    subprocess.run(command, check=True, timeout=100)
    shutil.copytree(node_folder / "node_modules/winnow-client", made / "node_modules/winnow-client")
    return made


def compile_program(folder: Path, program: str, *options: str) -> list[str]:
    """The compiler's messages about a module, its own declarations checked too."""
    (folder / "program.mts").write_text(program)
    strict = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--target", "es2022"]
    command = ["node", "node_modules/typescript/bin/tsc", *strict, *options, "program.mts"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=100)
    return done.stdout.splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("resolution", ["nodenext", "bundler"])
def test_client_is_typed_for_its_users(folder: Path, resolution: str) -> None:
    module = "nodenext" if resolution == "nodenext" else "esnext"
    assert compile_program(folder, RIGHT, "--module", module, "--moduleResolution", resolution) == []


@pytest.mark.slow
def test_wrong_use_is_an_error_for_the_compiler(folder: Path) -> None:
    program = "\n".join(['import sdk, { Client } from "winnow-client";', *WRONG])
    messages = compile_program(folder, program, "--module", "nodenext")
    numbers = {
        int(m[1]): int(m[2]) for line in messages if (m := re.search(r"\((\d+),\d+\): error TS(\d+)", line))
    }
    assert numbers == dict(enumerate(WRONG.values(), start=2)), "\n".join(messages)


@pytest.mark.slow
def test_examples_of_the_readme_are_typed(folder: Path) -> None:
    examples = re.findall(r"```(?:js|ts)\n(.*?)```", (CLIENT / "README.md").read_text("utf-8"), re.DOTALL)
    for example in examples:
        assert compile_program(folder, example, "--module", "nodenext") == []
