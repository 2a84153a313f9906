"""Work on files spread over a Ray cluster, a file a task. Ray is the extra `ray`."""

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gateway.cli.inputs import UsageError

Pair = tuple[Path, Path]
# a cluster on this machine, for as long as the command runs
HERE = "local"


def spread(
    pairs: list[Pair], work: Callable[[Path, Path], Any], *, address: str, cpus: int
) -> Iterator[tuple[Pair, Any]]:
    """Each pair with what `work` made of it, or the exception that it ended in, as they end.

    Args:
        work: is sent to the nodes, which need this package, and the files under the same paths.
        address: of the cluster: `auto`, `ray://host:10001`, or `local`.
        cpus: that one task takes.
    Raises:
        UsageError: Ray is not installed, or there is no cluster at the address.
    """
    # by default it reports its use to its makers
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ModuleNotFoundError as exc:
        raise UsageError("--ray needs the extra `ray`: pip install 'winnow-gateway[warc,ray]'") from exc
    options: dict[str, Any] = {"include_dashboard": False} if address == HERE else {}
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **options)
    except (ConnectionError, ValueError) as exc:
        raise UsageError(f"--ray: no cluster answers at {address}: {exc}") from exc

    def one(source: Path, target: Path) -> Any:
        # Ray takes functions alone
        return work(source, target)

    try:
        task = ray.remote(num_cpus=cpus, max_retries=2)(one)
        under_way = {task.remote(*pair): pair for pair in pairs}
        while under_way:
            [ended], _ = ray.wait(list(under_way), num_returns=1)
            pair = under_way.pop(ended)
            try:
                yield pair, ray.get(ended)
            except ray.exceptions.RayError as exc:
                yield pair, getattr(exc, "cause", None) or exc
    finally:
        ray.shutdown()
