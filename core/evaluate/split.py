"""What models may learn from, and what they are judged by: the held-out part of the data.

Three parts, each behaviour in one of them: fit, choose (tuning looks only here) and report (looked at once). `hold_out`
gives one of the two judging parts with the matrix that belongs to it; a tuner that asks for "choose" never gets to see
what is in "report".

- leave-last-out: report is each user's last distinct item by when it was first seen, choose the one before. Items
  first seen at the same moment stand in the order of their item number: ids are numbered in the order of their text
  when they are loaded, so the order of rows in the file plays no part. To be judged by "report", models fit on
  everything but the report items (fit + choose); by "choose", on everything but the two. Users with fewer than three
  items are in the fit part only (`users_skipped`).
- time: the time from the first event to the end of the data is cut; the last tenth is report, the tenth before it
  choose. The fit matrix is built from events before the cut alone, so that neither weights nor decay know what came
  after. Relevant are the items a user first had to do with in the held-out time.
- random: as leave-last-out, with the two items of a user drawn by the seed. Also where the data have no times.
- share: the last `share` of each user's items (at least one) is report, as many before them choose. Where the data have
  no times the order is drawn by the seed.
- k-fold: each user's pairs are dealt into `folds` equal groups in an order drawn by the seed. In fold f group f is
  report and the next group choose. Every pair is reported on in one fold, so choose and report are apart within a fold
  alone: who chooses settings in fold 0 must report on fold 0.

The least activity of the MatrixSpec holds for the fit part. Users and items that the fit part does not know cannot be
judged: they are counted and left out of the report (`users_unknown`, `items_unknown`, `pairs_unknown`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_matrix

from core.errors import Refusal
from core.evaluate.types import Split
from core.interactions import NO_TIME, Array, IdMap, Interactions, MatrixSpec, Need, build
from core.progress import Step, no_step
from core.store import Store

PartName = Literal["report", "choose"]
LEAST_ITEMS = 3
"""Distinct items that a user needs to be judged where one item each is held out: one for each part."""

_SHARE = 10  # report is one part in so many of the time, choose the one before it
_EPOCH = datetime(1970, 1, 1)


@dataclass(frozen=True)
class Portion:
    """How much is held out.

    Attributes:
        share: split "share": of each user's items, for report; as much again is kept for choose.
        folds, fold: split "k-fold": into how many groups, at least 3, and which of them, from 0, is report.
    """

    share: float = 0.2
    folds: int = 5
    fold: int = 0

    def __post_init__(self) -> None:
        if not (0 < self.share < 0.5 and self.folds >= 3 and 0 <= self.fold < self.folds):
            raise ValueError("a share below a half, and one of three folds or more")


USUAL_PORTION = Portion()


@dataclass(frozen=True, eq=False)
class Parts:
    """A matrix to fit on, and what is right for users that it knows.

    Attributes:
        fit: what models may learn from; every row and column has at least one pair.
        users: int64 (n,), rows of `fit` that are judged, rising.
        relevant: CSR of ones, float32 (n, n_items of `fit`): the held-out items of each of `users`, at least one each.
        split: the split that was used.
        part: which part `relevant` is.
        facts: users_skipped, users_unknown, items_unknown, pairs_unknown, users_tied (judged by an item that shares
            its moment with the item before), users_timeless (judged by an item of unknown time in data with times:
            drawn), cut and until (ISO times or None).
    """

    fit: Interactions
    users: Array
    relevant: csr_matrix
    split: Split
    part: PartName
    facts: Mapping[str, Any]


def hold_out(
    store: Store,
    matrix: MatrixSpec,
    split: Split = "leave-last-out",
    *,
    seed: int = 0,
    part: PartName = "report",
    needs: Collection[Need] = (),
    portion: Portion = USUAL_PORTION,
    step: Step = no_step,
) -> Parts:
    """One judging part of a workspace, and the matrix that models may fit on for it, with what they ask for beside it.

    Raises Refusal `no_interactions`, and `nothing_held_out` where no user can be judged.
    """
    if split == "time" and store.as_of() is not None:
        return _by_time(store, matrix, part, needs, step)
    x = build(store, replace(matrix, least_user_items=1, least_item_users=1), needs=needs, step=step)
    least = (matrix.least_user_items, matrix.least_item_users)
    return by_user(x, split, seed=seed, part=part, least=least, portion=portion)


def by_user(
    x: Interactions,
    split: Split = "leave-last-out",
    *,
    seed: int = 0,
    part: PartName = "report",
    least: tuple[int, int] = (1, 1),
    portion: Portion = USUAL_PORTION,
) -> Parts:
    """Items of each user held out: the last (or the one before), or one drawn where `split` is "random" or `x` has
    no times; a share of them, or a fold. `least` is (least_user_items, least_item_users) of the fit part.
    """
    times = None if split in ("random", "k-fold") else x.first_seen
    lengths = np.diff(x.matrix.indptr)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    users, items = x.users.numbers[rows], x.items.numbers[x.matrix.indices]
    key = mixed(seed, users, items) if times is None else times
    timeless = np.zeros(len(rows), dtype=bool) if times is None else times == NO_TIME
    # among those without a time the order is drawn: that of their ids would always hold out the last of the alphabet
    drawn = np.where(timeless, mixed(seed, users, items) >> np.uint64(1), 0) if timeless.any() else None
    turn, tied = _from_last(x.matrix, rows, key, drawn)
    judged = (lengths >= LEAST_ITEMS)[rows]
    if not judged.any():
        raise _nothing(
            f"Nobody has {LEAST_ITEMS} different items, which it takes to hide one and still know something.",
            "Load more data, or look at a longer period or at more kinds of events.",
        )
    report, choose = _held(
        split, turn, lengths[rows], mixed(seed, x.users.numbers, np.ones(1, np.int64))[rows], portion
    )
    held = judged & (report if part == "report" else choose)
    fit = _only(x, ~(judged & (report if part == "report" else report | choose)), least)
    facts: dict[str, Any] = {
        "users_skipped": int((lengths < LEAST_ITEMS).sum()),
        "cut": None,
        "until": _iso(x.until),
    }
    used: Split = split if split in ("share", "k-fold") else "random" if times is None else "leave-last-out"
    if used == "share":
        facts["timeless"] = times is None
    if used == "k-fold":
        facts["fold"] = portion.fold
    made = _parts(fit, users[held], items[held], used, part, facts)
    judged_nos = made.fit.users.numbers[made.users]  # not all whose item is held out can be judged by it
    counts = {
        "users_tied": 0 if times is None else _among(users[held & tied & ~timeless], judged_nos),
        "users_timeless": _among(users[held & timeless], judged_nos),
    }
    return replace(made, facts={**made.facts, **counts})


def _among(users: Array, judged: Array) -> int:
    """How many of the judged are named at least once."""
    return int(np.isin(judged, users).sum())


def _held(split: Split, turn: Array, length: Array, start: Array, portion: Portion) -> tuple[Array, Array]:
    """Bool (pairs,): which are report and which choose, by each pair's place from its user's end and the user's pairs.

    `start`: a number drawn for the user, so that what is left over when pairs are dealt falls into every fold alike.
    """
    if split == "k-fold":
        group = (turn + (start % np.uint64(portion.folds)).astype(np.int64)) % portion.folds
        return group == portion.fold, group == (portion.fold + 1) % portion.folds
    many = np.maximum(1, np.floor(portion.share * length + 1e-9).astype(np.int64)) if split == "share" else 1
    return turn < many, (turn >= many) & (turn < 2 * many)


def draw_users(parts: Parts, most: int | None, seed: int) -> Parts:
    """At most `most` of the judged users, drawn by the seed; the matrix to fit on stays whole."""
    if most is None or len(parts.users) <= most:
        return parts
    kept = np.flatnonzero(_drawn(parts.fit.users.numbers[parts.users], most, seed))
    return replace(parts, users=parts.users[kept], relevant=parts.relevant[kept])


def drawn_numbers(user_nos: Array, most: int | None, seed: int) -> Array:
    """At most `most` of the users, in their order, drawn by the seed as `draw_users` does."""
    return user_nos if most is None or len(user_nos) <= most else user_nos[_drawn(user_nos, most, seed)]


def _drawn(user_nos: Array, most: int, seed: int) -> Array:
    kept = np.zeros(len(user_nos), dtype=bool)
    kept[np.argsort(mixed(seed, user_nos, np.zeros(1, dtype=np.int64)), kind="stable")[:most]] = True
    return kept


def mixed(seed: int, first: Array, second: Array) -> Array:
    """uint64: evenly spread numbers that depend on the three values alone, not on their order or neighbours.

    The mixing is that of splitmix64 (Steele, Lea and Flood 2014).
    """
    mark: Array = np.full(1, seed, dtype=np.uint64)
    for value in (first, second):
        mark = _spread(mark) ^ np.asarray(value).astype(np.uint64)
    return _spread(mark)


def _spread(z: Array) -> Array:
    z = z + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))


def _from_last(matrix: csr_matrix, rows: Array, key: Array, then: Array | None) -> tuple[Array, Array]:
    """For each stored pair its place from the user's end (0 = last) by (key, then, column), and whether it shares its
    key with the pair before.
    """
    order = np.lexsort((matrix.indices, key, rows) if then is None else (matrix.indices, then, key, rows))
    turn, tied = np.empty(len(rows), dtype=np.int64), np.zeros(len(rows), dtype=bool)
    turn[order] = matrix.indptr[rows + 1] - 1 - np.arange(len(rows))  # rows stay where they are: they are sorted
    same = (key[order][1:] == key[order][:-1]) & (rows[1:] == rows[:-1])
    tied[order[1:]] = same
    return turn, tied


def _by_time(store: Store, matrix: MatrixSpec, part: PartName, needs: Collection[Need], step: Step) -> Parts:
    until = matrix.until or store.as_of()
    assert until is not None
    plain = replace(matrix, half_life=None, window=None, until=until, least_user_items=1, least_item_users=1)
    whole = build(store, plain, step=step.part(0.0, 0.5))
    assert whole.first_seen is not None
    end, begin = _micros(until), int(whole.first_seen.min())
    if matrix.window:
        begin = max(begin, end - round(matrix.window * 86_400e6))
    tenth = (end - begin) // _SHARE
    since = end - tenth * (1 if part == "report" else 2)
    cut = _EPOCH + timedelta(microseconds=since)
    if since <= begin:
        raise _nothing(
            "All events have about the same time, so that nothing can be called later than the rest.",
            "It takes events of several days. Models can still be compared by the split random.",
        )
    fit = build(store, replace(matrix, until=cut), needs=needs, step=step.part(0.5, 1.0))
    held = (whole.first_seen >= since) & (whole.first_seen < since + tenth)
    rows = np.repeat(np.arange(whole.shape[0]), np.diff(whole.matrix.indptr))[held]
    users, items = whole.users.numbers[rows], whole.items.numbers[whole.matrix.indices[held]]
    facts = {"users_skipped": 0, "users_tied": 0, "users_timeless": 0, "cut": _iso(cut), "until": _iso(until)}
    return _parts(fit, users, items, "time", part, facts)


def _only(x: Interactions, kept: Array, least: tuple[int, int]) -> Interactions:
    """`x` with the pairs `kept` alone, as far as users and items are active enough; empty ones leave the matrix."""
    coo = x.matrix.tocoo()
    while True:
        active = np.bincount(coo.row[kept], minlength=x.shape[0]) >= least[0]
        taken = np.bincount(coo.col[kept], minlength=x.shape[1]) >= least[1]
        still = kept & active[coo.row] & taken[coo.col]
        if still.sum() == kept.sum():
            break
        kept = still
    if not kept.any():
        raise _nothing()
    rows, columns = np.unique(coo.row[kept]), np.unique(coo.col[kept])
    lengths = np.bincount(coo.row[kept], minlength=x.shape[0])[rows]
    places = np.searchsorted(columns, coo.col[kept]).astype(np.int32)
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    matrix = csr_matrix((x.matrix.data[kept], places, indptr), shape=(len(rows), len(columns)))
    matrix.has_sorted_indices = True
    first = None if x.first_seen is None else x.first_seen[kept]
    return replace(
        x,
        matrix=matrix,
        users=_taken(x.users, rows),
        items=_taken(x.items, columns),
        first_seen=first,
        facts={},
        user_side=None if x.user_side is None else x.user_side.take(pa.array(rows)),
        item_side=None if x.item_side is None else x.item_side.take(pa.array(columns)),
    )


def _taken(ids: IdMap, rows: Array) -> IdMap:
    return replace(ids, numbers=ids.numbers[rows], ids=None if ids.ids is None else ids.ids.take(pa.array(rows)))


def _parts(
    fit: Interactions, user_nos: Array, item_nos: Array, split: Split, part: PartName, facts: Mapping[str, Any]
) -> Parts:
    """The held-out pairs as rows and columns of `fit`; those it does not know are counted."""
    rows, columns = fit.users.rows(user_nos), fit.items.rows(item_nos)
    known = (rows >= 0) & (columns >= 0)
    if not known.any():
        raise _nothing()
    users, places = np.unique(rows[known], return_inverse=True)
    ones = np.ones(len(places), dtype=np.float32)
    relevant = csr_matrix((ones, (places, columns[known])), shape=(len(users), fit.shape[1]))
    relevant.sort_indices()
    counts = {
        "users_unknown": len(np.unique(user_nos[rows < 0])),
        "items_unknown": len(np.unique(item_nos[columns < 0])),
        "pairs_unknown": int((~known).sum()),
    }
    return Parts(fit, users, relevant, split, part, {**facts, **counts})


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _nothing(
    message: str = "No user is left to judge models by: nobody has enough items both in the part to learn from and in "
    "the part held out.",
    hint: str = "Choose a longer period, a lower least activity, or another split.",
) -> Refusal:
    return Refusal("nothing_held_out", message, hint)
