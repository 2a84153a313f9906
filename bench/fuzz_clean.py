"""Fuzz `clean` with atheris, coverage-guided: every crash, hang or text that does not encode is a finding.

    pip install atheris
    bench/fuzz_clean.py -max_total_time=600 CORPUS_FOLDER     # libFuzzer's own options

The default test run does the same with hypothesis, without coverage and in seconds (tests/core/test_fuzz.py).
"""

import sys

import atheris

with atheris.instrument_imports(include=["gateway.core"]):
    from gateway.core import CleanOptions, clean
    from gateway.errors import GatewayError


def check(data: bytes) -> None:
    """One page: the first byte chooses the options, the rest is the body."""
    flags = data[0] if data else 0
    options = CleanOptions(
        scope="page" if flags & 1 else "main",
        links="reference" if flags & 2 else "inline",
        images="inline" if flags & 4 else "none",
        html=bool(flags & 8),
        renderer="markdownify" if flags & 16 else "native",
    )
    try:
        page = clean(data[1:], url="https://example.com/a/b", options=options)
    except GatewayError:
        return
    for text in (page.markdown, page.text, page.html, page.title or ""):
        text.encode("utf-8")


if __name__ == "__main__":
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()
