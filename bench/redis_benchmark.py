"""What Valkey's server spends on a command of 20 KB: `redis-benchmark -d 20000` against a redis-server of its own.

    python -m bench.redis_benchmark         # needs redis-server and redis-benchmark (Debian: redis-server, redis-tools)

CPU of the server by the kernel's count, sets and gets alike; how many a core does in a second follows from it.
"""

import subprocess
import tempfile
from pathlib import Path

from bench.figures import note
from bench.processes import cpu_s
from fixtures.redis import RedisServer

COMMANDS, BYTES = 200_000, 20_000


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder))
        try:
            assert server.pid is not None
            before = cpu_s(server.pid)
            asked = ["-p", str(server.port), "-d", str(BYTES), "-n", str(COMMANDS), "-t", "set,get", "-q"]
            subprocess.run(["redis-benchmark", *asked], check=True)
            # each kind of command so many times
            cpu_ms = (cpu_s(server.pid) - before) * 1e3 / (2 * COMMANDS)
        finally:
            server.stop()
    note(cpu_ms=cpu_ms, commands_per_s=int(1e3 / cpu_ms))
    print(f"{cpu_ms:.3f} CPU-ms a command of {BYTES:,} bytes: {1e3 / cpu_ms:,.0f} a second and core")


if __name__ == "__main__":
    main()
