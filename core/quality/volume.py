"""Daily volume: days without events, days with far more or far fewer than the level and the weekday let expect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import Refusal
from core.quality.daily import Daily, Measure, by_day, daily, words
from core.quality.series import GAP_CHANCE, runs
from core.quality.types import Asked, Exclude, Finding, Kind, Level, Param, Repair, Selection
from core.store import Query

if TYPE_CHECKING:
    import pandas as pd  # slow to import, and every command comes by here

__all__ = ["KINDS", "Daily", "Measure", "daily", "detect"]

_WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
_LIMITS = (
    "Expected is the level of the weeks around (from medians, so that odd days do not move it) times what the weekday "
    "usually has; the limits come from how uneven the days are, and about 1 clean day in 1,000 lies outside them."
)
Places = NDArray[np.int64]


def detect(asked: Asked) -> list[Finding]:
    """Gaps, spikes and drops of all events, of each event word that is frequent enough, and of purchases' revenue.

    What happens to all events is told once, what happens to one word alone is told of that word. Series of less than 28
    days are not judged; nor is anything without times.
    """
    table = by_day(asked)
    if table.empty:
        return []
    whole = daily(asked)
    parts = [daily(asked, word) for word in words(asked)]
    whole, parts = _told_once(whole, parts)
    series = [whole, *parts] if len(set(table["event"])) > 1 else [whole]
    bought = next((part for part in series if part.event == "purchase"), whole)
    if (table["revenue"] > 0).any():
        series.append(_besides(daily(asked, measure="revenue"), [whole, bought]))
    found = [*_closed(whole), *_part(whole)]
    for one in series:
        if one.measure == "events" and not one.bursts:
            found += _gaps(one)
        if one.bursts:
            found += _bursts(one)
        else:
            found += [*_outside(one, "spike"), *_outside(one, "drop")]
    return [_counted(table, one) if one.selection else one for one in found]


def _counted(table: pd.DataFrame, finding: Finding) -> Finding:
    """With the number of events of its days, and of all days."""
    import pandas as pd

    event, days = finding.facts["event"], pd.to_datetime([row["day"] for row in finding.facts["each"]])
    rows = table if event is None else table[table["event"] == event]
    chosen = rows.loc[rows["day"].isin(days), "events"]
    return replace(finding, count=int(chosen.sum()), of=int(rows["events"].sum()))


def _choose_days(asked: Asked, params: Mapping[str, Param]) -> Query:
    """Events of some UTC days, of one word or of all."""
    days, event = params["days"], params["event"]
    if not isinstance(days, tuple) or not days:
        raise Refusal("bad_selection", "'days' needs at least one day.", "Write days as 2026-01-03.")
    try:
        wanted = sorted({date.fromisoformat(str(day)) for day in days})
    except ValueError:
        wrong = next(str(day) for day in days if not _is_day(str(day)))
        raise Refusal("bad_selection", f"{wrong!r} is no day.", "Write days as 2026-01-03.") from None
    marks = ", ".join("?" for _ in wanted)
    chosen = Query(f"SELECT event_no FROM events WHERE CAST(at_utc AS DATE) IN ({marks})", tuple(wanted))
    return chosen if event is None else chosen + Query(" AND event = ?", (str(event),))


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


KINDS: tuple[Kind, ...] = (
    Kind("days", "events", "events of some days (UTC)", {"days": None, "event": None}, _choose_days),
)


def _told_once(whole: Daily, parts: list[Daily]) -> tuple[Daily, list[Daily]]:
    """Flags without repetition: a day that one word alone makes (half of the difference or more) is told of it, any
    other day of all events is told of all and of no word.
    """
    if not parts:
        return whole, parts
    kept = whole.flag.copy()
    words_flags = {id(part): part.flag.copy() for part in parts}
    for at in np.flatnonzero(np.isin(whole.flag, ("gap", "spike", "drop"))):
        kind, total = whole.flag[at], whole.count[at] - whole.expected[at]
        there = [(part, at - (len(whole.day) - len(part.day))) for part in parts]
        there = [(part, place) for part, place in there if place >= 0]
        odd = [part for part, place in there if part.flag[place] == kind]
        steady = sum(not part.bursts for part in odd)
        alone = kind != "gap" and any(
            part in odd and (part.count[place] - part.expected[place]) / total >= 1 / 2 and (part.bursts or steady == 1)
            for part, place in there
        )
        if alone:
            kept[at] = ""
            continue
        for part, place in there:
            same = part.flag[place] == kind or (kind != "spike" and part.flag[place] in ("gap", "drop"))
            if same and not part.bursts:
                words_flags[id(part)][place] = ""
    return replace(whole, flag=kept), [replace(part, flag=words_flags[id(part)]) for part in parts]


def _besides(money: Daily, counts: list[Daily]) -> Daily:
    """Revenue's flags but for the days that are told by the number of events already."""
    flag = money.flag.copy()
    flag[flag == "part"] = ""
    for one in counts:
        told = set(one.day[np.isin(one.flag, ("spike", "drop", "gap"))].tolist())
        flag[[day in told for day in money.day.tolist()]] = ""
    return replace(money, flag=flag)


def _gaps(found: Daily) -> list[Finding]:
    at = found.on("gap")
    if not len(at):
        return []
    stretches = [_stretch(found, a, b) for a, b in runs(found.flag == "gap")]
    many = f"{len(at):,} {'day' if len(at) == 1 else 'days'}"
    ends = " and none since" if found.flag[-1] == "gap" else ""
    title = f"No {_name(found)} on {many} between days that have some{ends}, the longest {_words(_longest(stretches))}."
    if ends and len(stretches) == 1:
        title = f"No {_name(found)} since {stretches[0]['from']}, {many} in all, though the data go on."
    meaning = (
        f"Empty days in a run that chance explains less often than once in {1 / GAP_CHANCE:,.0f}, by the 28 open days "
        "before and after it. Holidays, a broken counter, and files that were not loaded look alike: only you can tell."
    )
    return [
        Finding(
            "gap", "look", title, meaning, "days", len(at), len(found.day), None if found.event is None else "event",
            examples=tuple(sorted(stretches, key=lambda run: -run["days"])[:8]),
            facts={"event": found.event, "runs": stretches, "days": [str(day) for day in found.dates(at)]},
        )
    ]  # fmt: skip


def _stretch(found: Daily, start: int, stop: int) -> dict[str, Any]:
    return {
        "from": str(found.day[start]),
        "to": str(found.day[stop - 1]),
        "days": stop - start,
        "expected": round(float(found.expected[start:stop].sum())),
    }


def _longest(stretches: list[dict[str, Any]]) -> dict[str, Any]:
    return max(stretches, key=lambda run: int(run["days"]))


def _words(run: dict[str, Any]) -> str:
    return str(run["from"]) if run["days"] == 1 else f"{run['from']} to {run['to']} ({run['days']} days)"


def _closed(whole: Daily) -> list[Finding]:
    """The weekdays that never have anything, said once for all of them."""
    import pandas as pd

    at = whole.on("closed")
    if not len(at):
        return []
    weekday = pd.DatetimeIndex(whole.day).day_of_week.to_numpy()
    each = {
        _WEEKDAYS[one]: (int((weekday[at] == one).sum()), int((weekday == one).sum()))
        for one in sorted(set(weekday[at]))
    }
    said = " and ".join(f"{name} ({n:,} of {of:,})" for name, (n, of) in each.items())
    return [
        Finding(
            "gap", "note", f"There are no events on {said}: taken as the usual week, not as gaps.",
            "A weekday that is empty in at least two thirds of the weeks around, while the other days have events.",
            "days", len(at), len(whole.day), facts={"weekdays": {name: n for name, (n, _) in each.items()}},
        )
    ]  # fmt: skip


def _part(whole: Daily) -> list[Finding]:
    """The first and the last day where they are low because only a part of them is in the data."""
    at = whole.on("part")
    if not len(at):
        return []
    said, rows = [], []
    for place in at:
        last = place == len(whole.day) - 1
        hour = f"ends at {whole.last:%H:%M}" if last else f"begins at {whole.first:%H:%M}"
        said.append(f"{whole.day[place]} ({hour} UTC)")
        rows.append(_row(whole, int(place)))
    title = f"Only a part of {' and of '.join(said)} seems to be in the data: fewer events than usual."
    meaning = f"The first and the last day are never called a drop. {_LIMITS}"
    return [Finding("drop", "note", title, meaning, "days", len(at), len(whole.day), examples=tuple(rows))]


def _outside(found: Daily, kind: Literal["spike", "drop"]) -> list[Finding]:
    at = found.on(kind)
    if not len(at):
        return []
    ratio = found.count[at] / np.maximum(found.expected[at], 1e-9)
    at = at[np.argsort(-ratio if kind == "spike" else ratio, kind="stable")]
    worst = found.count[at[0]] / max(float(found.expected[at[0]]), 1e-9)
    level: Level = "look" if worst >= 2 or worst <= 0.5 else "note"
    days = f"{len(at):,} {'day' if len(at) == 1 else 'days'}"
    far = "far more" if kind == "spike" else "far fewer" if found.measure == "events" else "far less"
    most = _row(found, int(at[0]))
    range_ = f"{most['low']:,.0f} to {most['high']:,.0f} expected"
    title = f"{days} {'has' if len(at) == 1 else 'have'} {far} {_name(found)} than usual: {_example(most, range_)}."
    meaning = _LIMITS + (
        " Sums of money: limits from the spread of logarithms, up and down apart." if found.measure == "revenue" else ""
    )
    return [_of_days(found, kind, level, title, meaning, at)]


def _bursts(found: Daily) -> list[Finding]:
    """A word that comes on few days, as messages do that are sent at times: one note, not a spike for each."""
    at = found.on("spike")
    if not len(at):
        return []
    at = at[np.argsort(-found.count[at], kind="stable")]
    title = (
        f"{_name(found).capitalize()} come in bursts: on {len(at):,} of {len(found.day):,} days, most on "
        f"{found.day[at[0]]} ({found.count[at[0]]:,.0f})."
    )
    meaning = (
        "Fewer than a quarter of the days have any, and those that do have many: as messages of a campaign do, "
        "which is no fault. Rates over time are then those of the bursts."
    )
    return [_of_days(found, "spike", "note", title, meaning, at)]


def _of_days(found: Daily, code: str, level: Level, title: str, meaning: str, at: Places) -> Finding:
    """A finding about the events of days; for revenue too it counts (and selects) the purchases of these days."""
    days = tuple(sorted(str(day) for day in found.dates(at)))
    chosen = Selection.of("days", days=days, event=found.event) if found.event else Selection.of("days", days=days)
    rows = [_row(found, int(place)) for place in at]
    return Finding(
        code, level, title, meaning, "events", 0, 0,
        "value" if found.measure == "revenue" else None if found.event is None else "event",
        selection=chosen, examples=tuple(rows[:8]),
        facts={"event": found.event, "measure": found.measure, "days": len(rows), "each": rows},
        repairs=(Repair(chosen, Exclude()),) if code == "spike" and level == "look" else (),
    )  # fmt: skip


def _row(found: Daily, place: int) -> dict[str, Any]:
    expected, high = float(found.expected[place]), float(found.high[place])
    digits = 2 if found.measure == "revenue" else 1
    return {
        "day": str(found.day[place]),
        "count": round(float(found.count[place]), digits),
        "expected": round(expected, digits),
        "low": round(float(found.low[place]), digits),
        "high": round(high, digits) if np.isfinite(high) else None,
        "ratio": round(float(found.count[place]) / expected, 3) if expected > 0 else None,
    }


def _example(row: dict[str, Any], range_: str) -> str:
    return f"{row['count']:,.0f} on {row['day']}, {range_}"


def _name(found: Daily) -> str:
    if found.measure == "revenue":
        return "revenue from purchases"
    return "events" if found.event is None else f"events “{found.event}”"
