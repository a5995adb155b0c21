"""Features that users and items share: shares by channel, device and hour, trends, and context columns."""

from __future__ import annotations

from core.features.names import distinct
from core.features.scan import NO_TIMES, Measure, count_if, feature, ratio
from core.features.world import World, is_number

_BANDS = (("night", 0, 6), ("morning", 6, 12), ("afternoon", 12, 18), ("evening", 18, 24))


def clock_measures(world: World) -> list[Measure]:
    """Shares of events by band of the day and on weekends, in UTC."""
    lacks = "" if world.timed else NO_TIMES
    total = count_if("act")
    found = [
        Measure(
            feature(
                f"share_{name}",
                "rhythm",
                "share",
                f"Events from {start}:00 to {end}:00 UTC, as a share of all their events up to as_of; "
                "impressions are left out.",
                "They have no events but impressions.",
            ),
            ratio(count_if(f"act AND hour >= {start} AND hour < {end}"), total),
            lacks=lacks,
        )
        for name, start, end in _BANDS
    ]
    weekend = feature(
        "share_weekend",
        "rhythm",
        "share",
        "Events on Saturdays and Sundays (UTC), as a share of all their events up to as_of; impressions are left out.",
        "They have no events but impressions.",
    )
    return [*found, Measure(weekend, ratio(count_if("act AND weekday IN (0, 6)"), total), lacks=lacks)]


def trend_measure(world: World, name: str, what: str, condition: str, lacks: str = "") -> Measure:
    """How the last 30 days stand against the 30 before, from -1 (all before) to 1 (all in the last 30)."""
    late, early = (count_if(f"{condition} AND half = {n}") for n in (1, 2))
    column = feature(
        f"trend_{name}_30d",
        "rhythm",
        "-1 to 1",
        f"{what} in the last 30 days less those in the 30 days before, divided by both together: 1 = all in the last "
        "30 days, 0 = as many in each, -1 = all in the 30 before.",
        f"There were no {what.lower()} in the last 60 days.",
    )
    return Measure(column, f"({late} - {early})::DOUBLE / nullif({late} + {early}, 0)", lacks=lacks or _times(world))


def mix_measures(world: World) -> list[Measure]:
    """Shares of events by the most frequent channels and devices, and by all others together."""
    found: list[Measure] = []
    for column in ("channel", "device"):
        lacks = "" if world.known[column] else f"No event names a {column}."
        values = world.top[column]
        names = distinct(list(values), frozenset({"other"}))
        labels = [*zip(names, values, strict=True), ("other", "any other")]
        for n, (name, value) in enumerate(labels):
            what = f"{column} {value!r}" if n < len(values) else f"any other {column}"
            definition = f"Events by {what}, as a share of their events up to as_of that name a {column}."
            unit = "share"
            made = feature(
                f"share_{column}_{name}", "share", unit, definition, f"None of their events names a {column}."
            )
            found.append(
                Measure(made, ratio(count_if(f"{column} = {n}"), count_if(f"{column} IS NOT NULL")), lacks=lacks)
            )
    return found


def context_measures(world: World) -> list[Measure]:
    """Of each context column of events: the mean of numbers, the shares of the most frequent texts."""
    found: list[Measure] = []
    for n, context in enumerate(world.contexts):
        stem = distinct([c.name for c in world.contexts])[n]
        missing = f"None of their events has a {context.name!r}."
        if is_number(context.kind):
            unit = "share" if context.kind == "BOOLEAN" else f"unit of {context.name!r}"
            what = "Share of yes in" if context.kind == "BOOLEAN" else "Mean of"
            made = feature(
                f"mean_{stem}", "context", unit, f"{what} the column {context.name!r}, of events up to as_of.", missing
            )
            found.append(Measure(made, f"avg(x{n})"))
            continue
        names = distinct(list(context.values), frozenset({"other"}))
        for k, (name, value) in enumerate([*zip(names, context.values, strict=True), ("other", "")]):
            what = f"{context.name!r} is {value!r}" if k < len(context.values) else f"{context.name!r} is any other"
            made = feature(
                f"share_{stem}_{name}",
                "context",
                "share",
                f"Events whose {what}, as a share of events up to as_of that have one.",
                missing,
            )
            found.append(Measure(made, ratio(count_if(f"x{n} = {k}"), count_if(f"x{n} IS NOT NULL"))))
    return found


def _times(world: World) -> str:
    return "" if world.timed else NO_TIMES
