"""A shop whose audiences can be counted by eye, and a model whose scores are known.

100 days from 1 January to 11 April 2025, so the held-out time begins on 1 April. Forty users u00 to u39 view a pen in
January. The target is a mug (kitchen):

- u00 to u03 buy it before the cut: no candidates. u04 buys it before the cut and returns it: a candidate.
- u05 to u16 buy it after the cut: 12 takers of 36 candidates. u20 buys it then and returns it: no taker.
- u05 to u14 place three orders before the cut (tea), everyone else one: the ten heaviest buyers are all takers.
- u30 to u39 buy a pot (kitchen) in March, later and later; then u15 and u16 still later: the ten latest buyers of
  kitchen things are u15, u16 and u32 to u39: two takers.
- new and someone without a name buy the mug after the cut as well: they were not known before.
- u21 to u23 buy a pot after the cut: too few takers to be judged unasked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pytest

from core.errors import Refusal
from core.evaluate import Audience, AudienceSpec, WayScore, audience
from core.interactions import Array, Interactions
from core.progress import Step, no_step
from core.recommend import Explanation, RecTable, Spec
from core.store import Store
from tests.behaviour.world import E, build

CATEGORIES: Mapping[str, str | list[str]] = {"mug": "kitchen", "pot": "kitchen", "tea": "food"}
Maker = Callable[..., Store]
"""Makes the workspace of `world`, of other events or with other categories where asked."""
TAKERS = [f"u{k:02}" for k in range(5, 17)]


def user(k: int) -> str:
    """The id of the k-th user."""
    return f"u{k:02}"


def before() -> list[E]:
    """What happened before the cut."""
    events = [E(user(k), "pen", "view", "2025-01-01 00:00") for k in range(40)]
    for k in range(40):
        orders = range(3 if 5 <= k <= 14 else 1)
        events += [E(user(k), "tea", "purchase", f"2025-01-{n + 10} 12:00", f"{k}-{n}", 1, 2.0) for n in orders]
        # two lines of one order are one order
        events.append(E(user(k), "pen", "purchase", "2025-01-10 12:00", f"{k}-0", 1, 2.0))
    events += [E(user(k), "mug", "purchase", "2025-01-15", f"m{k}", 1, 5.0) for k in range(4)]
    events.append(E(user(4), "mug", "purchase", "2025-01-15", "4-0", 1, 5.0))
    events.append(E(user(4), "mug", "return", "2025-01-20", "4-0", -1, -5.0))
    events += [E(user(k), "pot", "purchase", f"2025-03-{k - 25:02}", f"{k}-0", 1, 9.0) for k in range(30, 40)]
    events += [E(user(k), "pot", "purchase", f"2025-03-{k + 5}", f"{k}-0", 1, 9.0) for k in (15, 16)]
    return events


def after() -> list[E]:
    """What happened since."""
    events = [E(user(k), "mug", "purchase", "2025-04-05", f"n{k}", 1, 5.0) for k in range(5, 17)]
    events += [E(user(20), "mug", "purchase", "2025-04-05", "r", 2, 10.0)]
    events += [E(user(20), "mug", "return", "2025-04-06", "r", -2, -10.0)]
    events += [E("new", "mug", "purchase", "2025-04-05", "n", 1, 5.0), E(None, "mug", "purchase", "2025-04-05")]
    events += [E(user(k), "pot", "purchase", "2025-04-07", f"p{k}", 1, 9.0) for k in (21, 22, 23)]
    return [*events, E(user(0), "pen", "view", "2025-04-11 00:00")]


def world(path: Path, events: list[E] | None = None, **more: Any) -> Store:
    """The workspace; its events may be others."""
    return build(path, [*before(), *after()] if events is None else events, **{"categories": CATEGORIES, **more})


def bulk(items: int, users: int = 60) -> list[E]:
    """A shop with many targets: after the cut, item n is bought by 5 + n users, drawn with a preference for its own."""
    rng = np.random.default_rng(items)
    events = [E(user(k), f"i{n}", "view", "2025-01-01") for k in range(users) for n in rng.permutation(items)[:4]]
    events.append(E(user(0), "i0", "view", "2025-04-11"))
    at = datetime(2025, 4, 2)
    for n in range(items):
        for k in rng.permutation(users)[: 5 + n % 20]:
            at += timedelta(minutes=1)
            events.append(E(user(int(k)), f"i{n}", "purchase", at.isoformat(sep=" ")))
    return events


class Known:
    """A model with known scores: by user number, the same for every item. Each item may be scaled."""

    scores_everyone: ClassVar[bool] = False
    x: Interactions
    by_user: ClassVar[Mapping[int, float]] = {}
    seen: ClassVar[list[Interactions]] = []

    def __init__(self, spec: Spec) -> None:
        self.spec = spec

    def fit(self, x: Interactions, *, seed: int = 0, step: Step = no_step) -> Self:
        """Keep the matrix, for tests to look at."""
        self.x = x
        Known.seen.append(x)
        return self

    def score(self, users: Array, items: Array | None = None) -> Array:
        """The known scores; NaN for users that are not named."""
        assert items is not None
        known = np.array([self.by_user.get(int(self.x.users.numbers[u]), np.nan) for u in users], dtype=np.float32)
        return np.tile(known[:, None], (1, len(items)))

    def recommend(
        self,
        users: Array,
        k: int,
        *,
        exclude_seen: bool = True,
        among: Array | None = None,
        step: Step = no_step,
    ) -> RecTable:
        """Not asked for."""
        raise NotImplementedError

    def explain(self, user: int, item: int) -> Explanation:
        """Not asked for."""
        raise NotImplementedError

    def save(self, folder: Path) -> None:
        """Not asked for."""

    def load(self, x: Interactions, arrays: Mapping[str, Array]) -> Self:
        """Not asked for."""
        return self


def way(found: Audience, name: str) -> WayScore:
    """One way of choosing."""
    return next(w for w in found.ways if w.way == name)


def figures(found: Audience, name: str) -> tuple[int, int, float, float, float]:
    """(chosen, taken, precision, recall, lift) of the only target."""
    (one,) = way(found, name).each
    return one.chosen, one.taken, one.precision.value, one.recall, one.lift


def refused(store: Store, asked: AudienceSpec) -> Refusal:
    """Why the question is refused."""
    with pytest.raises(Refusal) as caught:
        audience(store, asked)
    return caught.value
