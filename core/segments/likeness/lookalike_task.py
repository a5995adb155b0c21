"""Look-alikes in a worker: judge every way, choose one, put the candidates in order, say what they share."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from core.interactions import Array, from_bytes
from core.progress import Step, no_step
from core.segments.likeness.lookalike_check import Checked, held_out
from core.segments.likeness.lookalike_codec import lookalikes_to_json
from core.segments.likeness.lookalike_score import (
    FOLDS,
    Folds,
    both_scores,
    closeness,
    feature_scores,
    in_order,
    taste_scores,
)
from core.segments.likeness.lookalike_traits import feature_traits, item_traits, tell_tale, telling_items
from core.segments.likeness.lookalike_words import notes
from core.segments.likeness.types import CurvePoint, Lookalikes, LookalikeSpec, Way

_POINTS = 100


@dataclass(frozen=True, eq=False)
class Judged:
    """The answer without rows, and the candidates in order: int32 user_no, float64 closeness."""

    answer: Lookalikes
    users: Array
    closeness: Array


def lookalike_task(params: dict[str, Any], arrays: Mapping[str, Array], folder: Path, step: Step) -> dict[str, Any]:
    """`params` and `arrays` are of prepare_lookalikes (or of LookalikeRun, whose arrays hold what was found as
    "l_told"); the result is lookalikes_to_json.

    Leaves in `folder` all candidates, closest first: lookalike_users.npy (int32, user_no), lookalike_closeness.npy
    (float64, 0 to 1).
    """
    told = from_bytes(arrays["l_told"]) if "l_told" in arrays else params
    found = judged(told, arrays, step)
    np.save(folder / "lookalike_users.npy", found.users, allow_pickle=False)
    np.save(folder / "lookalike_closeness.npy", found.closeness, allow_pickle=False)
    return lookalikes_to_json(found.answer)


def judged(told: Mapping[str, Any], arrays: Mapping[str, Array], step: Step = no_step) -> Judged:
    """The answer, from what prepare_lookalikes made."""
    begin = time.perf_counter()
    spec = LookalikeSpec.from_json(told["spec"])
    seed, users = np.asarray(arrays["l_seed"]), np.asarray(arrays["l_users"])
    rows, values = _rows(arrays), np.asarray(arrays["l_values"]) if "l_values" in arrays else None
    folds = Folds.of(seed)
    scores = _scores(rows, values, folds, step.part(0.0, 0.7))
    candidates = int((~seed).sum())
    size = min(spec.size or int(seed.sum()), candidates)
    step.report(0.7, "hiding a fifth of the seed, five times")
    checks: dict[str, Checked] = {way: held_out(way, table, folds, size) for way, table in scores.items()}
    active = np.repeat(np.asarray(arrays["l_events"], dtype=np.float64)[:, None], FOLDS, axis=1)
    checks["active"] = held_out("active", active, folds, size)
    way = spec.way or _best(checks, list(scores))
    close, sound = closeness(scores[way], folds)
    order = in_order(scores[way][:, -1], ~seed)
    chosen = np.zeros(len(seed), dtype=bool)
    chosen[order[:size]] = True
    step.report(0.8, "what they have in common")
    traits: tuple[Any, ...] = ()
    tells: list[tuple[str, float]] = []
    if values is not None:
        traits += feature_traits(values, told["columns"], seed, chosen)
        tells += tell_tale(values, told["columns"], seed)
    if rows is not None:
        traits += item_traits(rows, told["items"], seed, chosen)
        tells += telling_items(rows, told["items"], seed)
    made = Lookalikes(
        replace(spec, way=way, size=size),
        **{name: int(told["counts"][name]) for name in ("seed_users", "seed_known", "candidates", "left_out")},
        curve=_curve(close[order]),
        checks=tuple(found.held for found in checks.values()),
        traits=traits,
        notes=notes(spec, way, size, checks, tells, told, sound=sound),
        seconds=time.perf_counter() - begin,
        version=int(told["version"]),
    )
    return Judged(made, users[order].astype(np.int32), close[order])


def _rows(arrays: Mapping[str, Array]) -> csr_matrix | None:
    if "l_indptr" not in arrays:
        return None
    users, items = (int(n) for n in arrays["l_shape"])
    parts = (np.asarray(arrays["l_data"]), np.asarray(arrays["l_indices"]), np.asarray(arrays["l_indptr"]))
    return csr_matrix(parts, shape=(users, items))


def _scores(rows: csr_matrix | None, values: Array | None, folds: Folds, step: Step) -> dict[Way, Array]:
    """The ways that the arrays admit; prepare_lookalikes sees to it that the one asked for is among them."""
    made: dict[Way, Array] = {}
    if rows is not None:
        step.report(0.0, "judging users by what they take")
        made["taste"] = taste_scores(rows, folds)
    if values is not None:
        made["features"] = feature_scores(values, folds, step.part(0.1, 1.0))
    if len(made) == 2:
        made["both"] = both_scores(made["taste"], made["features"], folds)
    return made


def _best(checks: Mapping[str, Checked], ways: list[Way]) -> Way:
    """The way that brings most hidden members back; of equals the one that parts them better, then the first."""
    return max(ways, key=lambda way: (checks[way].held.found, round(checks[way].auc, 6), -ways.index(way)))


def _curve(closest: Array) -> tuple[CurvePoint, ...]:
    """At most 100 lengths, close together where the list is short."""
    lengths = np.unique(np.geomspace(1, len(closest), _POINTS).round().astype(np.int64))
    return tuple(CurvePoint(int(n), float(closest[n - 1])) for n in lengths)
