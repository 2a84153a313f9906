"""The Dockerfile's image, built and run without Docker: its size over its base, by parts, and a container's memory.

    python -m bench.container                       # as root; needs buildah, runc and mmdebstrap (Debian packages)
    python -m bench.container -- --volume A:B:ro    # what stands behind `--` goes to `buildah build`

The base is a minimal Debian of this machine's release with its python3, in the place of `python:3.13-slim`, which has
to come from a registry; sizes are stated over it. The container runs as compose.yaml and the Kubernetes manifest have
it: read-only, as the image's user, without capabilities, with one cleaning process. Memory is the proportional set size
(PSS) of all its processes: before any page, after one, and once the processes that cleaned it had nothing to do for so
long that they ended, which takes ten minutes.
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.figures import note
from bench.processes import ROOT, family, proportional_mb
from bench.startup import answers
from fixtures.redis import free_port
from gateway.workers.pool import REST_AFTER_S

BASE, IMAGE = "localhost/python:3.13-slim", "localhost/winnow-gateway:bench"
USER = 10001
VOLUMES = ("/var/cache/winnow", "/var/lib/winnow", "/var/lib/winnow-jobs", "/tmp")
PAGE = ROOT / "fixtures" / "pages" / "documentation-go-tutorial" / "source.html"
SETTLED_S = 5.0


def run(*command: str | Path) -> str:
    return subprocess.run([*map(str, command)], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def make_base(folder: Path) -> None:
    """Commit BASE: a Debian with Python and what makes environments of it."""
    release = next(
        line.partition("=")[2]
        for line in Path("/etc/os-release").read_text().splitlines()
        if line.startswith("VERSION_CODENAME=")
    )
    files = folder / "base.tar"
    run("mmdebstrap", "--quiet", "--variant=minbase", "--include=python3,python3-venv", release, files)
    container = run("buildah", "from", "scratch")
    run("buildah", "add", "--quiet", container, files, "/")
    run("buildah", "commit", "--quiet", container, BASE)
    run("buildah", "rm", container)


@contextlib.contextmanager
def mounted(image: str) -> Iterator[Path]:
    """An image's files."""
    container = run("buildah", "from", "--pull-never", image)
    try:
        yield Path(run("buildah", "mount", container))
    finally:
        run("buildah", "umount", container)
        run("buildah", "rm", container)


def megabytes(folder: Path) -> float:
    return int(run("du", "--summarize", "--bytes", folder).split()[0]) / 1e6


def sizes(root: Path) -> dict[str, float]:
    """MB of the largest packages below the image's environment."""
    (packages,) = (root / "opt/winnow/lib").glob("python3*/site-packages")
    found = {each.name.removesuffix(".libs"): 0.0 for each in packages.iterdir() if each.is_dir()}
    for each in packages.iterdir():
        if each.is_dir():
            found[each.name.removesuffix(".libs")] += megabytes(each)
    return dict(sorted(found.items(), key=lambda item: -item[1])[:12])


def specification(root: Path, folder: Path, port: int) -> dict[str, Any]:
    """runc's, on the machine's own network."""
    inside = json.loads(run("buildah", "inspect", "--type", "image", IMAGE))["OCIv1"]["config"]
    made: dict[str, Any] = json.loads((folder / "config.json").read_text())
    made["root"] = {"path": str(root), "readonly": True}
    process = made["process"]
    process |= {"terminal": False, "user": {"uid": USER, "gid": USER}, "cwd": "/"}
    process["args"] = [*inside["Entrypoint"], *inside["Cmd"]]
    own = {"WINNOW_HOST": "127.0.0.1", "WINNOW_PORT": str(port), "WINNOW_CLEAN_WORKERS": "1"}
    process["env"] = [*inside["Env"], *(f"{name}={value}" for name, value in own.items())]
    process["capabilities"] = {}
    process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 4096, "hard": 4096}]
    for volume in VOLUMES:
        options = ["nosuid", "nodev", "mode=0700", f"uid={USER}", f"gid={USER}"]
        mount = {"destination": volume, "type": "tmpfs", "source": "tmpfs", "options": options}
        made["mounts"].append(mount)
    made["linux"]["namespaces"] = [each for each in made["linux"]["namespaces"] if each["type"] != "network"]
    return made


@contextlib.contextmanager
def running(root: Path, folder: Path, port: int) -> Iterator[int]:
    """A container of the image; its first process."""
    run("runc", "spec", "--bundle", folder)
    (folder / "config.json").write_text(json.dumps(specification(root, folder, port)))
    name = f"winnow-bench-{os.getpid()}"
    started = subprocess.Popen(["runc", "run", "--bundle", folder, name], stdin=subprocess.DEVNULL)
    try:
        while not answers(f"http://127.0.0.1:{port}/health/ready"):
            if started.poll() is not None:
                raise SystemExit("the container ended at start")
            time.sleep(0.1)
        yield int(json.loads(run("runc", "state", name))["pid"])
    finally:
        subprocess.run(["runc", "kill", name, "TERM"], check=False)
        started.wait(60)


def memory_mb(pid: int) -> list[float]:
    return [proportional_mb(each) for each in family(pid)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--built", action="store_true", help="the image of an earlier run will do")
    parser.add_argument("option", nargs="*", help="of `buildah build`")
    options = parser.parse_args()
    missing = [each for each in ("buildah", "runc", "mmdebstrap") if shutil.which(each) is None]
    if missing or os.getuid():
        raise SystemExit(f"to be run as root, with {', '.join(missing) or 'nothing missing'} installed")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if not options.built:
            make_base(folder)
            build = ["buildah", "build", "--isolation=chroot", "--format=docker", "--tag", IMAGE]
            run(*build, *options.option, ROOT)
        with mounted(BASE) as root:
            base_mb = megabytes(root)
        with mounted(IMAGE) as root:
            image_mb, parts = megabytes(root), sizes(root)
            port = free_port()
            with running(root, folder, port) as pid:
                time.sleep(SETTLED_S)
                found = {"before any page": memory_mb(pid)}
                body = json.dumps({"html": PAGE.read_text("utf-8")}).encode()
                if not answers(f"http://127.0.0.1:{port}/v1/scrape", body):
                    raise SystemExit("the container cleaned no page")
                time.sleep(SETTLED_S)
                found["after a page"] = memory_mb(pid)
                time.sleep(REST_AFTER_S + SETTLED_S)
                found["ten minutes later"] = memory_mb(pid)
    over_mb = image_mb - base_mb
    note(base_mb=base_mb, over_base_mb=over_mb, parts_mb=parts)
    note(memory_mb={when: sum(each) for when, each in found.items()})
    print(f"image: {image_mb:.0f} MB, {over_mb:.0f} over its base of {base_mb:.0f} (250)")
    for name, size in parts.items():
        print(f"  {name:24}{size:7.1f} MB")
    for when, each in found.items():
        print(
            f"memory {when}: {sum(each):.0f} MB PSS, by process {[round(mb) for mb in each]}; at rest (130)"
        )


if __name__ == "__main__":
    main()
