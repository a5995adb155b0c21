"""Proof: the app killed at 20 random moments of a load keeps all of the load or none. Writes docs/proofs/kill-app.md.

Run by `make prove`, or alone: `pytest tests/prove/prove_kill_app.py -m prove`.
"""

from __future__ import annotations

import os
import platform
import random
import shutil
import signal
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from core.jobs import Runner
from core.store import Query, Store
from tests.browser.conftest import browser  # noqa: F401  # the fixture
from tests.browser.driver import click, go, watched_page
from tests.browser.server import App, running

PAPER = Path(__file__).parents[2] / "docs" / "proofs" / "kill-app.md"
MOMENTS = 20
ALL = {"events": 299_602, "batches": 3, "rejects": 210}
NONE = {"events": 0, "batches": 0, "rejects": 0}


@dataclass(frozen=True)
class Shot:
    """One app killed: seconds after the click, what the workspace held then, and what its job was called after."""

    at: float
    kept: str
    jobs: tuple[str, ...]


@pytest.mark.prove
@pytest.mark.timeout(3600)
def test_the_app_killed_at_any_moment_of_a_load_keeps_all_or_none(tmp_path: Path, browser: Browser) -> None:  # noqa: F811
    draws = random.Random(20)
    whole = load_in_peace(tmp_path / "calm", browser)
    shots = []
    for number in range(MOMENTS):
        home = tmp_path / f"home{number}"
        at = whole * (number + draws.random()) / MOMENTS
        with running(home) as app:
            kill_after(app, browser, at)
        kept, jobs = what_is_left(home)
        assert kept in ("nothing", "everything")
        assert "running" not in jobs
        assert ("done" in jobs) == (kept == "everything"), "the job is done if and only if its rows are there"
        assert load_in_peace(home, browser) > 0, "the same load succeeds afterwards"
        shots.append(Shot(at, kept, jobs))
        shutil.rmtree(home)
    assert sum(shot.kept == "nothing" for shot in shots) >= MOMENTS / 4, "shots must hit a load at work"
    PAPER.parent.mkdir(parents=True, exist_ok=True)
    PAPER.write_text(paper(shots, whole), encoding="utf-8")


def load_in_peace(home: Path, browser: Browser) -> float:  # noqa: F811
    """Load the sample by its button (it only opens it if it is there already); the seconds until it is there."""
    with running(home) as app, watched_page(browser) as page:
        go(page, f"{app.url}/data")
        begin = time.monotonic()
        click(page, "Load the sample data") if not (home / "sample.duckdb").exists() else choose_sample(page, app)
        expect(page.get_by_text("299,602").first).to_be_visible(timeout=120_000)
        seconds = time.monotonic() - begin
    assert what_is_left(home)[0] == "everything"
    return seconds


def choose_sample(page, app: App) -> None:  # type: ignore[no-untyped-def]  # a Playwright page
    """In the workspace that the killed app left: load what is not there."""
    go(page, f"{app.url}/data?ws=sample")
    if page.get_by_role("button", name="Load the sample data").count():
        click(page, "Load the sample data")


def kill_after(app: App, browser: Browser, seconds: float) -> None:  # noqa: F811
    """Click the load, wait, and SIGKILL the app with all its children."""
    with watched_page(browser) as page:
        go(page, f"{app.url}/data")
        page.get_by_role("button", name="Load the sample data").click()
        time.sleep(seconds)
        for pid in [app.process.pid, *app.descendants()]:
            os.kill(pid, signal.SIGKILL)
        app.process.wait(10)


def what_is_left(home: Path) -> tuple[str, tuple[str, ...]]:
    """ "nothing" or "everything" (else the counts), and the statuses of the jobs after a restart."""
    path = home / "sample.duckdb"
    if not path.exists():
        return "nothing", ()
    with Store(path) as store:
        counts = {t: store.rows(Query(f"SELECT count(*) AS n FROM {t}"))[0]["n"] for t in ALL}
        runner = Runner(store)
        jobs = tuple(job.status for job in runner.jobs(50))
        runner.close()
    return {str(ALL): "everything", str(NONE): "nothing"}.get(str(counts), str(counts)), jobs


def paper(shots: list[Shot], whole: float) -> str:
    """The dated result, as Markdown."""
    day = datetime.now(UTC).date().isoformat()
    rows = [f"| {s.at:.2f} | {s.kept} | {', '.join(s.jobs) or 'none yet'} |" for s in shots]
    return "\n".join(
        [
            "# The app killed in the middle of a load",
            "",
            f"`make prove` ({Path(__file__).name}), {day}, Python {platform.python_version()}, {os.cpu_count()} cores.",
            "",
            "In a real browser the sample's button is pressed, and after a random time the app and all its",
            f"children get SIGKILL. Undisturbed, click to report takes {whole:.1f} s. Held each time: the",
            "workspace has all three batches or none; its job is `done` in the first case and `interrupted`",
            "(or was never begun) in the second; the same load then succeeds.",
            "",
            "| killed after (s) | kept | jobs after the restart |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )
