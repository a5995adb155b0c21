"""Would the users that a model picks for an item have been worth contacting? The question put to a past moment.

Time is cut as in the split "time". Models learn from what happened before the cut, pick `size` users for each target,
and we count who of them took it afterwards. The yardsticks (the heaviest buyers, the latest buyers of the category,
chance) pick from the same candidates: users with behaviour before the cut who had not taken the item by then. For a
category all users are candidates. `prepare_audience` runs beside the page, `audience_task` in a worker.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import numpy as np

from core.errors import Refusal
from core.evaluate import audience_data as data
from core.evaluate.audience_task import judged
from core.evaluate.audience_types import Audience, AudienceSpec
from core.evaluate.split import hold_out
from core.evaluate.stored import save_chosen, save_run
from core.interactions import Array, Interactions, as_bytes
from core.progress import Step, no_step
from core.recommend import needs
from core.store import Store, Writer

AUDIENCE_TASK = "core.evaluate.audience_task:audience_task"

MOST_TARGETS = 100
"""Targets that are judged where the data choose them: those with the most takers."""

ENOUGH = (10, 5)
"""Takers that a target must have where the data choose them; the second where no target has the first."""


class Judged(Protocol):
    """What a worker left behind (core.jobs.Outcome)."""

    @property
    def result(self) -> dict[str, Any]:
        """What `audience_task` returned."""

    @property
    def arrays(self) -> Mapping[str, Array]:
        """What it wrote."""


@dataclass(frozen=True, eq=False)
class _Targets:
    """What is judged.

    Attributes:
        labels: raw id (or category) and what people call it.
        parts: rows of (column of the matrix, place of the target): the items that the target consists of.
        before, after: (row, place of the target), in the order of places: who had taken it by the cut (and is no
            candidate), who took it since.
        skipped: items (or categories) with a taker, and too few of them.
        enough: the takers that were asked for; None where the targets were named.
        more: targets with enough takers that were left out because there are too many.
        unusable: labels of named targets that could not be judged.
        new: items that users took since, and that had no behaviour before the cut.
    """

    labels: list[tuple[str, str]]
    parts: data.Pairs
    before: data.Pairs
    after: data.Pairs
    skipped: int
    enough: int | None
    more: int
    unusable: list[str]
    new: int


def prepare_audience(store: Store, spec: AudienceSpec, step: Step = no_step) -> dict[str, Array]:
    """What `audience_task` takes; numbers of users, never their ids.

    Raises Refusal `bad_audience`, `no_times`, `no_such_event`, `no_such_column`, `unknown_item`, `unknown_category`,
    `too_few_takers`, and what core.evaluate.hold_out raises.
    """
    _check(spec)
    if store.as_of() is None:
        raise Refusal(
            "no_times",
            "These data have no times, so nobody can say who took an item after a given day.",
            "Load events with a time column, or compare models on a random split instead.",
        )
    parts = hold_out(store, spec.matrix, "time", needs=needs(*spec.models), step=step.part(0.0, 0.8))
    x = parts.fit
    cut, until = (datetime.fromisoformat(str(parts.facts[name])) for name in ("cut", "until"))
    words = data.taking_words(store, spec.event, spec.matrix)
    column = data.category_column(store, spec.column)
    categories = data.item_categories(store, column[1]) if column else None
    step.report(0.85, "finding who took what")
    before, after = data.takers(store, words, None, cut), data.takers(store, words, cut, until)
    if spec.of == "category":
        assert categories is not None  # the spec names a column, and the column exists
        targets = _categories(x, spec, after, categories)
        wanted = [name for name, _ in targets.labels]
        goals = (np.arange(len(wanted)), np.arange(len(wanted)))
    else:
        targets = _items(store, x, spec, before, after)
        goals, wanted = _goals(x, targets, categories)
    step.report(0.92, "finding heavy and recent buyers")
    heavy, by = data.activity(store, x, words, cut)
    recent = data.last_taken_in(store, x, words, cut, column[1] if column else "", wanted)
    told = {
        "targets": [{"id": raw, "label": label} for raw, label in targets.labels],
        **{name: getattr(targets, name) for name in ("skipped", "enough", "more", "unusable", "new")},
        "words": words,
        "cut": cut.isoformat(),
        "until": until.isoformat(),
        "heavy_by": by,
        "column": column[0] if column else None,
    }
    return {
        **x.to_arrays(),
        "a_told": as_bytes(told),
        "a_heavy": heavy,
        "a_last": data.last_taken(store, x, words, cut),
        **_as_arrays("a_part", targets.parts),
        **_as_arrays("a_before", targets.before),
        **_as_arrays("a_after", targets.after),
        **_as_arrays("a_goal", goals),
        **_as_arrays("a_recent", recent),
    }


def audience(store: Store, spec: AudienceSpec, *, step: Step = no_step) -> Audience:
    """The answer, made in this process; nothing is stored. Raises what `prepare_audience` raises."""
    return judged(spec, prepare_audience(store, spec, step.part(0.0, 0.2)), step.part(0.2, 1.0))


def publish_audience(writer: Writer, outcome: Judged) -> dict[str, Any]:
    """Store the worker's answer, and whom each way chose; `{"run_id": ...}`."""
    run_id = save_run(writer, "audience", outcome.result)
    save_chosen(writer, run_id, [way["way"] for way in outcome.result["ways"]], outcome.arrays)
    return {"run_id": run_id}


def _check(spec: AudienceSpec) -> None:
    if not 0 <= spec.seed < 2**31:
        raise Refusal("bad_audience", f"The seed is {spec.seed}.", "Give a whole number from 0 up to 2147483647.")
    if len(set(spec.models)) < len(spec.models):
        raise Refusal("bad_audience", "A model is named twice.", "Name each model once, or change a parameter.")


def _items(store: Store, x: Interactions, spec: AudienceSpec, before: data.Pairs, after: data.Pairs) -> _Targets:
    """Targets that are items: those named, or by the data."""
    n_items = x.shape[1]
    had, took = _known(x, before), _known(x, after)
    took = _without(took, had, n_items)
    counts = np.bincount(took[1], minlength=n_items)
    if spec.targets:
        ids = list(dict.fromkeys(spec.targets))
        columns = x.items.rows(data.item_numbers(store, ids))
        usable = (columns >= 0) & (counts[columns] > 0)
        chosen, enough, more, skipped = columns[usable], None, 0, 0
        unusable = [raw for raw, good in zip(ids, usable, strict=True) if not good]
    else:
        chosen, enough, more, skipped = _most_taken(counts)
        unusable = []
    _refuse_none(chosen, counts, bool(spec.targets), "item")
    chosen = chosen[np.lexsort((chosen, -counts[chosen]))]
    place = np.full(n_items, -1, dtype=np.int64)
    place[chosen] = np.arange(len(chosen))
    return _Targets(
        data.item_labels(store, x.items.numbers[chosen]),
        (chosen, np.arange(len(chosen))),
        _placed(had, place),
        _placed(took, place),
        skipped,
        enough,
        more,
        unusable,
        _new(x, after),
    )


def _categories(
    x: Interactions, spec: AudienceSpec, after: data.Pairs, categories: tuple[Array, Array, list[str]]
) -> _Targets:
    """Targets that are categories. Who takes any of its items, new ones included, takes the category."""
    item_nos, cats, names = categories
    rows = x.users.rows(after[0])
    took = _joined(rows[rows >= 0], after[1][rows >= 0], item_nos, cats)
    counts = np.bincount(took[1], minlength=len(names))
    columns = x.items.rows(item_nos)
    scorable = np.bincount(cats[columns >= 0], minlength=len(names)) > 0
    if spec.categories:
        asked = list(dict.fromkeys(spec.categories))
        known = {name: place for place, name in enumerate(names)}
        for name in asked:
            if name not in known:
                raise Refusal("unknown_category", f"No item is in a category {name!r}.", "Check how it is written.")
        places = np.array([known[name] for name in asked])
        usable = scorable[places] & (counts[places] > 0)
        chosen, enough, more, skipped = places[usable], None, 0, 0
        unusable = [name for name, good in zip(asked, usable, strict=True) if not good]
    else:
        chosen, enough, more, skipped = _most_taken(np.where(scorable, counts, 0))
        unusable = []
    _refuse_none(chosen, counts, bool(spec.categories), "category")
    chosen = chosen[np.lexsort((chosen, -counts[chosen]))]
    place = np.full(len(names), -1, dtype=np.int64)
    place[chosen] = np.arange(len(chosen))
    none = np.empty(0, dtype=np.int64)
    return _Targets(
        [(names[c], names[c]) for c in chosen],
        _placed((columns[columns >= 0], cats[columns >= 0]), place),
        (none, none),
        _placed(took, place),
        skipped,
        enough,
        more,
        unusable,
        _new(x, after),
    )


def _new(x: Interactions, after: data.Pairs) -> int:
    return len(np.unique(after[1][(x.users.rows(after[0]) >= 0) & (x.items.rows(after[1]) < 0)]))


def _goals(
    x: Interactions, targets: _Targets, categories: tuple[Array, Array, list[str]] | None
) -> tuple[data.Pairs, list[str]]:
    """(place of the target, place of the category) of each item judged, and the categories in question."""
    none = np.empty(0, dtype=np.int64)
    if categories is None:
        return (none, none), []
    item_nos, cats, names = categories
    pairs = _joined(targets.parts[1], x.items.numbers[targets.parts[0]].astype(np.int64), item_nos, cats)
    wanted, places = np.unique(pairs[1], return_inverse=True)
    return (pairs[0], places), [names[c] for c in wanted]


def _most_taken(counts: Array) -> tuple[Array, int | None, int, int]:
    """The places with enough takers, most first; how many were enough, how many too many, how many had too few."""
    enough = next((least for least in ENOUGH if (counts >= least).any()), ENOUGH[-1])
    found = np.flatnonzero(counts >= enough)
    found = found[np.lexsort((found, -counts[found]))]
    skipped = int(((counts > 0) & (counts < enough)).sum())
    return found[:MOST_TARGETS], enough, max(0, len(found) - MOST_TARGETS), skipped


def _known(x: Interactions, pairs: data.Pairs) -> data.Pairs:
    """user_no, item_no as rows and columns, where the matrix has both."""
    rows, columns = x.users.rows(pairs[0]), x.items.rows(pairs[1])
    both = (rows >= 0) & (columns >= 0)
    return rows[both], columns[both]


def _without(pairs: data.Pairs, others: data.Pairs, width: int) -> data.Pairs:
    kept = ~np.isin(pairs[0] * width + pairs[1], others[0] * width + others[1])
    return pairs[0][kept], pairs[1][kept]


def _placed(pairs: data.Pairs, place: Array) -> data.Pairs:
    """Pairs whose second number has a place, with that place; in the order of places."""
    found = place[pairs[1]]
    kept = np.flatnonzero(found >= 0)
    kept = kept[np.argsort(found[kept], kind="stable")]
    return pairs[0][kept], found[kept]


def _joined(left: Array, item_nos: Array, items: Array, cats: Array) -> data.Pairs:
    """(left, category) for each (left, item_no) and each category of the item, each pair once, in order."""
    order = np.argsort(items, kind="stable")
    begin, end = (np.searchsorted(items[order], item_nos, side=side) for side in ("left", "right"))
    lengths = end - begin
    starts = np.repeat(begin - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths) if len(lengths) else begin
    found = cats[order][starts + np.arange(len(starts))]
    width = int(cats.max()) + 1 if len(cats) else 1
    pairs = np.unique(np.repeat(left, lengths) * width + found)
    return pairs // width, pairs % width


def _refuse_none(chosen: Array, counts: Array, named: bool, what: str) -> None:
    """Raises Refusal `too_few_takers`; `counts`: takers of each after the cut who had not taken it before."""
    if len(chosen):
        return
    most = int(counts.max(initial=0))
    said = (
        "None of the users known before the past day took any of this after it, so nothing can be counted."
        if named or not most
        else f"Of those known before the past day, at most {most:,} took any one {what} after it, and it takes "
        f"{ENOUGH[-1]}: so nothing can be counted."
    )
    raise Refusal("too_few_takers", said, "It takes more data after that day, or something that is taken more often.")


def _as_arrays(name: str, pairs: tuple[Array, ...]) -> dict[str, Array]:
    return {f"{name}_{n}": np.asarray(array, dtype=np.int64) for n, array in enumerate(pairs)}
