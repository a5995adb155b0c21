from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from core.store import Store
from tests.explain.world import build
from tests.prepared import copied, new_store
from tests.segments import retail as online

Maker = Callable[..., Store]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Maker]:
    """Builds workspaces of hand-written events; closes them at the end."""
    with ExitStack() as stack:

        def maker(events: list[dict[str, Any]], **options: Any) -> Store:
            return stack.enter_context(build(tmp_path / f"w{len(list(tmp_path.iterdir()))}.duckdb", events, **options))

        yield maker


@pytest.fixture(scope="session")
def sample_store(sample_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The sample shop as it comes with the program."""
    with Store(copied(sample_workspace, tmp_path_factory.mktemp("explain"))) as store:
        yield store


@pytest.fixture(scope="session")
def retail_store(online_retail: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Online Retail, the lines that name a customer."""
    with new_store(tmp_path_factory.mktemp("explain") / "retail.duckdb") as store:
        online.put(store, online.read(online_retail))
        yield store
