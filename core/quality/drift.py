"""Drift: how a load differs from the loads of its kind before it, told only where chance and its mix of events cannot.

A change is told where it appears: a load must differ from all earlier loads together and from the one just before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np

from core.errors import Refusal
from core.quality.drift_marks import hour_changes, id_changes
from core.quality.drift_words import finding, people, percent, steps
from core.quality.loads import Loads, cube, loads_of
from core.quality.shift import MUCH, SOME, UNITS, Apart, Floats, apart, deciles, standardised, unit_change
from core.quality.types import Asked, Finding, Kind, Level, Param
from core.store import Query

_POINTS = 0.1  # a share of missing values must change by ten points
_MOST = 40  # findings of one kind of load, the strongest
_MEANING = (
    "Compared with all earlier loads and with the one before, at the same mix of event words. Population stability "
    f"index (PSI): below {SOME} alike, from {MUCH} another population. It must also be larger than chance makes it in "
    "1 of 1,000 cases for so many users (not events: one user's events are alike), and what chance makes on average is "
    "taken off before it is held against these bounds, so that a small load needs a larger change."
)


def detect(asked: Asked) -> list[Finding]:
    """What changed between loads of events, and between loads of user and item attributes; [] with one load of each."""
    found: list[Finding] = []
    kinds: tuple[Literal["events", "users", "items"], ...] = ("events", "users", "items")
    for kind in kinds:
        loads = loads_of(asked, kind)
        if loads is None:
            continue
        told = [*_missing(loads), *_categories(loads), *_numbers(loads)]
        if kind == "events":
            told += [*hour_changes(loads), *id_changes(asked, loads, "users"), *id_changes(asked, loads, "items")]
        told.sort(key=lambda one: (("serious", "look", "note").index(one.level), -one.facts.get("strength", 0.0)))
        found += told[:_MOST]
    return found


def _choose_load(asked: Asked, params: Mapping[str, Param]) -> Query:
    """Events of one load."""
    number = params["batch_no"]
    if isinstance(number, bool) or not isinstance(number, int):
        raise Refusal("bad_selection", "'batch_no' needs the number of a load.", "Page Data lists the loads.")
    return Query("SELECT event_no FROM events WHERE batch_no = ?", (number,))


KINDS: tuple[Kind, ...] = (Kind("load", "events", "events of one load", {"batch_no": None}, _choose_load),)


def _new(found: list[Apart]) -> int:
    """The lesser level of the comparisons; one with a load too small to tell a change from chance is left out."""
    telling = [one for place, one in enumerate(found) if not place or one.noise <= SOME]
    return min(one.level for one in telling)


def _missing(loads: Loads) -> Iterator[Finding]:
    import pandas as pd

    meaning = (
        f"Shares of rows without a value, at the same mix of event words; told from {_POINTS * 100:.0f} points on, and "
        "only where chance for so many users is less than 1 in 1,000."
    )
    for name in [name[2:] for name in loads.missing.columns if name.startswith("c_")]:
        there = loads.missing.assign(value="there", rows=loads.missing[f"c_{name}"])
        gone = loads.missing.assign(value="gone", rows=loads.missing["rows"] - loads.missing[f"c_{name}"])
        _, counts = cube(pd.concat([gone, there])[["load", "word", "value", "rows"]], loads.numbers)  # gone, there
        for load, sides in steps(loads):
            pairs = [_counts(loads, counts, side, load) for side in sides]
            if not all(before.sum() for before, _ in pairs):
                continue
            shares = [(float(before[0] / before.sum()), float(now[0] / now.sum())) for before, now in pairs]
            sure = [
                abs(now - before)
                >= max(_POINTS, 3.3 * float(np.sqrt(noise * max(before * (1 - before), now * (1 - now)))))
                for (before, now), noise in zip(shares, [_noise(loads, side, load) for side in sides], strict=True)
            ]
            (old, new), (last, same) = shares[0], shares[-1]
            if all(sure) and (new - old) * (same - last) > 0:
                title = f"Load {load}: “{name}” is missing in {percent(new)} of rows; earlier in {percent(old)}."
                level: Level = "look" if abs(new - old) >= 0.25 else "note"
                facts = {"change": "missing", "before": old, "now": new, "strength": abs(new - old)}
                yield finding(loads, load, level, title, meaning, name, **facts)


def _noise(loads: Loads, side: tuple[int, ...], load: int) -> float:
    return 1 / people(loads, side) + 1 / loads.people[load]


def _categories(loads: Loads) -> Iterator[Finding]:
    tables = dict(loads.values)
    if loads.kind == "events":  # the mix of event words is a column like the others, without a mix to allow for
        words = loads.missing[["load", "word", "rows"]]
        tables["event"] = words.assign(value=words["word"], word="")
    for column, table in tables.items():
        names, counts = cube(table, loads.numbers)
        for load, sides in steps(loads):
            pairs = [_counts(loads, counts, side, load) for side in sides]
            found = [
                apart(old, new, people(loads, side), loads.people[load])
                for (old, new), side in zip(pairs, sides, strict=True)
            ]
            unseen, level = _unseen(loads, names, counts, load), _new(found)
            if not level and not unseen:
                continue
            title = f"Load {load}: {_change(column, *pairs[0], names)}"
            if not level:
                title = f"Load {load}: “{column}” has values that no earlier load has"
            if unseen:
                title += f"; new: {', '.join(f'“{value}” ({percent(share)})' for value, share in unseen[:3])}"
            facts = {"psi": found[0].psi, "noise": found[0].noise, "strength": found[0].psi}
            new = [value for value, _ in unseen]
            yield finding(
                loads, load, "look" if level == 2 else "note", f"{title}.", _MEANING, column,
                change="categories", new_values=new, **facts,
            )  # fmt: skip


def _counts(loads: Loads, counts: Floats, side: tuple[int, ...], load: int) -> tuple[Floats, Floats]:
    """Rows by value, before (at the event words of now) and now."""
    before = counts[[loads.numbers.index(one) for one in side]].sum(axis=0)
    return standardised(before, counts[loads.numbers.index(load)])


def _unseen(loads: Loads, names: list[str], counts: Floats, load: int) -> list[tuple[str, float]]:
    """Values that no earlier load has, with their share now, where so many rows cannot have been missed by chance."""
    place = loads.numbers.index(load)
    was, now = counts[:place].sum(axis=(0, 1)), counts[place].sum(axis=0)
    share = now / max(now.sum(), 1)
    # With a share p now, none among the m people before has a chance of about exp(-p m).
    fair = (was == 0) & (share >= 0.005) & (share * people(loads, loads.numbers[:place]) >= 7)
    return sorted(((names[at], float(share[at])) for at in np.flatnonzero(fair)), key=lambda one: -one[1])


def _change(column: str, old: Floats, new: Floats, names: list[str]) -> str:
    """The value whose share changed the most, in words."""
    was, now = old / old.sum(), new / new.sum()
    at = int(np.argmax(np.abs(now - was)))
    rises = "rises" if now[at] > was[at] else "falls"
    return f"“{names[at]}” {rises} from {percent(was[at])} of “{column}” in earlier loads to {percent(now[at])}"


def _numbers(loads: Loads) -> Iterator[Finding]:
    for name in [name for name in loads.sample.columns if name.startswith("n_")]:
        table = loads.sample.loc[loads.sample[name].notna(), ["load", "word", name]]
        if name in ("n_price", "n_quantity"):  # of returns and baskets they are another matter
            table = table[table["word"] == "purchase"]
        each: dict[Any, Floats] = {load: rows[name].to_numpy(np.float64) for load, rows in table.groupby("load")}
        for load, sides in steps(loads):
            new = each.get(load, np.zeros(0))
            olds = [np.concatenate([each.get(one, np.zeros(0)) for one in side]) for side in sides]
            if len(new) < 30 or len(olds[0]) < 30:
                continue
            found = [
                apart(*deciles(old, new), min(people(loads, side), len(old)), min(loads.people[load], len(new)))
                for old, side in zip(olds, sides, strict=True) if len(old) >= 30
            ]  # fmt: skip
            level = _new(found)
            if level:
                yield _number(loads, load, name[2:], olds, new, found[0], level)


def _number(loads: Loads, load: int, column: str, olds: list[Floats], new: Floats, found: Apart, level: int) -> Finding:
    """A finding about numbers that changed; one about their unit where that explains it."""
    old, middle = olds[0], (float(np.median(olds[0])), float(np.median(new)))
    title = f"Load {load}: the middle “{column}” is {middle[1]:,.4g}, in earlier loads {middle[0]:,.4g}"
    facts = {
        "psi": found.psi, "noise": found.noise, "strength": found.psi, "before": middle[0], "now": middle[1],
        "quartiles_before": np.quantile(old, [0.25, 0.75]).tolist(),
        "quartiles_now": np.quantile(new, [0.25, 0.75]).tolist(),
    }  # fmt: skip
    factor = unit_change(old, new)
    if factor is not None:
        words = UNITS[factor if factor >= 1 else round(1 / factor)]
        title += f": {'up' if factor > 1 else 'down'} {words}. Another unit?"
        meaning = (
            "The medians lie within a fifth of that factor, and the numbers as a whole agree once it is taken off. If "
            "so, undo the load, put the file right and load it again: sums over both loads are wrong as they are."
        )
        return finding(loads, load, "serious", title, meaning, column, change="unit", factor=factor, **facts)
    meaning = f"{_MEANING} Parts are the tenths of the earlier loads, in a sample of at most 400,000 rows of all loads."
    return finding(
        loads, load, "look" if level == 2 else "note", f"{title}.", meaning, column, change="numbers", **facts
    )
