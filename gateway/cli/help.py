"""How `--help` looks: examples below the options, headings in bold on a terminal."""

import argparse
import os
import sys

EXAMPLES = {
    "scrape": """
  winnow scrape https://example.com
  winnow scrape page.html --format text
  winnow scrape https://example.com --json --include outline --max-tokens 2000
  curl -s https://example.com | winnow scrape - --scope page
""",
    "extract": """
  winnow extract https://example.com --prompt 'What is this page for?' --stream
  winnow extract https://example.com --schema product.json
  winnow extract a.html --prompt 'Who wrote it?' --dry-run
""",
    "crawl": """
  winnow crawl https://example.com/docs/ --limit 200 -o docs/
  winnow crawl https://example.com --include-path '^/blog/' -o pages.jsonl
""",
    "serve": """
  winnow serve
  WINNOW_API_KEYS=team:a-long-secret winnow serve --host 0.0.0.0 --port 8080
""",
    "keys": """
  winnow keys new alice --scope scrape --requests-per-minute 60
  winnow keys list
  winnow keys revoke alice
""",
    "completion": """
  winnow completion bash > ~/.local/share/bash-completion/completions/winnow
  winnow completion zsh > ~/.zfunc/_winnow        # with ~/.zfunc in fpath
""",
}


class Help(argparse.RawDescriptionHelpFormatter):
    """argparse's own layout; Python 3.14 colours it itself."""

    def start_section(self, heading: str | None) -> None:
        super().start_section(f"\033[1m{heading}\033[0m" if heading and _is_coloured() else heading)


def add_examples(parser: argparse.ArgumentParser, name: str) -> None:
    """Show the examples of a command, if it has any, in its help."""
    parser.formatter_class = Help
    if name in EXAMPLES:
        parser.epilog = "examples:\n" + EXAMPLES[name].strip("\n")


def _is_coloured() -> bool:
    """Whether whoever reads the help sees colours and wants them (https://no-color.org)."""
    wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return wanted and sys.stdout.isatty() and sys.version_info < (3, 14)
