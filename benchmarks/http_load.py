"""Load over HTTP: wrk where it is installed (Debian: `apt install wrk`), else a plain client of our own.

Our own client is Python and takes far more of the machine than wrk; the table says which one it was.
"""

import asyncio
import json
import random
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_WRK = """
local before, after = %(before)s, %(after)s
local drawn = false
function request()
  if not drawn then math.randomseed(tonumber(tostring({}):sub(8), 16)); drawn = true end
  return before .. math.random(1, %(ids)d) .. after
end
function done(summary, latency, requests)
  local e = summary.errors
  local form = '{"requests": %%d, "duration_us": %%d, "p50_us": %%d, "p99_us": %%d, "failed": %%d}'
  io.write('\\n', string.format(form, summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout), '\\n')
end
"""


@dataclass(frozen=True, slots=True)
class HttpRun:
    """`client_s` are the processor seconds of the load tool itself; every answer but a 200 is `failed`."""

    rate: float
    requests: int
    failed: int
    p50_ms: float
    p99_ms: float
    client_s: float


def load_tool() -> str:
    return "wrk" if shutil.which("wrk") else "a Python client (no wrk here)"


def run_http_load(
    port: int,
    *,
    path: str,
    ids: int,
    headers: Mapping[str, str],
    connections: int,
    seconds: int,
) -> HttpRun:
    """Keep so many connections busy with GETs of `path`, its `{id}` drawn from 1 to `ids` each time."""
    before, after = path.split("{id}")
    lines = [f"{name}: {value}" for name, value in {"Host": f"127.0.0.1:{port}", **headers}.items()]
    head = f"GET {before}"
    tail = after + " HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n"
    used = resource.getrusage
    if shutil.which("wrk"):
        start = used(resource.RUSAGE_CHILDREN)
        found = _run_wrk(port, head, tail, ids=ids, connections=connections, seconds=seconds)
        end = used(resource.RUSAGE_CHILDREN)
    else:
        start = used(resource.RUSAGE_SELF)
        found = asyncio.run(_run_own(port, head, tail, ids=ids, connections=connections, seconds=seconds))
        end = used(resource.RUSAGE_SELF)
    return HttpRun(
        rate=found["requests"] / found["duration_us"] * 1e6,
        requests=found["requests"],
        failed=found["failed"],
        p50_ms=found["p50_us"] / 1000,
        p99_ms=found["p99_us"] / 1000,
        client_s=end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime,
    )


def _run_wrk(port: int, head: str, tail: str, *, ids: int, connections: int, seconds: int) -> dict[str, int]:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "requests.lua"
        script.write_text(_WRK % {"before": json.dumps(head), "after": json.dumps(tail), "ids": ids})
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout=30s", f"-s{script}"]
        done = subprocess.run(
            [*command, f"http://127.0.0.1:{port}"], capture_output=True, text=True, check=True
        )
    found: dict[str, int] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


async def _run_own(
    port: int, head: str, tail: str, *, ids: int, connections: int, seconds: int
) -> dict[str, int]:
    taken_us: list[int] = []
    failed = 0
    start = time.perf_counter()

    async def keep_busy() -> None:
        nonlocal failed
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() - start < seconds:
            sent = time.perf_counter()
            writer.write((head + str(random.randint(1, ids)) + tail).encode())
            answer = await reader.readuntil(b"\r\n\r\n")
            length = int(answer.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            failed += not answer.startswith(b"HTTP/1.1 200")
            taken_us.append(round((time.perf_counter() - sent) * 1e6))
        writer.close()

    await asyncio.gather(*(keep_busy() for _ in range(connections)))
    taken_us.sort()
    return {
        "requests": len(taken_us),
        "duration_us": round((time.perf_counter() - start) * 1e6),
        "p50_us": taken_us[len(taken_us) // 2],
        "p99_us": taken_us[len(taken_us) * 99 // 100],
        "failed": failed,
    }
