"""Stored runs side by side, fitted models side by side for one user, and what a model lists more than users take."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from core.errors import Refusal
from core.evaluate.audience_data import category_column, item_categories, item_labels
from core.evaluate.stored import list_runs
from core.evaluate.types import METRICS, CompareSpec, Comparison, ModelScore, Split
from core.interactions import Array, IdMap
from core.progress import Step, no_step
from core.recommend import Recommender, load_model
from core.store import Store


@dataclass(frozen=True)
class Standing:
    """One model on a leaderboard.

    Attributes:
        score: its figures; `run_id`, `created_at` (UTC), `stale`: of the newest run in which it has them.
    """

    score: ModelScore
    run_id: str
    created_at: datetime
    stale: bool


@dataclass(frozen=True)
class Board:
    """Models whose figures may be compared: asked the same question of the same data.

    Attributes:
        spec: the question, with the models of the newest run; split, version: of the data that were looked at.
        stale: the data have changed since.
        users: judged.
        standings: the best by NDCG first; every model and parameters once.
        key: a short name that this question of these data always has, for links.
    """

    spec: CompareSpec
    split: Split
    version: int
    stale: bool
    users: int
    standings: tuple[Standing, ...]
    key: str = ""


@dataclass(frozen=True)
class Listed:
    """One item of a list. `also`: places in `SideBySide.lists` of the other models that list it too."""

    item: str
    label: str
    score: float
    also: tuple[int, ...]


@dataclass(frozen=True)
class SideBySide:
    """The lists of several fitted models for one user.

    Attributes:
        user: raw id. model_ids: as asked. lists: one for each, the best first; empty for a user it cannot serve.
        shared: raw ids that every list holds, in the order of the first.
        overlap: (models, models), the share of k that two lists have in common.
    """

    user: str
    model_ids: tuple[str, ...]
    lists: tuple[tuple[Listed, ...], ...]
    shared: tuple[str, ...]
    overlap: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Over:
    """An item or a category that lists hold more often than users take it.

    Attributes:
        name: raw id of an item, or the category; label: what people call it.
        listed: its share of all places of all lists; taken: its share of all pairs of user and item.
        ratio: listed / taken.
    """

    name: str
    label: str
    listed: float
    taken: float
    ratio: float


@dataclass(frozen=True)
class Overlisted:
    """What a model lists more than users take: items and categories, the largest gap of the two shares first."""

    k: int
    users: int
    items: tuple[Over, ...]
    categories: tuple[Over, ...]


def leaderboard(store: Store, metric: str = "ndcg") -> tuple[Board, ...]:
    """Boards of the stored comparisons, the board with the newest run first.

    On one board are runs with the same data version, matrix, split (and its share or folds), candidates, k, seed and
    most_users: figures of two boards cannot be compared. Of a model that stands in several runs, the newest counts.
    """
    assert metric in METRICS
    groups: dict[str, list[tuple[str, datetime, bool, int, Comparison]]] = {}
    for run in list_runs(store, "compare"):
        if isinstance(run.answer, Comparison):
            key = question_key(run.answer, run.version)
            groups.setdefault(key, []).append((run.run_id, run.created_at, run.stale, run.version, run.answer))
    boards = []
    for key, runs in groups.items():
        best: dict[str, Standing] = {}
        for run_id, when, stale, _, answer in runs:
            for score in answer.models:
                if metric in score.metrics:
                    name = json.dumps(score.spec.as_json(), sort_keys=True)
                    best.setdefault(name, Standing(score, run_id, when, stale))
        newest = runs[0][4]
        ranked = sorted(best.values(), key=lambda one: -one.score.metrics[metric].value)
        users, name = int(newest.facts.get("users", 0)), hashlib.sha256(key.encode()).hexdigest()[:8]
        boards.append(Board(newest.spec, newest.split, runs[0][3], runs[0][2], users, tuple(ranked), name))
    return tuple(boards)


def question_key(answer: Comparison, version: int) -> str:
    """The same for two comparisons whose figures may be compared."""
    spec = answer.spec
    more = {"share": spec.share} if spec.split == "share" else {"folds": spec.folds} if spec.split == "k-fold" else {}
    asked = {
        "version": version,
        "matrix": spec.matrix.as_json(),
        "split": answer.split,
        "k": spec.k,
        "seed": spec.seed,
        "most_users": spec.most_users,
        "candidates": spec.candidates,
        **more,
    }
    return json.dumps(asked, sort_keys=True)


def side_by_side(store: Store, model_ids: Sequence[str], user: str, k: int = 10, *, step: Step = no_step) -> SideBySide:
    """The lists of `k` of stored models for one user (raw id).

    Raises Refusal `unknown_model_id`, `unknown_user` where no model knows the user, and what load_model raises.
    """
    if not model_ids:
        raise Refusal("unknown_model_id", "No fitted model is named.", "Name one or more.")
    found: list[tuple[Array, Array]] = []
    refused: Refusal | None = None
    for n, model_id in enumerate(model_ids):
        model = load_model(store, model_id, step=step.part(n / len(model_ids), (n + 1) / len(model_ids)))
        try:
            row = model.x.users.row(user)
        except Refusal as refusal:
            refused = refusal
            found.append((np.empty(0, dtype=np.int64), np.empty(0)))
            continue
        told = model.recommend(np.array([row]), k)
        there = told.items[0] >= 0
        found.append((model.x.items.numbers[told.items[0][there]], told.scores[0][there]))
    if refused is not None and all(not len(items) for items, _ in found):
        raise refused
    return _beside(store, tuple(model_ids), user, found, k)


def _beside(
    store: Store, model_ids: tuple[str, ...], user: str, found: Sequence[tuple[Array, Array]], k: int
) -> SideBySide:
    every = np.unique(np.concatenate([items for items, _ in found]))
    names = dict(zip(every.tolist(), item_labels(store, every) if len(every) else [], strict=True))
    sets = [set(items.tolist()) for items, _ in found]
    lists = tuple(
        tuple(
            Listed(
                names[item][0],
                names[item][1],
                float(score),
                tuple(m for m, other in enumerate(sets) if m != n and item in other),
            )
            for item, score in zip(items.tolist(), scores, strict=True)
        )
        for n, (items, scores) in enumerate(found)
    )
    in_all = set.intersection(*sets)
    shared = tuple(names[item][0] for item in found[0][0].tolist() if item in in_all)
    overlap = tuple(tuple(len(a & b) / k for b in sets) for a in sets)
    return SideBySide(user, model_ids, lists, shared, overlap)


def overlisted(
    store: Store, model: Recommender, k: int = 10, *, most: int = 20, least: int = 5, step: Step = no_step
) -> Overlisted:
    """What a fitted model lists more than users take, over the lists of `k` of all its users with a history.

    At most `most` of each kind, and only what `least` lists or more hold.
    """
    x = model.x
    rows = np.flatnonzero(np.diff(x.matrix.indptr) > 0)
    lists = model.recommend(rows, k, step=step).items
    listed = np.bincount(lists[lists >= 0], minlength=x.shape[1])
    taken = np.bincount(x.matrix.indices, minlength=x.shape[1])
    return overlisted_of(store, x.items, listed, taken, k, len(rows), most, least)


def overlisted_of(
    store: Store, items: IdMap, listed: Array, taken: Array, k: int, users: int, most: int, least: int
) -> Overlisted:
    """The same from counts: of each of `items` its places in all lists of `users`, and the users who took it.

    An item of several categories counts in each by an equal part; one of none in no category.
    """
    listed, taken = listed.astype(np.float64), taken.astype(np.float64)
    top = _gaps(listed, taken, most, least)
    names = item_labels(store, items.numbers[top]) if len(top) else []
    categories: tuple[Over, ...] = ()
    column = category_column(store, None)
    if column is not None:
        item_nos, codes, called = item_categories(store, column[1])
        columns = items.rows(item_nos)
        known = columns >= 0
        shares = 1.0 / np.maximum(1, np.bincount(columns[known], minlength=len(items)))[columns[known]]
        of = [
            np.bincount(codes[known], weights=values[columns[known]] * shares, minlength=len(called))
            for values in (listed, taken)
        ]
        tops = _gaps(of[0], of[1], most, least)
        categories = _over(tops, of[0], of[1], [(called[n], called[n]) for n in tops])
    return Overlisted(k, users, _over(top, listed, taken, names), categories)


def _gaps(listed: Array, taken: Array, most: int, least: int) -> Array:
    gap = listed / max(1.0, listed.sum()) - taken / max(1.0, taken.sum())
    order = np.argsort(-gap, kind="stable")
    return np.asarray(order[(gap[order] > 0) & (listed[order] >= least)][:most])


def _over(places: Array, listed: Array, taken: Array, names: Sequence[tuple[str, str]]) -> tuple[Over, ...]:
    a, b = listed[places] / max(1.0, listed.sum()), taken[places] / max(1.0, taken.sum())
    return tuple(
        Over(name, label, float(mine), float(theirs), float(mine / theirs) if theirs else float("inf"))
        for (name, label), mine, theirs in zip(names, a, b, strict=True)
    )
