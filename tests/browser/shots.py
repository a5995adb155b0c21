"""``make shots``: a picture of every page, at two widths, light and dark, and the defects a program can see.

Writes ``shots/PAGE-WIDTH-SCHEME.png``, and ``shots/guide/guide-PAGE.png`` for docs/guide.md, to be copied to
docs/images once looked at (``python -m tests.browser.shots --guide`` makes these alone). Prints each console error,
request to an outside host, stack trace and horizontal overflow; ends with 1 if there was any, so that it can be used
as a check.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from pages._ui.state import PAGES
from tests.browser.driver import SCHEMES, SIZES, click, go, launch, overflow, settled, shot, upload, watched_page
from tests.browser.server import ROOT, SAMPLE, App, load_sample, running

OUT = ROOT / "shots"
EXPLAIN_TABS = ("Tastes", "Similar users", "History")
CAMPAIGN = "about=LL-0076"
FEATURE_TABS = ("What they mean", "Which of them tell something", "One feature", "Take it away")
VALUE_WAYS = {"rfm": "rfm=Champions", "abc": "value=ABC&abc=Class A", "loyalty": "value=Loyalty&stage=Slipping"}
SEGMENT_VIEWS = {
    "compare": "who=Compare&segments=RFM: Champions&segments=RFM: At risk&segments=Loyalty: loyal",
    "overlap": "who=Compare&compare=Overlap&segments=RFM: Champions&segments=RFM: At risk&segments=Loyalty: loyal"
    "&part=RFM: Champions and Loyalty: loyal",
    "sizes": "who=Over time&segments=Loyalty: loyal&segments=Loyalty: slipping&segments=Loyalty: lost",
    "movement": "who=Over time&watch=Movement&was=Loyal customers&now=At risk",
}
"""Views that compare and watch segments: of ready-made ones, so that none has to be saved before."""
COMPARE_TABS = ("Beyond accuracy", "By segment", "Diversity")
TUNE_TABS = ("History", "What mattered", "All settings", "Time and coverage", "Trials")
ATTENTION_VIEWS = {
    "hours": "visits_look=Hours",
    "focus": "visits_look=Focused or roaming",
    "share": "look_at=Who gets the attention",
    "concentration": "look_at=Who gets the attention&share_tab=Concentration",
    "outcome": "look_at=Over- and under-watched",
    "fading": "look_at=How attention fades",
    "fatigue": "look_at=How attention fades&fades=With every repetition",
    "paths": "look_at=Paths",
    "flow": "look_at=Paths&paths=Between categories",
    "funnel": "look_at=Funnel",
    "funnel-value": "look_at=Funnel&way_tab=By value",
}
LOYALTY_VIEWS = {
    "curves": "retained=Curves",
    "stay": "retained=How long they stay",
    "stages": "look_at=Who is loyal",
    "score": "look_at=Who is loyal&loyal_look=Loyalty score",
    "slipping": "look_at=Who is loyal&loyal_look=Slipping",
    "value": "look_at=Future value",
    "trust": "look_at=Future value&value_look=Can I trust it",
}
MODEL_VIEWS = ("Right people for an item", "Runs and fitted models")
BOARD_TABS = {"lists": "Lists side by side", "over": "Over-recommended"}


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
    bare = address + ("&" if "?" in address else "?")
    tabs = {f"models-{tab.split()[-1].lower()}": f"{bare}numbers={tab}" for tab in COMPARE_TABS}
    go(page, tabs["models-diversity"])
    if page.get_by_role("button", name="Work out what diversity costs").is_enabled():
        click(page, "Work out what diversity costs")
    page.get_by_text("the lists are the model").wait_for(timeout=240_000)
    board = f"{bare}look_at=Leaderboard"
    tabs |= {f"models-board-{name}": f"{board}&board_show={tab}" for name, tab in BOARD_TABS.items()}
    return {**pages, **tabs, "models-people": people, "models-runs": kept, "models-board": board}


def with_tuning(page: Page, pages: dict[str, str]) -> dict[str, str]:
    """Tune once on the page Models; the addresses of all tabs of the study. Before it: nothing tuned yet."""
    if "models" not in pages:
        return pages
    bare = f"{pages['models'].partition('?')[0]}?ws=sample&look_at=Tune settings"
    go(page, bare)
    if not page.get_by_role("button", name="Use the best").count():
        click(page, "Tune the settings")
        page.wait_for_url("**study=*", timeout=240_000)
        settled(page)
    return {**pages, **{f"models-tune-{tab.split()[0].lower()}": f"{bare}&tuned={tab}" for tab in TUNE_TABS}}


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
    views = {"explain-like": f"{person}&about=Who is like whom", "explain-no-tastes": f"{person}&about=Tastes"}
    views["explain-whatif"] = f"{person}&whatif=true"
    return {**pages, "explain": bare, "explain-why": person, **tabs, **views, "explain-item": page.url}


def with_campaigns(page: Page, pages: dict[str, str]) -> dict[str, str]:
    """Check the list about an item against the past, once; its address, and that of the other question.

    A list is made again wherever its address is opened: see `arrive`.
    """
    if "campaigns" not in pages or "explain-why" not in pages:  # no model has been fitted
        return pages
    bare = f"{pages['campaigns'].partition('?')[0]}?ws=sample"
    listed = f"{bare}&{CAMPAIGN}"
    arrive(page, listed)
    if page.get_by_role("button", name="Check it against a past day").count():  # not done before
        click(page, "Check it against a past day")
    page.get_by_text("Had we chosen").first.wait_for(timeout=120_000)
    settled(page)
    other = f"{bare}&asking=What should these people hear%3F"
    return {**pages, "campaigns": bare, "campaigns-people": other, "campaigns-list": listed}


def arrive(page: Page, address: str) -> None:
    """Open an address, at a tab if it names one behind #; where it is that of a list, make the list for the visit."""
    address, _, tab = address.partition("#")
    go(page, address)
    waiting = page.get_by_text("see the sidebar. You may leave this page")  # what is worked out beside the page
    if waiting.count():
        waiting.wait_for(state="detached", timeout=120_000)
        settled(page)
    if tab:
        page.get_by_role("tab", name=tab).click()
        settled(page)
    if CAMPAIGN in address:
        click(page, "Make the list")
        page.get_by_role("heading", name="to contact").wait_for(timeout=60_000)
        settled(page)


def with_data_tabs(pages: dict[str, str]) -> dict[str, str]:
    """The addresses of the tabs of the page Data."""
    if "data" not in pages:
        return pages
    address = f"{pages['data'].partition('?')[0]}?ws=sample"
    return {**pages, "data-away": f"{address}#Take it away", "data-care": f"{address}#Erase and drop"}


def with_quality(page: Page, pages: dict[str, str]) -> dict[str, str]:
    """Wait for the report on the sample; the addresses of the views of the page Quality."""
    if "quality" not in pages:
        return pages
    address = f"{pages['quality'].partition('?')[0]}?ws=sample"
    go(page, address)
    page.get_by_text("Report of").wait_for(timeout=120_000)
    views = {
        "finding": "finding=bot",
        "repairs": "see=Repairs",
        "missing": "see=Missing values&column=users · birth_year",
        "days": "see=Events by day",
    }
    return {**pages, "quality": address, **{f"quality-{name}": f"{address}&{said}" for name, said in views.items()}}


def with_behaviour(pages: dict[str, str]) -> dict[str, str]:
    """The addresses of the views of the pages Attention and Loyalty."""
    for name, views in (("attention", ATTENTION_VIEWS), ("loyalty", LOYALTY_VIEWS)):
        if name in pages:
            address = f"{pages[name].partition('?')[0]}?ws=sample"
            pages = {**pages, name: address, **{f"{name}-{view}": f"{address}&{said}" for view, said in views.items()}}
    return pages


def with_segments(pages: dict[str, str]) -> dict[str, str]:
    """The addresses of the views that part, compare, watch and keep segments."""
    if "segments" not in pages:
        return pages
    address = f"{pages['segments'].partition('?')[0]}?ws=sample"
    views = {**VALUE_WAYS, **SEGMENT_VIEWS, "saved": "who=Saved"}
    return {**pages, **{f"segments-{name}": f"{address}&{said}" for name, said in views.items()}}


def with_features(page: Page, pages: dict[str, str]) -> dict[str, str]:
    """The addresses of the tabs of the page Features; which features tell something is worked out once."""
    if "features" not in pages:
        return pages
    bare = f"{pages['features'].partition('?')[0]}?ws=sample"
    tabs = {f"features-{tab.split()[0].lower()}": f"{bare}&show={tab}" for tab in FEATURE_TABS}
    go(page, tabs["features-which"])
    page.get_by_role("button", name="Find out").wait_for(timeout=60_000)
    click(page, "Find out")
    page.get_by_role("heading", name="tells most").wait_for(timeout=60_000)
    return {**pages, "features": bare, **tabs}


def with_likeness(page: Page, pages: dict[str, str]) -> dict[str, str]:
    """Find clusters, and look-alikes of one of them, where they are not kept yet; the addresses of both views."""
    if "segments" not in pages:
        return pages
    bare = f"{pages['segments'].partition('?')[0]}?ws=sample&who=Alike"
    alike = f"{bare}&alike=Look-alikes"
    go(page, bare)
    if not page.get_by_role("combobox", name="Kept clusters").count():
        click(page, "Find clusters")
        page.wait_for_url("**group=*", timeout=240_000)
        settled(page)
    go(page, f"{bare}&cluster=Lighting and Garden")
    if page.get_by_role("button", name="Save as segment").count():
        click(page, "Save as segment")
        click(page, re.compile("^Save$"))
    go(page, alike)
    if not page.get_by_role("combobox", name="Kept look-alikes").count():
        click(page, "Find look-alikes")
        page.wait_for_url("**lookalikes=*", timeout=240_000)
    views = {tab.split()[-1].lower(): f"{bare}&clusters_show={tab}" for tab in ("Map", "How many clusters")}
    opened = f"{bare}&cluster=Lighting and Garden"
    return {**pages, "segments-alike": opened, **{f"segments-{n}": v for n, v in views.items()}, "segments-like": alike}


def with_results(page: Page, pages: dict[str, str]) -> dict[str, str]:
    """Bring in the sample's past campaign where loading it has not; the page's address opens it. Before it: no list."""
    if "results" not in pages:
        return pages
    address = f"{pages['results'].partition('?')[0]}?ws=sample"
    go(page, address)
    if page.get_by_role("combobox", name="Which list?").count():
        return {**pages, "results": address}
    upload(page, "List", SAMPLE / "campaign.csv")
    for field, value in (("Name of the list", "come-back-candles"), ("Planned to be held back (%)", "20")):
        page.get_by_label(field, exact=True).fill(value)
        page.keyboard.press("Tab")
        settled(page)
    click(page, "Bring it in")
    page.get_by_role("combobox", name="Which list?").wait_for()
    return {**pages, "results": address}


GUIDE = {"models": "models", "explain": "explain-why"}
"""Pages of the guide -> which of their views it shows, where that is not the first."""
GUIDE_SIZE = (1000, 760)


def guide(browser: Browser, pages: dict[str, str], out: Path) -> None:
    """The guide's pictures: each page as it first stands in the window, light, 1,000 pixels wide, in few colours."""
    from PIL import Image

    out.mkdir(parents=True, exist_ok=True)
    for name in PAGES:
        address = pages.get(GUIDE.get(name, name))
        if address is None:
            continue
        with watched_page(browser) as page:
            page.set_viewport_size({"width": GUIDE_SIZE[0], "height": GUIDE_SIZE[1]})
            go(page, address)
            path = out / f"guide-{name}.png"
            page.screenshot(path=path, animations="disabled")
        with Image.open(path) as picture:
            picture.convert("RGB").quantize(128).save(path, optimize=True)
        print(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def take(app: App, out: Path, *, guide_only: bool = False) -> list[str]:
    """Write every picture of the running app into ``out``; all defects, each with where it was seen."""
    found: list[str] = []
    with sync_playwright() as playwright:
        browser = launch(playwright)
        with watched_page(browser) as page:
            go(page, app.url)
            pages = with_explanations(page, with_tuning(page, with_models(page, navigation(page))))
            pages = with_quality(
                page, with_features(page, with_data_tabs(with_results(page, with_campaigns(page, pages))))
            )
            pages = with_behaviour(with_segments(pages))
            pages = with_likeness(page, pages)
        guide(browser, pages, out / "guide")
        if guide_only:
            pages = {}
        for name, address in pages.items():
            for scheme in SCHEMES:
                # a fresh page for each scheme: figures take their colours when they are first drawn
                with watched_page(browser, scheme) as page:
                    arrive(page, address)
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
            found += take(app, OUT, guide_only="--guide" in sys.argv[1:])
    print("\n".join(["Defects seen:", *found]) if found else "No defect seen.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
