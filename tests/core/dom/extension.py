"""`winnow-native` compiled from this tree, for tests: whichever is installed, this one is tested."""

import os
import shlex
import shutil
import subprocess
import sysconfig
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from tests.requirements import require

# flags for the compiler: `make native-asan` sets them
FLAGS = shlex.split(os.environ.get("NATIVE_FLAGS", ""))
SOURCES = sorted((Path(__file__).parents[3] / "packages" / "native").glob("*.c"))


def compile_extension(folder: Path, *flags: str) -> ModuleType:
    """Compile it into a folder and load it from there; a test without a compiler is skipped."""
    compiler, include = shutil.which("cc"), Path(sysconfig.get_path("include"))
    require(
        compiler is not None and (include / "Python.h").is_file(),
        "no C compiler, or Python's headers are missing: apt-get install gcc python3-dev",
    )
    library = folder / "winnow_native.abi3.so"
    link = sysconfig.get_config_var("LDSHARED").split(maxsplit=1)[1]
    options = [
        "-std=c11",
        "-O1",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-fPIC",
        "-fvisibility=hidden",
        "-ffp-contract=off",
        f"-I{include}",
        *FLAGS,
        *flags,
    ]
    subprocess.run(
        [str(compiler), *shlex.split(link), *options, *map(str, SOURCES), "-o", str(library)],
        check=True,
        timeout=100,
    )
    spec = spec_from_file_location(
        "winnow_native", library, loader=ExtensionFileLoader("winnow_native", str(library))
    )
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
