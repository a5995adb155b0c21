"""Proof: `python -m core load` killed at 20 random moments keeps all or none. Writes docs/proofs/kill-load.md.

Run by `make prove`, or alone: `pytest tests/prove/prove_kill_load.py -m prove`. The app is proved by prove_kill_app.py.
"""

from __future__ import annotations

import json
import os
import platform
import random
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.store import Query, Store
from tests.bench.shop_file import write_shop_file

PAPER = Path(__file__).parents[2] / "docs" / "proofs" / "kill-load.md"
MOMENTS = 20
ROWS = 1_000_000
BEFORE = {"events": 1, "batches": 1, "users": 1, "items": 1}


@dataclass(frozen=True)
class Shot:
    """One kill: seconds after the start, the last progress told, what was kept, whether the next load went well."""

    at: float
    told: str
    kept: str
    then: str


@pytest.mark.prove
@pytest.mark.timeout(3600)
def test_a_load_killed_at_any_moment_keeps_all_or_none(tmp_path: Path) -> None:
    draws = random.Random(20)
    file = tmp_path / "shop.csv"
    write_shop_file(file, ROWS)
    whole = min(undisturbed(tmp_path / f"calm{turn}.duckdb", file)[0] for turn in range(2))
    _, everything = undisturbed(tmp_path / "calm.duckdb", file)
    shots = []
    for number in range(MOMENTS):
        workspace = tmp_path / f"w{number}.duckdb"
        with_one_event(workspace)
        at = whole * (number + draws.random()) / MOMENTS
        told = kill_after(workspace, file, at)
        kept = {str(everything): "everything", str(BEFORE): "nothing"}.get(str(held(workspace)), str(held(workspace)))
        assert kept in ("nothing", "everything")
        done = load(workspace, file)
        then = "loaded" if done.returncode == 0 else str(json.loads(done.stdout)["error"]["code"])
        assert then == ("loaded" if kept == "nothing" else "already_loaded")
        assert held(workspace) == everything
        shots.append(Shot(at, told, kept, then))
        workspace.unlink()
    assert sum(shot.kept == "nothing" for shot in shots) >= MOMENTS / 2, "shots must hit a load at work"
    text = paper(shots, whole)
    print(f"\n{text}")
    PAPER.parent.mkdir(parents=True, exist_ok=True)
    PAPER.write_text(text, encoding="utf-8")


def command(workspace: Path, file: Path) -> list[str]:
    return [sys.executable, "-m", "core", "load", "--workspace", str(workspace), "--events", str(file), "--json"]


def load(workspace: Path, file: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(workspace, file), capture_output=True, text=True, check=False)


def with_one_event(workspace: Path) -> None:
    """A workspace that holds something already, which must survive every kill."""
    small = workspace.with_suffix(".csv")
    small.write_text("user_id,item_id\nfirst,first\n", encoding="utf-8")
    assert load(workspace, small).returncode == 0


def undisturbed(workspace: Path, file: Path) -> tuple[float, dict[str, Any]]:
    """Seconds of a load that nobody kills, and what the workspace then holds."""
    with_one_event(workspace)
    begin = time.monotonic()
    assert load(workspace, file).returncode == 0
    return time.monotonic() - begin, held(workspace)


def kill_after(workspace: Path, file: Path, seconds: float) -> str:
    """Start a load, SIGKILL it after so many seconds; the last progress it told."""
    log = workspace.with_suffix(".log")
    with log.open("wb") as err:
        process = subprocess.Popen(command(workspace, file), stdout=subprocess.DEVNULL, stderr=err)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        process.kill()
        process.wait(10)
    told = log.read_text("utf-8").split("\n")
    return next((line.strip() for line in reversed(told) if line.strip()), "nothing yet")


def held(workspace: Path) -> dict[str, Any]:
    """Rows of each table, after the file has been opened again."""
    with Store(workspace) as store:
        return {t: store.rows(Query(f"SELECT count(*) AS n FROM {t}"))[0]["n"] for t in BEFORE}


def paper(shots: list[Shot], whole: float) -> str:
    """The dated result, as Markdown."""
    day = datetime.now(UTC).date().isoformat()
    rows = "\n".join(f"| {s.at:.2f} | {s.told} | {s.kept} | {s.then} |" for s in shots)
    return f"""# A load killed on the command line

`make prove` ({Path(__file__).name}), {day}, Python {platform.python_version()}, {os.cpu_count()} cores.

`python -m core load` of a file of {ROWS:,} rows into a workspace that holds one event already gets SIGKILL after a
random time (undisturbed it takes {whole:.1f} s). Held each time: the workspace has all of the batch or none of it, and
the event of before; the same load then succeeds, or is refused because all of it is there.

| killed after (s) | last progress told | kept of the batch | the same load again |
|---|---|---|---|
{rows}
"""
