"""The quality of extraction on sites never seen in training, as the model card has it: `python -m bench.training`.

`python -m training` measures it in the better part of an hour and writes the card; this only takes it from there for
the documents.
"""

import re
from pathlib import Path

from bench.figures import note

CARD = Path(__file__).parent.parent / "gateway/core/classifier/weights/MODEL_CARD.md"
_TOTAL = re.compile(r"^\| total \| (\d+) \| ([\d.]+) \|", re.MULTILINE)


def main() -> None:
    scored = _TOTAL.search(CARD.read_text("utf-8"))
    assert scored is not None
    pages, f1 = int(scored[1]), float(scored[2])
    print(f"{pages} pages, word-F1 {f1}")
    note(pages=pages, f1=f1)


if __name__ == "__main__":
    main()
