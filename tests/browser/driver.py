"""Drive a Streamlit page in a real browser: open, wait until it is settled, upload, download, take pictures."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, cast
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Playwright,
    Request,
    WebSocket,
)
from playwright.sync_api import TimeoutError as TooLate

from tests.browser.find_browser import find

SIZES = ((1440, 900), (1000, 800))
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
LOOKS = tuple((size, scheme) for scheme in SCHEMES for size in SIZES)
FLAGS = (
    "--disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --disable-dev-shm-usage"
).split()

# Quiet for a third of a second without a break: the answer to a click starts a moment after the click. "stale" marks
# what an unfinished run has not drawn again yet. Fragments that run every second leave longer gaps than that.
_QUIET = """
() => {
  const app = document.querySelector('[data-testid="stApp"]');
  const busy = !app
    || app.dataset.testScriptState !== 'notRunning'
    || app.dataset.testConnectionState !== 'CONNECTED'
    || document.querySelector('[data-stale="true"], [data-testid="stSkeleton"]');
  if (busy) { window.__quietSince = undefined; return false; }
  window.__quietSince ??= performance.now();
  return performance.now() - window.__quietSince > 350;
}
"""


class WatchedPage(Page):
    """A Playwright page that also holds what went wrong on it. Never made itself: see ``watched_page``."""

    outside_requests: list[str]
    console_errors: list[str]


def launch(playwright: Playwright) -> Browser:
    """The Chromium or Chrome of this machine, without a window."""
    path = find()
    assert path, "no browser: make browser"
    sandbox = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    return playwright.chromium.launch(executable_path=path, args=[*FLAGS, *sandbox])


@contextmanager
def watched_page(
    browser: Browser, scheme: Scheme = "light", shared: BrowserContext | None = None
) -> Iterator[WatchedPage]:
    """A page in a context of its own (no shared cookies or storage), 1440 x 900, with its watch lists.

    In a `shared` context (`new_context`) the app's scripts are compiled already, which halves what opening it costs.
    """
    context = shared or new_context(browser, scheme)
    page = cast(WatchedPage, context.new_page())
    page.outside_requests, page.console_errors = [], []

    def note(seen: Request | WebSocket) -> None:
        if is_outside(seen.url):
            page.outside_requests.append(seen.url)

    context.on("request", note)
    page.on("websocket", note)
    page.on("console", lambda m: page.console_errors.append(m.text) if _is_error(m) else None)
    page.on("pageerror", lambda e: page.console_errors.append(str(e)))
    try:
        yield page
    finally:
        context.remove_listener("request", note)
        (page if shared else context).close()


def new_context(browser: Browser, scheme: Scheme = "light") -> BrowserContext:
    """A visitor of its own: cookies, storage and cache that nobody else has."""
    width, height = SIZES[0]
    return browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, accept_downloads=True, reduced_motion="reduce"
    )


def is_outside(url: str) -> bool:
    """Whether a request for ``url`` leaves this machine."""
    parts = urlsplit(url)
    return parts.scheme not in {"data", "blob", "about"} and parts.hostname not in {"127.0.0.1", "localhost", "::1"}


def _is_error(message: ConsoleMessage) -> bool:
    # opened at /data, Streamlit first asks for /data/_stcore/health to learn where its root is: that 404 is its way
    probing = re.search(r"/[^/]+/_stcore/(health|host-config)$", urlsplit(str(message.location.get("url", ""))).path)
    return message.type == "error" and not probing


def go(page: Page, url: str) -> None:
    """Open an address and wait until the page is settled."""
    page.goto(url, wait_until="domcontentloaded")
    settled(page)


def settled(page: Page, seconds: float = 60) -> None:
    """Wait until Streamlit has run, everything is drawn, and nothing moved for a third of a second."""
    page.evaluate("() => { window.__quietSince = undefined; }")
    page.wait_for_function(_QUIET, timeout=seconds * 1000, polling=50)  # every frame would cost a core a third


def click(page: Page, name: str | re.Pattern[str]) -> None:
    """Press the button with this name and wait until the page is settled."""
    page.get_by_role("button", name=name).first.click()
    settled(page)


def pick(page: Page, box: Locator, option: str) -> None:
    """Open a menu, choose this option and wait until the page is settled.

    A menu that opens while the page draws something else closes at once: a person would press again, and so does this.
    """
    wanted = page.get_by_role("option", name=option, exact=True)
    for _ in range(5):
        if not wanted.is_visible():
            box.click()
        try:
            wanted.click(timeout=4_000)
            break
        except TooLate:
            settled(page)
    else:
        raise AssertionError(f"the menu has no option {option!r}")
    settled(page)


def upload(page: Page, label: str, files: Path | Sequence[Path]) -> None:
    """Give files to the uploader whose text contains ``label``, and wait until the page is settled."""
    uploader = page.get_by_test_id("stFileUploader").filter(has_text=label).first
    paths = [files] if isinstance(files, Path) else list(files)
    uploader.locator("input[type=file]").set_input_files([str(p) for p in paths])
    for path in paths:
        uploader.get_by_text(path.name).first.wait_for()
    settled(page)


def download(page: Page, target: Locator | str, to: Path) -> Path:
    """Press a download button (a locator, or its name); the file, kept in folder ``to`` under its suggested name."""
    button = page.get_by_role("button", name=target) if isinstance(target, str) else target
    with page.expect_download() as waiting:
        button.first.click()
    path = to / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def shot(page: Page, path: Path, *, size: tuple[int, int] = SIZES[0], scheme: Scheme = "light") -> Path:
    """A picture of the whole page at a width and in a colour scheme; the page keeps both afterwards.

    Plotly figures and ``st.context.theme`` keep the scheme of the last run: for a true picture of a page with
    figures, open it in a ``watched_page`` of that scheme.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    look(page, size=size, scheme=scheme)
    # Streamlit scrolls inside the window, so a full-page picture needs a window as tall as what it holds
    tall = page.evaluate(
        "() => Math.max(...['stMain', 'stSidebarContent'].map("
        "  id => document.querySelector(`[data-testid=${id}]`)?.scrollHeight ?? 0))"
    )
    page.set_viewport_size({"width": size[0], "height": min(max(size[1], int(tall)), 6000)})
    settled(page)
    page.screenshot(path=path, animations="disabled")
    page.set_viewport_size({"width": size[0], "height": size[1]})
    return path


def look(page: Page, *, size: tuple[int, int], scheme: Scheme) -> None:
    """Set the window's size and the colour scheme; what Streamlit draws itself follows without a reload."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme=scheme)
    settled(page)


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window; 0 when nothing has to be scrolled sideways."""
    return int(
        page.evaluate(
            "() => Math.max(0, ...['html', '[data-testid=stMain]', '[data-testid=stMainBlockContainer]']"
            "  .map(s => document.querySelector(s)).filter(Boolean).map(e => e.scrollWidth - e.clientWidth))"
        )
    )
