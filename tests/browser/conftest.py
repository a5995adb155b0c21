"""The app in a real browser: ``app`` and ``sample_app`` run it, ``page`` opens it and watches what goes wrong."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.browser.driver import WatchedPage, launch, new_context, watched_page
from tests.browser.server import ROOT, App, running
from tests.prepared import copied

HERE = Path(__file__).parent
FAILURES = ROOT / "shots" / "failures"
NEEDS_A_BROWSER = {"app", "sample_app", "browser", "page"}
_report = pytest.StashKey[pytest.TestReport]()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever opens a browser carries the mark, so that no test slips into the parallel run."""
    for item in items:
        if HERE in item.path.parents and NEEDS_A_BROWSER & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep the outcome where the ``page`` fixture can see it at the end."""
    report = yield
    if report.when == "call":
        item.stash[_report] = report
    return report


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The real app on a free port with an empty home; one for all tests of a file."""
    with running(tmp_path_factory.mktemp("app") / "home") as it:
        yield it


@pytest.fixture(scope="session")
def sample_app(sample_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The real app with the sample loaded as workspace "sample"; shared by all files: look, do not change."""
    home = tmp_path_factory.mktemp("sample-app") / "home"
    home.mkdir()
    copied(sample_workspace, home)
    with running(home) as it:
        yield it


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The Chromium or Chrome of this machine, without a window."""
    expect.set_options(timeout=20_000)  # other tests keep both cores busy: a page may take its time
    with sync_playwright() as playwright:
        it = launch(playwright)
        yield it
        it.close()


@pytest.fixture(scope="module")
def same_visitor(browser: Browser) -> Iterator[BrowserContext]:
    """For tests that only look (`usefixtures`): their `page` is another tab of one visitor."""
    context = new_context(browser)
    yield context
    context.close()


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[WatchedPage]:
    """A fresh page; when its test fails, a picture of it is kept under shots/failures."""
    shared = request.getfixturevalue("same_visitor") if "same_visitor" in request.fixturenames else None
    with watched_page(browser, shared=shared) as it:
        yield it
        report = request.node.stash.get(_report, None)
        if report is not None and report.failed:
            FAILURES.mkdir(parents=True, exist_ok=True)
            it.screenshot(path=FAILURES / f"{re.sub(r'[^A-Za-z0-9_-]+', '_', request.node.name)}.png")
