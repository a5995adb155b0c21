"""Proof: whatever changes a workspace, killed at 50 random moments, keeps all of the change or none of it.

Appending with overlap, replacing, undoing, erasing, dropping by age and restoring, each as its command, take turns.
Run by `make prove`, or alone: `pytest tests/prove/prove_kill_many.py -m prove`. Writes docs/proofs/kill-many.md.
"""

from __future__ import annotations

import json
import os
import platform
import random
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.store import Query, Store
from core.store.digest import content_digest

PAPER = Path(__file__).parents[2] / "docs" / "proofs" / "kill-many.md"
MOMENTS = 50
ROWS = 300_000
STEPS = ("append", "replace", "undo", "erase", "retention", "restore", "repair")


@dataclass(frozen=True)
class Shot:
    """One kill: what was killed, seconds after its start, what was kept, the exit code of the same again."""

    step: str
    at: float
    kept: str
    again: int


@pytest.mark.prove
@pytest.mark.timeout(3600)
def test_a_change_killed_at_any_moment_keeps_all_or_none(tmp_path: Path) -> None:
    draws = random.Random(50)
    base = prepared(tmp_path)
    before = held(base)
    whole, after = {}, {}
    for step in STEPS:
        workspace = fresh(base, tmp_path, f"calm-{step}")
        begin = time.monotonic()
        done = run(step, workspace, tmp_path)
        assert done.returncode == 0, done.stderr
        whole[step], after[step] = time.monotonic() - begin, held(workspace)
        assert after[step] != before or step == "restore"
        workspace.unlink()
    shots = []
    for number in range(MOMENTS):
        step = STEPS[number % len(STEPS)]
        workspace = fresh(base, tmp_path, f"w{number}")
        at = whole[step] * draws.random()
        kill_after(step, workspace, tmp_path, at)
        found = held(workspace)
        kept = "everything" if found == after[step] != before else "nothing" if found == before else str(found)
        assert kept in ("nothing", "everything"), (step, at, found)
        again = run(step, workspace, tmp_path)
        if kept == "nothing":
            assert again.returncode == 0, again.stderr
            assert held(workspace) == after[step]
        shots.append(Shot(step, at, kept, again.returncode))
        for left in tmp_path.glob(f"w{number}*"):
            left.unlink()
    assert sum(shot.kept == "nothing" for shot in shots) >= MOMENTS / 2, "shots must hit work under way"
    text = paper(shots, whole)
    print(f"\n{text}")
    PAPER.write_text(text, encoding="utf-8")


def prepared(folder: Path) -> Path:
    """A workspace of two loads and a repair that each change works out anew, and the files that the changes need."""
    today = datetime.now(UTC).replace(microsecond=0, tzinfo=None)
    write(folder / "old.csv", 0, ROWS, today)
    write(folder / "more.csv", ROWS // 2, ROWS + ROWS // 2, today)
    base = folder / "base.duckdb"
    for number, name in enumerate(("old.csv", "small.csv")):
        if number:
            (folder / name).write_text("user_id,item_id,event,time\nanna,lamp,view,2026-01-02 10:00:00\n", "utf-8")
        done = core("load", base, "--events", str(folder / name))
        assert done.returncode == 0, done.stderr
    for name, selection in (
        ("kept.json", {"code": "ids", "params": {"table": "users", "ids": ["u17", "u42"]}}),
        (
            "repair.json",
            {"code": "where", "params": {"table": "events", "column": "event", "op": "=", "value": "cart"}},
        ),
    ):
        (folder / name).write_text(json.dumps({"selection": selection, "action": {"do": "exclude"}}), "utf-8")
    assert core("repair", base, "--add", str(folder / "kept.json")).returncode == 0
    assert core("backup", base, "--out", str(folder / "backup.duckdb")).returncode == 0
    return base


def write(path: Path, first: int, last: int, today: datetime) -> None:
    """Rows `first` to `last` of one long history, one a minute, ending about today."""
    with path.open("w", encoding="utf-8") as out:
        out.write("user_id,item_id,event,time\n")
        for n in range(first, last):
            at = today - timedelta(minutes=2 * ROWS - n)
            out.write(f"u{n * 7919 % 5003},i{n * 104729 % 997},{('view', 'cart', 'purchase')[n % 3]},{at}\n")


def arguments(step: str, folder: Path) -> tuple[str, ...]:
    """The command of a step and what follows --workspace W."""
    return {
        "append": ("load", "--events", str(folder / "more.csv"), "--overlap", "drop"),
        "replace": ("load", "--events", str(folder / "more.csv"), "--replace"),
        "undo": ("undo", "--batch", "1"),
        "erase": ("erase", "--user", "u17"),
        "retention": ("retention", "--days", "300", "--now"),
        "repair": ("repair", "--add", str(folder / "repair.json")),
        "restore": ("restore", "--from", str(folder / "backup.duckdb"), "--replace"),
    }[step]


def command(step: str, workspace: Path, folder: Path) -> list[str]:
    name, *rest = arguments(step, folder)
    return [sys.executable, "-m", "core", name, "--workspace", str(workspace), *rest, "--json"]


def run(step: str, workspace: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(step, workspace, folder), capture_output=True, text=True, check=False)


def core(name: str, workspace: Path, *rest: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "core", name, "--workspace", str(workspace), *rest, "--json"]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def kill_after(step: str, workspace: Path, folder: Path, seconds: float) -> None:
    """Start a change, SIGKILL it after so many seconds."""
    process = subprocess.Popen(command(step, workspace, folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    process.kill()
    process.wait(10)


def fresh(base: Path, folder: Path, name: str) -> Path:
    workspace = folder / f"{name}.duckdb"
    shutil.copy(base, workspace)
    return workspace


def held(workspace: Path) -> dict[str, Any]:
    """What every query's answer depends on, and the rows of the tables beside it, after opening the file again."""
    with Store(workspace) as store:
        tables = ("batches", "parked_events", "retired_users", "erased", "rejects", "repairs", "touched_events")
        rows = {t: store.rows(Query(f"SELECT count(*) AS n FROM {t}"))[0]["n"] for t in tables}
        counts = "SELECT batch_no, rows_loaded, rows_duplicate, events_gone FROM batches ORDER BY batch_no"
        live = store.rows(Query("SELECT batch_no FROM live_batches ORDER BY 1"))
        told = store.rows(Query(counts))
        return {
            "digest": content_digest(store),
            "raw": content_digest(store, raw=True),
            "told": told,
            "live": live,
            **rows,
        }


def paper(shots: list[Shot], whole: dict[str, float]) -> str:
    """The dated result, as Markdown."""
    day = datetime.now(UTC).date().isoformat()
    rows = "\n".join(f"| {s.step} | {s.at:.2f} of {whole[s.step]:.2f} | {s.kept} | {s.again} |" for s in shots)
    return f"""# Every change of a workspace, killed

`make prove` ({Path(__file__).name}), {day}, Python {platform.python_version()}, {os.cpu_count()} cores.

A workspace of two loads ({ROWS:,} rows and one) and a repair that counts; appending a file half of which is there
already, replacing all, undoing the first load, erasing a user, dropping events by age, restoring a backup and adding
a repair, each as its command, get SIGKILL after a random time, {len(shots)} times in all. Held each time: the digest
of what shows and of what was loaded, each load's counts, which loads count, and the rows kept aside are those of
before or those of after, never a mixture; where nothing was kept, the same command then goes through and ends as it
does undisturbed.

| what | killed after (s) | kept | exit code of the same again |
|---|---|---|---|
{rows}
"""
