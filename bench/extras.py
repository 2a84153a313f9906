"""How much an installation takes without extras, and what each extra adds: MB of files, bytecode left out.

    python -m bench.extras

Read from this environment's own packages; an extra that is not installed is named and left out.
"""

import importlib.metadata
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

from bench.figures import note
from bench.processes import ROOT


def closure(wanted: list[str]) -> dict[str, float]:
    """MB of each package that requirements bring, by its name.

    Raises:
        importlib.metadata.PackageNotFoundError: one of them is not installed.
    """
    found: dict[str, float] = {}
    waiting = [Requirement(each) for each in wanted]
    seen = set()
    while waiting:
        requirement = waiting.pop()
        distribution = importlib.metadata.distribution(requirement.name)
        name = distribution.metadata["Name"].lower().replace("_", "-")
        for extra in ("", *requirement.extras):
            if (name, extra) not in seen:
                seen.add((name, extra))
                found[name] = megabytes(distribution)
                needs = [Requirement(each) for each in distribution.requires or ()]
                waiting += [
                    each for each in needs if not each.marker or each.marker.evaluate({"extra": extra})
                ]
    return found


def megabytes(distribution: importlib.metadata.Distribution) -> float:
    paths = [Path(str(file.locate())) for file in distribution.files or () if file.suffix != ".pyc"]
    return sum(path.stat().st_size for path in paths if path.is_file()) / 1e6


def main() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    base = closure(project["dependencies"])
    own = sum(
        path.stat().st_size
        for package in ("gateway", "backends")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    )
    base_mb = sum(base.values()) + own / 1e6
    print(f"{'without extras':16}{base_mb:8.1f} MB, {own / 1e6:.1f} of them its own")
    added: dict[str, float] = {}
    for extra, requirements in project["optional-dependencies"].items():
        try:
            more = closure(requirements)
        except importlib.metadata.PackageNotFoundError as missing:
            print(f"{extra:16}   not installed: {missing.name}")
            continue
        added[extra] = sum(size for name, size in more.items() if name not in base)
        print(f"{extra:16}{added[extra]:+8.1f} MB")
    note(base_mb=base_mb, extras_mb=added)


if __name__ == "__main__":
    main()
