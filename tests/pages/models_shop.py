"""What tests of the page Models share: a shop of two tastes, opening a view, pressing, reading what it says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.evaluate import (
    Run,
    get_run,
    save_run,
)
from core.jobs import runner_for
from core.store import Store, close_workspace, list_workspaces, open_workspace
from tests.behaviour.world import E, build
from tests.pages.drive import opened

ITEMS = 12


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder of the test's own."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("LIMELIGHT_HOME", str(folder))
    yield folder
    for name in list_workspaces():
        store = open_workspace(name, create=False)
        runner_for(store).close()
        close_workspace(store)


ITEMS = 12


def events(users: int = 40, *, timed: bool = True) -> list[E]:
    """Each user buys five items in a row of its own half of the shop, one a day: what goes together is plain."""
    made = []
    for u in range(users):
        half, first = u % 2, u // 2 % (ITEMS // 2)
        for n in range(5):
            item = f"i{half * (ITEMS // 2) + (first + n) % (ITEMS // 2)}"
            made.append(E(f"u{u}", item, "purchase", f"2025-03-{1 + n + u % 7:02d}" if timed else None, value=2.0))
    return made


def shop(home: Path, rows: list[E] | None = None) -> Store:
    categories = {f"i{n}": "left" if n < ITEMS // 2 else "right" for n in range(ITEMS)}
    build(home / "shop.duckdb", events() if rows is None else rows, categories=categories).close()
    return open_workspace("shop", create=False)


def kept(store: Store, kind: str, answer: dict[str, Any], *, version: int | None = None) -> Run:
    with store.atomic(data=False) as writer:
        run_id = save_run(writer, kind, answer, version=store.version if version is None else version)  # type: ignore[arg-type]
    return get_run(store, run_id)


def page(view: str | None = None, run: str | None = None) -> AppTest:
    at = opened("models", ws="shop")
    if run is not None:
        at.query_params["run"] = run
        at.run()
    if view is not None:
        at.segmented_control(key="look_at").set_value(view).run()
    assert not at.exception, at.exception
    return at


def press(at: AppTest, key: str) -> AppTest:
    found = [b for b in at.button if b.key == key or (b.key or "").endswith(key)]
    assert found, [b.key for b in at.button]
    assert not found[0].disabled
    found[0].click().run()
    assert not at.exception, at.exception
    return at


def titles(at: AppTest) -> list[str]:
    return [json.loads(chart.proto.spec)["layout"]["title"]["text"] for chart in at.main.get("plotly_chart")]


def headline(at: AppTest) -> str:
    return str(at.main.subheader[0].value).replace("\\", "")


def metrics(at: AppTest) -> dict[str, str]:
    return {m.label: m.value for m in at.main.metric}


def show(at: AppTest, tab: str) -> AppTest:
    """Open a tab of the result: only the one on show is drawn."""
    at.session_state["numbers"] = tab
    at.run()
    assert not at.exception, at.exception
    return at


def only(at: AppTest, *models: str) -> AppTest:
    """Leave only these models ticked, beside popularity."""
    for box in at.main.checkbox:
        name = (box.key or "").rpartition("_m_")[2]
        if box.key and "_m_" in box.key and not box.disabled:
            box.set_value(name in models)
    at.run()
    assert not at.exception, at.exception
    return at


def key_of(widget: Any) -> str | None:
    return getattr(widget, "key", None)
