"""The job panel in a real browser: a job outlives its tab, is cancelled by keyboard, and never runs the app again."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.driver import WatchedPage, go, watched_page
from tests.browser.server import App, running

SCRIPT = Path(__file__).parent / "apps" / "jobs_app.py"
SIDEBAR = "stSidebar"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """The tiny app, fresh for each test."""
    with running(tmp_path / "home", script=SCRIPT) as it:
        yield it


def press(page: Page, name: str) -> None:
    """Reach a button by keyboard and press it."""
    button = page.get_by_role("button", name=name, exact=True)
    button.focus()
    page.keyboard.press("Enter")


def percent(page: Page) -> int:
    """How far the one running job is."""
    found = re.search(r"(\d+) %", page.get_by_test_id(SIDEBAR).inner_text())
    return int(found[1]) if found else 0


def runs(app: App) -> list[str]:
    """Process and module name of each run of the script so far."""
    return (app.home / "runs.txt").read_text().splitlines()


def test_a_job_outlives_its_tab_and_the_app_runs_once(app: App, browser: Browser) -> None:
    with watched_page(browser) as page:
        go(page, app.url)
        press(page, "Fit")
        expect(page.get_by_role("button", name="Cancel", exact=True)).to_be_visible()
        expect(page.get_by_role("progressbar")).to_have_count(1)
        page.wait_for_function("() => / s left|[1-9][0-9]* %/.test(document.body.innerText)", timeout=20_000)
        before = percent(page)
    workers = app.descendants()
    assert len(workers) == 1
    args = subprocess.run(["ps", "-o", "args=", "-p", str(workers[0])], capture_output=True, text=True, check=True)
    assert "-m core.jobs.worker" in args.stdout
    assert "streamlit" not in args.stdout
    ran = len(runs(app))
    time.sleep(1.5)
    assert len(runs(app)) == ran  # the worker runs, nobody looks: the script does not run
    with watched_page(browser) as page:
        go(page, app.url)
        assert percent(page) > before
        press(page, "Cancel")
        expect(page.get_by_text("Cancelled; nothing of it was kept.")).to_be_visible()
        expect(page.get_by_role("button", name="Cancel", exact=True)).to_have_count(0)
        press(page, "Dismiss")
        expect(page.get_by_text("Cancelled; nothing of it was kept.")).to_have_count(0)
        assert page.outside_requests == []
        assert page.console_errors == []
    assert {line.split()[1] for line in runs(app)} == {"__main__"}
    assert {int(line.split()[0]) for line in runs(app)} == {app.process.pid}
    assert len(runs(app)) <= ran + 3  # opened, ended, one to spare; the refreshes of the panel are not runs of the page
    assert app.descendants() == []


def test_the_page_shows_the_new_data_by_itself(app: App, page: WatchedPage) -> None:
    go(page, app.url)
    expect(page.get_by_text("There are 0 users.")).to_be_visible()
    press(page, "Load")
    panel = page.get_by_test_id(SIDEBAR)
    expect(panel.get_by_text("Load ![x](http://example.com/x.png) *a*_b_.csv", exact=True)).to_be_visible()
    expect(panel.get_by_text("reading rows")).to_be_visible()
    expect(page.get_by_text("There are 100 users.")).to_be_visible()
    expect(page.get_by_text("Result: {'users': 100}")).to_be_visible()
    expect(panel.get_by_text("Done in")).to_be_visible()
    assert page.outside_requests == []
    assert page.console_errors == []


def test_cancel_by_keyboard_undoes_it(app: App, page: WatchedPage) -> None:
    go(page, app.url)
    press(page, "Load")
    panel = page.get_by_test_id(SIDEBAR)
    expect(panel.get_by_text("reading rows")).to_be_visible()
    button = page.get_by_role("button", name="Cancel", exact=True)
    button.focus()
    time.sleep(2.5)  # two refreshes must not take the focus away
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(panel.get_by_text("Cancelled; nothing of it was kept.")).to_be_visible()
    expect(page.get_by_text("There are 0 users.")).to_be_visible()


def test_a_killed_worker_is_explained_and_the_app_goes_on(app: App, page: WatchedPage) -> None:
    go(page, app.url)
    press(page, "Die")
    panel = page.get_by_test_id(SIDEBAR)
    expect(panel.get_by_text("most likely because memory ran out")).to_be_visible()
    press(page, "Load")
    expect(page.get_by_text("There are 100 users.")).to_be_visible()
