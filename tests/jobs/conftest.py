"""A workspace with its runner, whose workers may also run the tasks of these tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.jobs import Runner
from core.store import Store

ALLOWED = ("core.", "tests.jobs.")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "shop.duckdb") as opened:
        yield opened


@pytest.fixture
def runner(store: Store) -> Iterator[Runner]:
    made = Runner(store, allowed=ALLOWED)
    yield made
    assert made.close(seconds=20)
