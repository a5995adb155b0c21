"""Fixtures of the audience tests: a shop counted by eye, and a model with known scores."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from core.evaluate import audience_task as task
from core.store import Store
from tests.behaviour.world import E
from tests.evaluate.audience_world import Known, Maker, world


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Maker]:
    with ExitStack() as stack:

        def maker(events: list[E] | None = None, **more: Any) -> Store:
            path = tmp_path / f"w{len(list(tmp_path.iterdir()))}.duckdb"
            return stack.enter_context(world(path, events, **more))

        yield maker


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> type[Known]:
    """The model with known scores in the place of every model."""
    monkeypatch.setattr(task, "make", Known)
    monkeypatch.setattr(Known, "seen", [])
    return Known
