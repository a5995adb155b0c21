"""Loyalty's view "Future value" without a browser: too few buyers, and a shop it can say something about."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.predict.lifetime.bgnbd import Rates
from core.predict.lifetime.orders import day_of
from core.predict.lifetime.spend import Spend
from core.store import close_workspace, list_workspaces, open_workspace
from tests.behaviour.world import SHOP, E, build
from tests.pages.drive import opened, words
from tests.predict.lives import order_days_of


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder of the test's own."""
    monkeypatch.setenv("LIMELIGHT_HOME", str(tmp_path))
    yield tmp_path
    for name in list_workspaces():
        close_workspace(open_workspace(name, create=False))


def view(ready: str) -> AppTest:
    """The view, once its job has ended."""
    at = opened("loyalty", ws="shop")
    at.session_state["look_at"] = "Value"
    for _ in range(60):
        at.run()
        assert not at.exception, at.exception
        if ready in words(at):
            break
        time.sleep(0.3)
    return at


def test_too_few_buyers_say_what_to_do(home: Path) -> None:
    build(home / "shop.duckdb", SHOP).close()
    at = view("users bought by then")
    assert "50 are needed" in words(at)
    assert "Load purchases" in {button.label for button in at.main.button}


def test_a_shop_in_one_look(home: Path) -> None:
    made = order_days_of(np.random.default_rng(5), Rates(0.6, 30.0, 0.9, 2.5), 300, 300, Spend(6.0, 4.0, 30.0))
    events = [
        E(f"u{user}", "x", "purchase", str(day_of(20_000 + int(day))), None, 1, round(float(net) + 0.01, 2))
        for user, day, net in zip(made.users, made.days, made.net, strict=True)
    ]
    build(home / "shop.duckdb", events).close()
    at = view("What next?")
    said = words(at)
    assert {"Expected purchases", "Who will buy", "Expected revenue", "Customers still"} == {
        m.label for m in at.main.metric
    }
    assert "Can I trust it?" in said
    assert "of 300 users who bought up to" in said
    assert len(at.main.get("plotly_chart")) == 2
    for tab, shows in (("Users", "The first 50 of 300 buyers"), ("Can I trust it", "held against the 99 days")):
        at.session_state["value_look"] = tab
        at.run()
        assert not at.exception, at.exception
        assert shows in words(at)
