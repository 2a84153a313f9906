"""How `--help` looks: examples below the options, colours on a terminal."""

import argparse
import os
import re
import sys

EXAMPLES = {
    "": """
  winnow serve                                    # then http://127.0.0.1:8000 in a browser
  winnow scrape https://example.com
  winnow extract https://example.com --prompt 'What is this page for?'
  winnow crawl https://example.com/docs/ --limit 200 -o docs/
  winnow COMMAND --help                           # options and examples of a command
""",
    "serve": """
  winnow serve
  WINNOW_API_KEYS=team:a-long-secret winnow serve --host 0.0.0.0 --port 8080
""",
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
    "mcp": """
  winnow mcp                                      # what an agent's configuration starts
""",
    "models": """
  winnow models
  winnow models pull hf:Qwen/Qwen2.5-3B-Instruct-GGUF:Q4_K_M
  winnow models list
""",
    "map": """
  winnow map https://example.com
  winnow map https://example.com --search pricing --limit 20
""",
    "search": """
  winnow search token buckets --max-tokens 2000
""",
    "crawl": """
  winnow crawl https://example.com/docs/ --limit 200 -o docs/
  winnow crawl https://example.com --include-path '^/blog/' -o pages.jsonl
""",
    "batch": """
  winnow batch urls.txt -o pages.jsonl
  winnow map https://example.com | winnow batch - -o pages/
""",
    "jobs": """
  winnow jobs list
  winnow jobs cancel 5be3c0ffee5be3c0
""",
    "clean-warc": """
  winnow clean-warc crawl/*.warc.gz -o rows/
  winnow clean-warc crawl/*.warc.gz -o rows/ --format jsonl
""",
    "cache": """
  winnow cache stats
  winnow cache clear
""",
    "keys": """
  winnow keys new alice --scope scrape --requests-per-minute 60
  winnow keys list
  winnow keys revoke alice
""",
    "doctor": """
  winnow doctor
  WINNOW_REMOTE_URL=http://127.0.0.1:11434/v1 winnow doctor
""",
    "completion": """
  winnow completion bash > ~/.local/share/bash-completion/completions/winnow
  winnow completion zsh > ~/.zfunc/_winnow        # with ~/.zfunc in fpath
""",
}


_HEADING = re.compile(r"^(?:usage|options|examples|positional arguments):", re.MULTILINE)
_FLAG = re.compile(r"(?<![\w-])--?[a-zA-Z][\w-]*")
_COMMENT = re.compile(r"  # .*$", re.MULTILINE)
# what is coloured, and as which of the terminal's own colours
_STYLES = [(_HEADING, "1"), (_FLAG, "36"), (_COMMENT, "2")]


class Help(argparse.RawDescriptionHelpFormatter):
    """argparse's own layout, in colours on a terminal; Python 3.14 has colours itself."""

    def format_help(self) -> str:
        text = super().format_help()
        if _is_coloured():
            for pattern, style in _STYLES:
                text = pattern.sub(rf"\033[{style}m\g<0>\033[0m", text)
        return text


def add_examples(parser: argparse.ArgumentParser, name: str) -> None:
    """Show the examples of a command in its help; the name of the whole program is empty."""
    parser.formatter_class = Help
    parser.epilog = "examples:\n" + EXAMPLES[name].strip("\n")


def _is_coloured() -> bool:
    """Whether whoever reads the help sees colours and wants them (https://no-color.org)."""
    wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    # the usage beside an error goes to stderr
    seen = sys.stdout.isatty() and sys.stderr.isatty()
    return wanted and seen and sys.version_info < (3, 14)
