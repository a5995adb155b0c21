"""What tests of the page Segments share: opening a view, pressing, adding a condition, reading how many users."""

from __future__ import annotations

import re

from streamlit.testing.v1 import AppTest

from core.segments import (
    Compare,
    Did,
)
from tests.pages.drive import opened

TWICE = Did("purchase", compare=Compare("at_least", 2))


def page(view: str = "By value") -> AppTest:
    at = opened("segments", ws="shop")
    if view != "By value":
        at.segmented_control(key="who").set_value(view).run()
    assert not at.exception, at.exception
    return at


def press(at: AppTest, key: str) -> AppTest:
    at.button(key=key).click().run()
    assert not at.exception, at.exception
    return at


def keys(at: AppTest, pattern: str) -> list[str]:
    """The keys of buttons that fit a pattern, in the order of the page."""
    return [b.key for b in at.main.button if b.key and re.fullmatch(pattern, b.key)]


def add(at: AppTest, kind: str, group: int = 0) -> AppTest:
    menus = [m for m in at.main.get("menu_button") if m.key.endswith("_add")]  # type: ignore[union-attr]
    menus[group].set_value(kind).run()  # type: ignore[union-attr]
    assert not at.exception, at.exception
    return at


def users(at: AppTest) -> str:
    return next(m.value for m in at.main.metric if m.label == "Users")
