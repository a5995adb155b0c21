"""Validity: times that cannot be, and ratings that are off the scale."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from itertools import pairwise

from core.errors import Refusal
from core.quality import said
from core.quality.ask import remember
from core.quality.event_examples import behind
from core.quality.types import Asked, Cap, Exclude, Fill, Finding, Kind, Param, Repair, Selection
from core.store import Query

FIRST = datetime(1990, 1, 1)
"""No log of what users did begins before this."""

HANDFUL, LONELY, LEAST = 0.005, 10, timedelta(days=90)
"""The first events are too early when they are at most this share of all, and the gap behind them is at least this many
times the longest gap among the others, half the time that the others span, and this long."""

SCALE_HOLDS = 0.99
"""A scale is the ratings' own when this share of them lies on it."""

_HIGHEST = (1, 3, 5, 7, 10, 20, 100)
_LATE = "at_utc >= (SELECT min(loaded_at) + INTERVAL 1 DAY FROM batches SEMI JOIN live_batches USING (batch_no))"


def detect(asked: Asked) -> list[Finding]:
    """Findings `future`, `too_early`, `impossible_rating`."""
    return [found for found in (_future(asked), _early(asked), _off_scale(asked)) if found]


# ---- the selections


def _choose_future(asked: Asked, params: Mapping[str, Param]) -> Query:
    return Query("SELECT event_no FROM events WHERE ") + _IS_FUTURE


_IS_FUTURE = Query(  # the first test alone leaves out nearly all rows, by the ranges that the database keeps
    f"{_LATE} AND event_no IN (SELECT e.event_no FROM events e JOIN batches b USING (batch_no) "
    f"WHERE e.{_LATE} AND e.at_utc >= b.loaded_at + INTERVAL 1 DAY)"
)


def _choose_early(asked: Asked, params: Mapping[str, Param]) -> Query:
    before = params["before"]
    limit = first_day(asked) if before is None else _moment(before)
    return Query("SELECT event_no FROM events WHERE ") + (_is_early(limit) if limit else Query("false"))


def _is_early(limit: datetime) -> Query:
    return Query("at_utc < ?", (limit,))


def _choose_rating(asked: Asked, params: Mapping[str, Param]) -> Query:
    limits = _limits(asked, params)
    return Query("SELECT event_no FROM events WHERE ") + (_is_off(limits) if limits else Query("false"))


def _is_off(limits: tuple[float, float]) -> Query:
    return Query("(rating < ? OR rating > ?)", limits)


KINDS: tuple[Kind, ...] = (
    Kind("future", "events", "events dated after they were loaded", {}, _choose_future),
    Kind("too_early", "events", "events long before all others", {"before": None}, _choose_early),
    Kind("impossible_rating", "events", "ratings off the scale", {"low": None, "high": None}, _choose_rating),
)


# ---- times


def _future(asked: Asked) -> Finding | None:
    if asked.end is None and not _days(asked):
        return None
    stand = behind(asked, _IS_FUTURE, order="at_utc DESC, event_no")
    if not stand.count:
        return None
    of = sum(n for _, n in _days(asked))
    repair = Repair(Selection("future"), Exclude())
    return Finding(
        "future", "serious", f"{said.of_all(stand.count, of, 'events with a time')} lie in the future.",
        "Their time is more than a day after they were loaded. They do not move the end of the data, but count in "
        "every figure without a limit of time.", "events", stand.count, of,
        column="at_utc", selection=repair.selection, examples=stand.examples, users=stand.users, repairs=(repair,),
    )  # fmt: skip


def _early(asked: Asked) -> Finding | None:
    limit = first_day(asked)
    if limit is None:
        return None
    stand = behind(asked, _is_early(limit), order="at_utc, event_no")
    of = sum(n for _, n in _days(asked))
    selection = Selection.of("too_early", before=limit.date().isoformat())
    return Finding(
        "too_early", "serious",
        f"{said.of_all(stand.count, of, 'events with a time')} lie long before all others, before {said.day(limit)}.",
        f"Too early is what lies before {FIRST.year}, and the first events when they are at most {HANDFUL:.1%} of all "
        f"and the gap behind them is at least {LEAST.days} days, half as long as all that follows, and {LONELY} times "
        "the longest gap in it.", "events", stand.count, of,
        column="at_utc", selection=selection, examples=stand.examples, users=stand.users,
        repairs=(Repair(selection, Exclude()),),
    )  # fmt: skip


def first_day(asked: Asked) -> datetime | None:
    """The day before which events are too early; None where none are."""
    days = [(day, n) for day, n in _days(asked) if asked.end is None or day <= asked.end.date()]
    start = FIRST.date() if days and days[0][0] < FIRST.date() else None
    rest = [(day, n) for day, n in days if day >= FIRST.date()]
    total, before = sum(n for _, n in rest), 0
    gaps = [later[0] - earlier[0] for earlier, later in pairwise(rest)]
    for k, gap in enumerate(gaps):
        before += rest[k][1]
        if before > total * HANDFUL:
            break
        others = max(gaps[k + 1 :], default=timedelta(days=1))
        span = rest[-1][0] - rest[k + 1][0]
        if gap >= max(LEAST, LONELY * others, span / 2):
            start = rest[k + 1][0]
            break
    return datetime(start.year, start.month, start.day) if start else None


def _days(asked: Asked) -> list[tuple[date, int]]:
    """Days with events, in order, and how many; UTC."""

    def make() -> list[tuple[date, int]]:
        query = Query(
            "SELECT at_utc::DATE AS day, count(*) AS n FROM events WHERE at_utc IS NOT NULL GROUP BY day ORDER BY day"
        )
        return [(row["day"], int(row["n"])) for row in asked.reader.rows(query, step=asked.step)]

    return remember(asked, "rules.days", make)


def _moment(text: Param) -> datetime:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        raise Refusal("bad_selection", f"{text!r} is not a day.", "Write it as 2026-01-31.") from None


# ---- ratings


def _off_scale(asked: Asked) -> Finding | None:
    limits = rating_scale(asked)
    stand = behind(asked, _is_off(limits), order="abs(rating) DESC, event_no") if limits else None
    if limits is None or stand is None or not stand.count:
        return None
    low, high = limits
    counted = _ratings(asked)
    of = sum(counted.values())
    odd = {said.number(value): n for value, n in counted.items() if not low <= value <= high}
    selection = Selection.of("impossible_rating", low=low, high=high)
    scale = f"{said.number(low)} to {said.number(high)}"
    actions = (Exclude(), Fill("rating", "median", group="item"), Cap("rating", low, high))
    return Finding(
        "impossible_rating", "look", f"{said.of_all(stand.count, of, 'ratings')} {said.be(stand.count)} off the scale "
        f"of {scale}.",
        f"The scale is the narrowest usual one that holds at least {SCALE_HOLDS:.0%} of the ratings: {scale}. Off it "
        f"{said.be(stand.count)}: {', '.join(f'{value} ({n:,})' for value, n in odd.items())}.",
        "events", stand.count, of,
        column="rating", selection=selection, examples=stand.examples, users=stand.users,
        facts={"low": low, "high": high, "values": odd},
        repairs=tuple(Repair(selection, action) for action in actions),
    )  # fmt: skip


def rating_scale(asked: Asked) -> tuple[float, float] | None:
    """The narrowest usual scale that holds nearly all ratings; None where they are no whole or half steps."""
    counted = _ratings(asked)
    total = sum(counted.values())
    if not total or sum(n for value, n in counted.items() if value * 2 != int(value * 2)) > total * (1 - SCALE_HOLDS):
        return None
    halves = sum(n for value, n in counted.items() if value != int(value)) > total * (1 - SCALE_HOLDS)
    for high in _HIGHEST:
        for low in (0.5, 0.0) if halves else (1.0, 0.0):
            held = sum(n for value, n in counted.items() if low <= value <= high)
            if low < high and held >= total * SCALE_HOLDS:
                return low, float(high)
    return None


def _limits(asked: Asked, params: Mapping[str, Param]) -> tuple[float, float] | None:
    low, high = params["low"], params["high"]
    if low is None and high is None:
        return rating_scale(asked)
    try:
        return (float("-inf") if low is None else float(str(low)), float("inf") if high is None else float(str(high)))
    except ValueError:
        raise Refusal("bad_selection", "The ends of a scale are numbers.", "Give low=1, high=5.") from None


def _ratings(asked: Asked) -> dict[float, int]:
    """Rating -> how many, in order; the 10,000 most frequent (a scale of steps has fewer)."""

    def make() -> dict[float, int]:
        query = Query(
            "SELECT * FROM (SELECT rating, count(*) AS n FROM events WHERE rating IS NOT NULL GROUP BY rating "
            "ORDER BY n DESC, rating LIMIT 10000) ORDER BY rating"
        )
        return {float(row["rating"]): int(row["n"]) for row in asked.reader.rows(query, step=asked.step)}

    return remember(asked, "rules.ratings", make)
