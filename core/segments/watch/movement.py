"""Movement: who was in which part of a split at one moment, and is in which at a later one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from core.errors import Refusal
from core.progress import Step, no_step
from core.segments.loyalty import settled as settled_loyalty
from core.segments.parts import BadRule
from core.segments.rfm_sql import scored
from core.segments.rule import RfmSettings
from core.segments.watch.asked import opened
from core.segments.watch.splits import ByLoyalty, ByRfm, Split, named_parts, split_parts, split_query
from core.segments.watch.types import NOT_SEEN, Band, Movement
from core.store import Query, Store, joined


def movement(
    store: Store,
    split: Split,
    start: datetime,
    end: datetime | None = None,
    *,
    fixed: bool = True,
    step: Step = no_step,
) -> Movement:
    """How users moved between the parts of `split` from `start` to `end` (UTC; by default just after the last event).

    `end` is never later than just after the last event: no rule sees further. Every known user is in one band.

    With `fixed`, thresholds that come from the data are those of `end` at both moments, so that a person's move is
    their own and not a change of the others': RFM's cuts between scores (in days, orders, money), and the learned
    thresholds of loyalty. Without it each moment has its own, as its RFM page shows it. ABC classes are shares of a
    total, so always each moment's own; groups are the same at every moment.

    Raises BadRule; Refusal `no_times`, `bad_period` where start is not before end.
    """
    schema, last = opened(store, None)
    if last is None:
        raise Refusal(
            "no_times", "Movement needs event times, and these data have none.", "Load events with their times."
        )
    end = min(end or last, last)
    if start >= end:
        raise Refusal(
            "bad_period",
            f"Movement from {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} has no time in between.",
            f"Choose a start before {end:%Y-%m-%d %H:%M}; the data end there at the latest.",
        )
    settled = named_parts(settled_split(store, split, end, step=step) if fixed else split, schema)
    parts = split_parts(settled, schema)
    if NOT_SEEN in parts:
        raise BadRule(f"a part cannot be called {NOT_SEEN!r}", "split", "Give it another name.")
    step.report(0.2, "who was where")
    with store.scratch() as scratch, scratch.keep("part_was", split_query(settled, schema, start), step=step):
        step.report(0.5, "who is where")
        with scratch.keep("part_now", split_query(settled, schema, end), step=step):
            step.report(0.8, "who moved")
            rows = scratch.rows(_bands(start), step=step)
    step.report(1.0)
    bands = [Band(NOT_SEEN if not row["seen"] else row["was"], row["now"], int(row["users"])) for row in rows]
    places = {name: place for place, name in enumerate((NOT_SEEN, *parts, None))}
    bands.sort(key=lambda band: (places[band.was], places[band.now]))
    return Movement(split, settled, start, end, parts, tuple(bands))


def settled_split(store: Store, split: Split, end: datetime, *, step: Step = no_step) -> Split:
    """The split with thresholds that come from the data as they are at `end`; the same split where there are none."""
    match split:
        case ByLoyalty(settings):
            return ByLoyalty(settled_loyalty(store, settings, end))
        case ByRfm(grid, settings):
            return ByRfm(grid, rfm_cuts(store, settings, end, step=step))
        case _:
            return split


def rfm_cuts(store: Store, settings: RfmSettings, as_of: datetime, *, step: Step = no_step) -> RfmSettings:
    """The settings with own cuts that give every buyer, as of `as_of`, the scores that they have by quantiles.

    Cuts at which quantiles coincide are set less than one day, one order or a hundredth of a cent apart, where no
    value lies. Own cuts stay; what is not known (without any buyer, or any value of money) stays by quantiles.
    """
    rows: Callable[..., Query] = scored
    table = rows(as_of) if settings == RfmSettings() else rows(as_of, settings)
    asked = []
    for name, score, value, _ in _SCORES:
        if getattr(settings, name) or (name == "money" and settings.monetary != "with_frequency"):
            continue
        if name == "frequency" and settings.monetary == "with_frequency":
            score = "orders_score"  # f is then the mean with money's
        asked.append(
            Query(
                f"SELECT '{name}' AS of, {score} AS score, max({value})::DOUBLE AS upto, min({value})::DOUBLE AS least "
                f"FROM s WHERE {score} IS NOT NULL GROUP BY {score}"
            )
        )
    if not asked:
        return settings
    # one scoring for all
    scores = Query("WITH s AS MATERIALIZED (") + table + ") SELECT * FROM (" + joined(" UNION ALL ", asked)
    found = store.rows(scores + ") ORDER BY of, score", step=step)
    made: dict[str, tuple[float, ...]] = {}
    for name, _, _, gap in _SCORES:
        bands = [row for row in found if row["of"] == name]
        if bands:
            below = float(bands[0]["least"]) - gap  # the cut of a score lower than anybody has
            cuts = [max([float(b["upto"]) for b in bands if b["score"] <= n], default=below) for n in _up(settings)]
            # of days the fewest are best: a cut says the most days that still have the score above it
            rising = sorted(-cut - gap for cut in cuts) if name == "recency" else cuts
            made[name] = _apart(rising, gap / (2 * settings.scores))
    return replace(
        settings,
        recency=made.get("recency", settings.recency),
        frequency=made.get("frequency", settings.frequency),
        money=made.get("money", settings.money),
    )


# what a setting cuts, its score, its value (rising with the score), and the least step between two values
_SCORES = (
    ("recency", "r", "-recency", 1.0),
    ("frequency", "f", "frequency", 1.0),
    ("money", "m", "monetary", 0.0001),
)


def _up(settings: RfmSettings) -> range:
    return range(1, settings.scores)


def _apart(cuts: list[float], gap: float) -> tuple[float, ...]:
    """Cuts that coincide, each a little above the one before.

    >>> _apart([1, 1, 2], 0.1)
    (1.0, 1.1, 2.0)
    """
    return tuple(cut + gap * cuts[:place].count(cut) for place, cut in enumerate(cuts))


def _bands(start: datetime) -> Query:
    return Query(
        "SELECT s.user_no IS NOT NULL AS seen, CASE WHEN s.user_no IS NOT NULL THEN w.part END AS was, n.part AS now, "
        "count(*) AS users FROM users u LEFT JOIN part_was w USING (user_no) LEFT JOIN part_now n USING (user_no) "
        "LEFT JOIN (SELECT DISTINCT e.user_no FROM events e WHERE e.user_no IS NOT NULL "
        "AND (e.at_utc < ? OR e.at_utc IS NULL)) s USING (user_no) GROUP BY ALL",
        (start,),
    )
