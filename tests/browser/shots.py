"""``make shots``: a picture of every page, at two widths, light and dark, and the defects a program can see.

Writes ``shots/PAGE-WIDTH-SCHEME.png``. Prints each console error, request to an outside host, stack trace and
horizontal overflow; ends with 1 if there was any, so that it can be used as a check.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.driver import SCHEMES, SIZES, click, go, launch, overflow, settled, shot, watched_page
from tests.browser.server import ROOT, App, load_sample, running

OUT = ROOT / "shots"
EXPLAIN_TABS = ("Tastes", "Similar users", "History")
MODEL_VIEWS = ("Right people for an item", "Runs and fitted models")


def navigation(page: Page) -> dict[str, str]:
    """Name -> address of every page, read from the app's own navigation (the page must be open)."""
    links = page.get_by_test_id("stSidebarNavLink")
    links.first.wait_for()
    found: dict[str, str] = {}
    for link in links.all():
        address = str(link.evaluate("e => e.href"))
        name = address.rstrip("/").rpartition("/")[2].partition("?")[0]
        found["home" if ":" in name or not name else name] = address
    return found


def defects(page: Page) -> list[str]:
    """What is wrong with the page as it stands: sideways scrolling, a stack trace, a script that failed."""
    found: list[str] = []
    if wide := overflow(page):
        found.append(f"{wide} px wider than its window")
    found += [f"exception shown: {e.inner_text()[:200]}" for e in page.get_by_test_id("stException").all()]
    return found


def with_models(page: Page, pages: dict[str, str]) -> dict[str, str]:
    """Compare models and check audiences once, so that there is something to see; the addresses of all their views."""
    if "models" not in pages:
        return pages
    address = pages["models"]
    people, kept = (f"{address}{'&' if '?' in address else '?'}look_at={view}" for view in MODEL_VIEWS)
    for url, start in ((address, "Compare 6 models"), (people, "Check who would have been right")):
        go(page, url)
        click(page, start)
        page.wait_for_url("**run=*", timeout=240_000)
        settled(page)
    return {**pages, "models-people": people, "models-runs": kept}


def with_explanations(page: Page, pages: dict[str, str]) -> dict[str, str]:
    """Choose a user and fit a model on the page Explain; the addresses of its views. Before it: nothing chosen yet."""
    if "explain" not in pages:
        return pages
    address = pages["explain"]
    bare = f"{address}{'&' if '?' in address else '?'}ws=sample"
    go(page, bare)
    page.get_by_role("radio", name="events").first.click()
    settled(page)
    click(page, "Fit it on all the data")
    page.get_by_text("Ranked, the best first").wait_for(timeout=120_000)
    settled(page)
    person = page.url
    go(page, f"{bare}&about=An item")
    page.get_by_role("radio", name="events").first.click()
    settled(page)
    tabs = {f"explain-{view.split()[0].lower()}": f"{person}&explain_show={view}" for view in EXPLAIN_TABS}
    return {**pages, "explain": bare, "explain-why": person, **tabs, "explain-item": page.url}


def take(app: App, out: Path) -> list[str]:
    """Write every picture of the running app into ``out``; all defects, each with where it was seen."""
    found: list[str] = []
    with sync_playwright() as playwright:
        browser = launch(playwright)
        with watched_page(browser) as page:
            go(page, app.url)
            pages = with_explanations(page, with_models(page, navigation(page)))
        for name, address in pages.items():
            for scheme in SCHEMES:
                # a fresh page for each scheme: figures take their colours when they are first drawn
                with watched_page(browser, scheme) as page:
                    go(page, address)
                    for width, height in SIZES:
                        where = f"{name}-{width}-{scheme}"
                        path = shot(page, out / f"{where}.png", size=(width, height), scheme=scheme)
                        found += [f"{where}: {what}" for what in defects(page)]
                        print(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)
                    found += [f"{name}-{scheme}: console: {text}" for text in page.console_errors]
                    found += [f"{name}-{scheme}: outside request: {url}" for url in page.outside_requests]
        browser.close()
    return found


def main() -> int:
    """Load the sample, start the app, take the pictures; 1 if a defect was seen."""
    with tempfile.TemporaryDirectory(prefix="limelight-shots-") as folder:
        home = Path(folder) / "home"
        found: list[str] = []
        try:
            load_sample(home)
        except RuntimeError as error:
            found.append(str(error))  # pictures of empty pages are still worth having
        with running(home) as app:
            found += take(app, OUT)
    print("\n".join(["Defects seen:", *found]) if found else "No defect seen.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
