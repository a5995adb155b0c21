"""Choosing users for targets: by a model's score, by the yardsticks; ties fall by lot."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from core.evaluate.audience_data import NEVER
from core.evaluate.audience_types import AudienceSpec
from core.evaluate.split import mixed
from core.interactions import Array, Interactions, from_bytes
from core.progress import Step
from core.recommend import Recommender

_SCORES = 16_000_000  # scores of a model held at a time, before they are added up by target: 64 to 128 MB
_KEPT = 64_000_000  # scores of users for targets held at a time
_FALLBACK = 2**62  # microseconds; puts those who never took anything of the category behind those who did


@dataclass(frozen=True, eq=False)
class World:
    """What `core.evaluate.prepare_audience` found, in a worker.

    Attributes:
        x: the matrix of the behaviour before the cut.
        told: what there is to say beside numbers; see prepare_audience.
        parts: CSR float32 (n_items, n_targets) of ones: the items that each target consists of.
        heavy, last: int64 (n_users,): orders (or events) before the cut; when a user last took anything.
        lots: salts, one for each target, from its name and the seed.
    """

    x: Interactions
    told: Mapping[str, Any]
    parts: csr_matrix
    heavy: Array
    last: Array
    lots: Array
    arrays: Mapping[str, Array]

    @classmethod
    def of(cls, spec: AudienceSpec, arrays: Mapping[str, Array]) -> World:
        """From the arrays of the job."""
        x, told = Interactions.from_arrays(arrays), from_bytes(arrays["a_told"])
        columns, places = arrays["a_part_0"], arrays["a_part_1"]
        shape = (x.shape[1], len(told["targets"]))
        parts = csr_matrix((np.ones(len(columns), dtype=np.float32), (columns, places)), shape=shape)
        lots = np.array([_salt(f"{spec.seed} {target['id']}") for target in told["targets"]], dtype=np.uint64)
        return cls(x, told, parts, np.asarray(arrays["a_heavy"]), np.asarray(arrays["a_last"]), lots, arrays)

    @property
    def n_targets(self) -> int:
        """How many items or categories are judged."""
        return len(self.lots)

    def candidates(self, target: int) -> Array:
        """Bool (n_users,): who had not taken it before the cut."""
        made = np.ones(self.x.shape[0], dtype=bool)
        made[self._rows("a_before", target)] = False
        return made

    def taken(self, target: int) -> Array:
        """Bool (n_users,): candidates who took it since."""
        made = np.zeros(self.x.shape[0], dtype=bool)
        made[self._rows("a_after", target)] = True
        return made & self.candidates(target)

    def recency(self, target: int) -> Array:
        """int64 (n_users,): the greater, the later a user took something of the target's categories.

        Users who never did come after them, by when they last took anything; NEVER: not anything.
        """
        made = np.where(self.last == NEVER, NEVER, self.last - _FALLBACK)
        rows, places, at = (self.arrays[f"a_recent_{n}"] for n in range(3))
        goals = self.arrays["a_goal_1"][np.asarray(self.arrays["a_goal_0"]) == target]
        for goal in goals:  # `places` are sorted; a user stands in each category once
            part = slice(*np.searchsorted(places, [goal, goal + 1]))
            made[rows[part]] = np.maximum(made[rows[part]], at[part])
        return made

    def has_category(self, target: int) -> bool:
        """Whether the target is in any category."""
        return bool((np.asarray(self.arrays["a_goal_0"]) == target).any())

    def chosen(self, scores: Array, target: int, size: int) -> Array:
        """Rows of the `size` candidates with the greatest scores; see `choose`."""
        lot = mixed(int(self.lots[target]), self.x.users.numbers, np.zeros(1, dtype=np.int64))
        return choose(scores, self.candidates(target), size, lot)

    def _rows(self, name: str, target: int) -> Array:
        rows, places = self.arrays[f"{name}_0"], self.arrays[f"{name}_1"]
        begin, end = np.searchsorted(places, [target, target + 1])
        return np.asarray(rows[begin:end])


def choose(scores: Array, candidates: Array, size: int, lot: Array) -> Array:
    """Rows of the `size` greatest scores among the candidates, rising; fewer where fewer have a score.

    Args:
        scores: (n,), any number type; NaN and infinite: cannot be chosen.
        candidates: bool (n,).
        lot: (n,), settles who is chosen among equal scores: the smaller first.

    >>> choose(np.array([2.0, 1, 1, 1, 9, np.nan]), np.array([1, 1, 1, 1, 0, 1], bool), 2, np.array([0, 3, 1, 2, 0, 0]))
    array([0, 2])
    """
    can = np.flatnonzero(candidates & np.isfinite(scores))
    if len(can) <= size:
        return can
    values = scores[can]
    least = np.partition(values, len(values) - size)[len(values) - size]
    sure, ties = can[values > least], can[values == least]
    ties = ties[np.argsort(lot[ties], kind="stable")]
    return np.sort(np.concatenate([sure, ties[: size - len(sure)]]))


def model_scores(model: Recommender, world: World, step: Step) -> Iterator[tuple[int, Array]]:
    """(target, float32 (n_users,)) for every target: the model's score for the item, or the sum over the category's.

    An item that the model cannot say anything about adds nothing; NaN where that is so for all of them.
    """
    n_users = world.x.shape[0]
    group = max(1, _KEPT // max(1, n_users))
    begins = range(0, world.n_targets, group)
    for turn, begin in enumerate(begins):
        part = step.part(turn / len(begins), (turn + 1) / len(begins))
        parts = world.parts[:, begin : begin + group]
        columns = np.flatnonzero(np.diff(parts.indptr))
        scores = _all_users(model, n_users, columns, parts[columns], part)
        for place in range(scores.shape[1]):
            yield begin + place, scores[:, place]


def _all_users(model: Recommender, n_users: int, columns: Array, parts: csr_matrix, step: Step) -> Array:
    scores = np.empty((n_users, parts.shape[1]), dtype=np.float32)
    block = int(np.clip(_SCORES // max(len(columns), 1), 1, 512))
    for begin in range(0, n_users, block):
        rows = np.arange(begin, min(begin + block, n_users))
        each = model.score(rows, columns).astype(np.float64)
        missing = np.isnan(each)
        added = np.asarray(np.where(missing, 0.0, each) @ parts)
        if missing.any():
            added[np.asarray((~missing).astype(np.float32) @ parts) == 0] = np.nan
        scores[rows] = added
        step.report((begin + len(rows)) / n_users, "scoring users")
    return scores


def _salt(text: str) -> int:
    # 63 bits: a seed of `mixed`
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
