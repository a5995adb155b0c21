"""The page Campaigns opened on the shop of explain_shop: asking, answering, and reading what came of it."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from core.campaigns import users_query
from core.store import Store
from pages._ui import campaigns_files as files
from pages._ui.campaigns_jobs import Made, _shelf
from tests.pages.drive import opened, settled, words
from tests.segments.world import ids


def page(**address: str) -> AppTest:
    """The page opened by a link."""
    at = opened("campaigns", ws="shop")
    for name, value in address.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception, at.exception
    return at


def people() -> AppTest:
    """The other question."""
    at = page()
    at.segmented_control(key="asking").set_value("People").run()
    assert not at.exception, at.exception
    return at


def press(at: AppTest, key: str) -> AppTest:
    found = at.button(key=key)
    assert not found.disabled, words(at)
    found.click().run()
    return settled(at)


def consenting(at: AppTest, answer: str = "yes") -> AppTest:
    at.radio(key="assume").set_value(answer).run()
    assert not at.exception, at.exception
    return at


def give(at: AppTest, label: str, name: str, text: str) -> AppTest:
    uploader = next(u for u in at.file_uploader if u.label.startswith(label))
    uploader.set_value([(name, text.encode(), "text/csv")]).run()
    assert not at.exception, at.exception
    return at


def made(at: AppTest) -> Made:
    """The list that the page shows."""
    (token,) = at.session_state["_c_made"].values()
    found = _shelf().get(token)
    assert found is not None
    return found


def users(store: Store, numbers: Any) -> set[str]:
    return ids(store, users_query(numbers))


def title(at: AppTest) -> str:
    return str(at.main.subheader[0].value).replace("\\", "")


def rows(store: Store, found: Made, folder: Path, arm: files.Arm = "contacted", **how: bool) -> list[dict[str, str]]:
    path = folder / f"{arm}.csv"
    files.write(store, found, files.Form(**how), arm, path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
