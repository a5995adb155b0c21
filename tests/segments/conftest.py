"""Workspaces for tests of segments."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.store import Store
from tests.prepared import new_store
from tests.segments.world import prepare


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty workspace with the columns that worlds use."""
    with new_store(tmp_path / "w.duckdb") as store:
        prepare(store)
        yield store


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One for a whole module, for tests that put many worlds into it."""
    with new_store(tmp_path_factory.mktemp("shared") / "w.duckdb") as store:
        prepare(store)
        yield store
