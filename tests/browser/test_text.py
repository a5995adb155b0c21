"""Text of people's files on a real page: no link out, no icon, nothing bold, whatever ids and titles hold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.driver import settled, watched_page
from tests.browser.server import App, running

TEXTS = (
    "https://shop.example/p/1",
    "see www.shop.example now",
    "HTTP://shop.example",
    ":material/home: icon",
    ":streamlit: icon",
    "**bold** and _under_ *star*",
    "2*3*4 a_b_c 10:05:00",
    "[a](https://shop.example) ![b](https://shop.example/x.png) <b>c</b> $y$ `z` :red[d]",
)
SCRIPT = """
import sys
sys.path.insert(0, {root!r})
import streamlit as st
from pages._ui.text import label, plain
for text in {texts!r}:
    st.markdown(plain(text))
    st.button(label(text), key=text)
"""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    folder = tmp_path_factory.mktemp("text")
    script = folder / "app.py"
    script.write_text(SCRIPT.format(root=str(Path(__file__).parents[2]), texts=TEXTS), encoding="utf-8")
    with running(folder / "home", script=script) as served:
        yield served


@pytest.mark.browser
def test_it_is_shown_as_it_stands(app: App, browser: Browser) -> None:
    with watched_page(browser, "light") as page:
        page.goto(app.url)
        page.get_by_role("button").nth(len(TEXTS) - 1).wait_for()
        settled(page)
        main = page.get_by_test_id("stMain")
        made = 'a, img, strong, em, code, b, .katex, [data-testid="stIconMaterial"], [role="img"]'
        assert main.locator(made).count() == 0, main.locator(made).evaluate_all("all => all.map(e => e.outerHTML)")
        shown = main.inner_text().replace("\N{WORD JOINER}", "")
        assert [shown.count(text) for text in TEXTS] == [2] * len(TEXTS)
