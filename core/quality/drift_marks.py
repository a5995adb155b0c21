"""Drift in what marks a row: the hour of the day (time zones), and how ids are written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from core.quality.drift_words import finding, people, percent, steps
from core.quality.loads import Loads, ids
from core.quality.shift import Apart, Floats, apart, hour_shift
from core.quality.types import Asked, Finding, Level

if TYPE_CHECKING:
    import pandas as pd  # slow to import, and every command comes by here

_ALIKE = 0.05  # from this share of ids on that differ in spelling only
_FEW = 100  # fewer users than this in a load, or before it: its ids and hours say nothing


def hour_changes(loads: Loads) -> Iterator[Finding]:
    """A load whose day lies whole hours away (another time zone), or that has days without a time of the day."""
    for load, sides in steps(loads):
        now = loads.hours[loads.hours["load"] == load]
        pairs = [(loads.hours[loads.hours["load"].isin(side)], side) for side in sides]
        if min(loads.people[load], *(people(loads, side) for _, side in pairs)) < _FEW or now.empty:
            continue
        if any(before.empty for before, _ in pairs):
            continue
        new = _by_hour(now)
        bare = float(now["midnight"].sum() / new.sum())
        was = [float(before["midnight"].sum() / before["rows"].sum()) for before, _ in pairs]
        if bare >= 0.5 and max(was) < 0.25:
            title = (
                f"Load {load}: {percent(bare)} of events are at exactly midnight; in earlier loads {percent(was[0])}."
            )
            meaning = (
                "The file seems to have dates without a time of the day: hours and sessions cannot be told from it."
            )
            yield finding(
                loads, load, "look", title, meaning, "at_utc", change="no_time", before=was[0], now=bare, strength=bare
            )
            continue
        moved = [hour_shift(_by_hour(before), new) for before, _ in pairs]
        telling = [apart(_by_hour(before), new, people(loads, side), loads.people[load]) for before, side in pairs]
        by, away, left = moved[0]
        # The shift must take two thirds of the difference away, and the bare difference be more than chance.
        if by and all(one[0] == by and one[1] >= 0.05 and one[2] <= one[1] / 3 for one in moved) and _clear(telling):
            yield _shifted(loads, load, by, away, left)


def _shifted(loads: Loads, load: int, by: int, away: float, left: float) -> Finding:
    hours = f"{abs(by)} {'hour' if abs(by) == 1 else 'hours'} {'later' if by > 0 else 'earlier'}"
    summer = " One hour may also be summer time." if abs(by) == 1 else ""
    title = f"Load {load}: the day lies {hours} than in earlier loads. Another time zone?{summer}"
    meaning = (
        f"{percent(away)} of events would have to change their hour to make the load's day that of before; moved "
        f"by {hours[: hours.rindex(' ')]}, {percent(left)}. If so, undo the load and load it again with its time zone."
    )
    level: Level = "note" if abs(by) == 1 else "serious"
    return finding(
        loads, load, level, title, meaning, "at_utc", change="hours", hours=by, away=away, left=left, strength=away
    )


def _clear(found: list[Apart]) -> bool:
    return all(one.psi > one.noise for one in found)


def _by_hour(table: pd.DataFrame) -> Floats:
    return np.bincount(table["hour"], weights=table["rows"], minlength=24).astype(np.float64)


def id_changes(asked: Asked, loads: Loads, table: Literal["users", "items"]) -> Iterator[Finding]:
    """A load whose ids are written in another way, or of which earlier loads know none."""
    column, seen = table[:-1], ids(asked, table)
    total: Any = seen.groupby("load")[["n", "known", "alike"]].sum()
    forms: Any = seen.pivot_table(index="load", columns="form", values=["n", "length"], aggfunc="sum", fill_value=0)
    for load, (earlier, *_) in steps(loads):
        past = [one for one in earlier if one in total.index]
        if load not in total.index or total.loc[load, "n"] < _FEW or total.loc[past, "n"].sum() < _FEW:
            continue
        known, alike = (float(total.loc[load, name] / total.loc[load, "n"]) for name in ("known", "alike"))
        now, sides = forms["n"].loc[load], [past, past[-1:]]
        counts = [forms["n"].loc[side].sum() for side in sides]
        found = [apart(one.to_numpy(np.float64), now.to_numpy(np.float64), one.sum(), now.sum()) for one in counts]
        length = float(forms["length"].loc[load].sum() / now.sum())
        before = [float(forms["length"].loc[s].to_numpy().sum() / n.sum()) for s, n in zip(sides, counts, strict=True)]
        # Ids that the load before had in other spellings too are told of that load.
        told_before = float(total.loc[past[-1], "alike"] / total.loc[past[-1], "n"])
        other = min(one.level for one in found) == 2 or min(abs(length - one) for one in before) >= 2
        told = _id_words(
            load, column, alike if alike >= told_before + _ALIKE else 0.0, known, other,
            [(counts[0], before[0]), (now, length)],
        )  # fmt: skip
        if told:
            yield finding(
                loads, load, told[0], told[1], told[2], column, change="ids", known=known, alike=alike,
                psi=found[0].psi, strength=max(alike, found[0].psi), length_before=before[0], length_now=length,
                forms_before=counts[0].to_dict(), forms_now=now.to_dict(),
            )  # fmt: skip


def _id_words(
    load: int, column: str, alike: float, known: float, other: bool, forms: list[tuple[pd.Series, float]]
) -> tuple[Level, str, str] | None:
    """Level, title and meaning of what ids say; None where they are as before. `other`: form or length changed."""
    shown = [f"“{one.idxmax()}” of {length:.0f} characters" for one, length in forms]
    if alike:
        title = (
            f"Load {load}: {percent(alike)} of its {column}s are new, but differ from an id of earlier loads only in "
            f"zeros in front, “.0” at the end, spaces or capitals (mostly {shown[1]}, before {shown[0]})."
        )
        meaning = (
            "One user then counts as two. A spreadsheet takes zeros away and adds “.0”: load the column as text, or "
            "merge the ids (the finding about ids that are alike offers it)."
        )
        return "serious", title, meaning
    if other and known < 0.5:
        title = f"Load {load}: {column} ids are written in another way: mostly {shown[1]}, before {shown[0]}."
        meaning = f"By form and length of ids. {percent(known)} of the load's {column}s are known from earlier loads."
        return "look", title, meaning
    if known == 0 and column == "user":
        title = f"Load {load}: none of its users is known from earlier loads."
        meaning = "By their ids. Another shop, or another system of numbers? Users cannot then be followed over loads."
        return "note", title, meaning
    return None
