"""A hand-made campaign: ten users in two groups, every event written out, so that each answer is counted by eye."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np

from core.campaigns import STAGES, Campaign, Members, Stage, TargetList
from core.experiments import SavedList, bring_list
from core.segments import Did, Segment
from core.store import Query, Store
from tests.behaviour.world import E, build

SENT = datetime(2025, 3, 1, 6)
END = datetime(2025, 3, 11, 6)  # ten days later
LAST = E("other", "i9", "view", "2025-06-01")  # so that the data reach beyond the window

CAMPAIGN = """user_id,arm,sent_at,offer_item
001,contacted,2025-03-01T06:00:00Z,i1
002,contacted,2025-03-01T06:00:00Z,i1
003,contacted,2025-03-01T06:00:00Z,i2
004,contacted,2025-03-01T09:00:00Z,i2
005,contacted,2025-03-01T06:00:00Z,
006,contacted,2025-03-01T06:00:00Z,
007,control,,i1
008,control,,i1
009,control,2025-03-01T07:00:00+01:00,i1
010,control,,i1
"""


def bought(
    user: str | None, at: str, item: str = "i1", *, order: str | None = None, n: float = 1, value: float = 10.0
) -> E:
    """A purchase of `n` units for `value` in all."""
    return E(user, item, "purchase", at, order, n, value)


def sent_back(
    user: str, at: str, item: str = "i1", *, order: str | None = None, n: float = 1, value: float = 10.0
) -> E:
    """A return of `n` units worth `value` in all."""
    return E(user, item, "return", at, order, -n, -value)


def shop(path: Path, *events: E) -> Store:
    """A workspace that knows users 001 to 010 and the events."""
    return build(path / "shop.duckdb", [*events, LAST], silent=[f"{n:03}" for n in range(1, 11)])


def bring(store: Store, folder: Path, text: str = CAMPAIGN, name: str = "spring", **more: object) -> SavedList:
    """The campaign as a saved list: ten days, 40 % held back, unless `more` says otherwise."""
    path = written(folder, text)
    return bring_list(store, name, path, **({"days": 10, "holdout": 0.4} | more))  # type: ignore[arg-type]


def written(folder: Path, content: str | bytes, name: str = "campaign.csv") -> Path:
    """A file with this content."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def numbers(store: Store, *ids: str) -> np.ndarray:
    """user_no of these users, int32, in this order."""
    known = {row["user_id"]: row["user_no"] for row in store.rows(Query("SELECT user_id, user_no FROM users"))}
    return np.array([known[name] for name in ids], dtype=np.int32)


def items(store: Store, *ids: str | None) -> list[int]:
    """item_no of these items, -1 for None."""
    known = {row["item_id"]: row["item_no"] for row in store.rows(Query("SELECT item_id, item_no FROM items"))}
    return [-1 if name is None else known[name] for name in ids]


def target(store: Store, contacted: list[str], control: list[str], offers: list[list[str | None]]) -> TargetList:
    """A list as core.campaigns makes it; `offers` of the contacted, then of the control group."""
    campaign = Campaign("segment", segment=Segment("all", Did("view")), holdout=0.25)
    n = len(contacted)
    numbered = np.array([items(store, *row) for row in offers] or np.empty((0, 1)), dtype=np.int32)
    groups = [
        Members(numbers(store, *ids), ranks.astype(np.int32), np.full(len(ids), np.nan), numbered[rows])
        for ids, ranks, rows in (
            (contacted, np.arange(1, n + 1), slice(0, n)),
            (control, np.arange(n + 1, n + 1 + len(control)), slice(n, None)),
        )
    ]
    stages = tuple(Stage(name, n, n, "") for name in STAGES)
    return TargetList(campaign, groups[0], groups[1], stages, {}, (), {})
