from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from core.store import Store
from tests.behaviour.world import CATEGORIES, SHOP, TITLES, E, build

Maker = Callable[..., Store]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Maker]:
    """Builds workspaces of hand-written events; closes them at the end."""
    with ExitStack() as stack:

        def maker(events: list[E], **options: object) -> Store:
            path = tmp_path / f"w{len(list(tmp_path.iterdir()))}.duckdb"
            return stack.enter_context(build(path, events, **options))  # type: ignore[arg-type]

        yield maker


@pytest.fixture
def shop(make: Maker) -> Store:
    """The shop of tests/behaviour/world.py."""
    return make(SHOP, titles=TITLES, categories=CATEGORIES, silent=["zoe"])
