#!/usr/bin/env bash
# The extension compiled for arm64, and its tests run by qemu, for those without such a machine. Debian, as root; ten minutes.
# Usage: tests/native_arm64.sh FOLDER PYTHON, where FOLDER keeps an arm64 Python and PYTHON has pip 25.1
set -euo pipefail
folder=$(mkdir -p "$1" && cd "$1" && pwd) python=$2
root=$folder/root site=$folder/site
bash tests/system_packages.sh debootstrap qemu-user-static gcc-aarch64-linux-gnu
if [ ! -x "$root/usr/bin/python3.11" ]; then
    debootstrap --arch=arm64 --foreign --variant=minbase --include=python3-dev,libc6-dev bookworm "$root" >"$folder/debootstrap.log"
    for package in "$root"/var/cache/apt/archives/*.deb; do dpkg-deb --extract "$package" "$root"; done
fi
if [ ! -d "$site" ]; then
    "$python" -c 'import tomllib
print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"], sep="\n")' >"$folder/requirements.txt"
    "$python" -m pip install --quiet --disable-pip-version-check --target "$site" --only-binary=:all: --python-version 3.11 \
        --platform manylinux_2_28_aarch64 --platform manylinux_2_17_aarch64 --platform manylinux2014_aarch64 \
        -c constraints.txt -r "$folder/requirements.txt" pytest pytest-timeout hypothesis anyio trio
fi
# the tests compile the extension with `cc`
mkdir -p "$folder/bin"
cat >"$folder/bin/cc" <<COMPILER
#!/bin/sh
unset QEMU_LD_PREFIX
exec aarch64-linux-gnu-gcc -idirafter $root/usr/include "\$@"
COMPILER
chmod +x "$folder/bin/cc"
shift 2
export PATH="$folder/bin:$PATH" PYTHONPATH="$site:$PWD" PYTHONDONTWRITEBYTECODE=1 QEMU_LD_PREFIX="$root"
exec qemu-aarch64-static "$root/usr/bin/python3.11" -m pytest -p no:cacheprovider -p no:xdist --timeout 3000 "$@"
