"""The app runs once: no job, no worker and no second visitor starts it again."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.driver import click, go, settled, watched_page
from tests.browser.server import App, running


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Where each Python that starts notes its process id and what it was started as."""
    return tmp_path / "starts.txt"


@pytest.fixture
def counted(tmp_path: Path, runs: Path) -> Iterator[App]:
    """The real app; every Python process below it that starts says so, by a sitecustomize of its own."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(
        f"import os, sys\nopen({str(runs)!r}, 'a').write(f'{{os.getpid()}} {{\" \".join(sys.orig_argv[1:])}}\\n')\n"
    )
    with running(tmp_path / "home", env={"PYTHONPATH": str(site)}) as it:
        yield it


def test_two_visitors_and_a_load_start_no_second_app(
    counted: App, browser: Browser, runs: Path, tmp_path: Path
) -> None:
    file = tmp_path / "likes.csv"
    file.write_text("user_id,item_id,rating,clicks\nu1,i1,4,3\nu1,i2,5,0\n")
    with watched_page(browser) as first, watched_page(browser) as second:
        go(first, f"{counted.url}/data")
        go(second, counted.url)
        first.locator("input[type=file]").first.set_input_files(str(file))
        expect(first.get_by_role("button", name="Load 2 rows")).to_be_visible(timeout=30_000)
        settled(first)
        click(first, "Load 2 rows")
        expect(first.get_by_role("heading", name="Loaded: 2 rows read")).to_be_visible()
    started = [line.split(" ", 1) for line in runs.read_text().splitlines()]
    apps = [args for _, args in started if "app.py" in args]
    assert len(apps) == 1, started
    assert all("core.jobs.worker" in args for _, args in started if "app.py" not in args), started
    assert counted.process.poll() is None
    below = [
        subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
        for pid in counted.descendants()
    ]
    assert not [args for args in below if "streamlit" in args]
