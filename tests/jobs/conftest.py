"""A workspace with its runner, whose workers may also run the tasks of these tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.jobs import Runner
from core.store import Store
from tests.prepared import new_store

ALLOWED = ("core.", "tests.jobs.")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with new_store(tmp_path / "shop.duckdb") as opened:
        yield opened


@pytest.fixture
def runner(store: Store) -> Iterator[Runner]:
    made = Runner(store, allowed=ALLOWED)
    yield made
    assert made.close(seconds=20)
