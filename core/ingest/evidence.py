"""Why a column was given its role, in one sentence with counts."""

from __future__ import annotations

from dataclasses import dataclass

from core.ingest import personal
from core.ingest.names import event_word
from core.ingest.profile import EXACT_ROWS, ColumnFacts, Facts
from core.ingest.roles import Part
from core.ingest.times import spoken, swapped
from core.ingest.types import ColumnMap, Kind, Personal

_ROLE_WORDS = {
    "user": "the user",
    "item": "the item",
    "event": "what happened",
    "order": "the order",
    "quantity": "the quantity",
    "price": "the price of one unit",
    "value": "the money of the whole row",
    "rating": "a rating",
    "session": "the session",
    "channel": "the channel",
    "dwell": "seconds of attention",
    "device": "the device",
    "campaign": "the campaign",
    "title": "the item's title",
    "category": "the item's category",
    "contact": "contact data",
    "clock": "the time of day, beside the date",
}


@dataclass(frozen=True)
class Seen:
    """All that speaks for a column's role."""

    column: ColumnFacts
    mapped: ColumnMap
    part: Part | None
    facts: Facts
    words: tuple[tuple[str, int], ...]
    personal: tuple[Personal, int] | None = None
    kind: Kind = "events"

    @property
    def rows(self) -> str:
        """The rows that were looked at, for the end of a sentence."""
        return f"{self.facts.rows:,} rows" + (" (a sample)" if self.facts.sampled else "")


def sentence(seen: Seen) -> tuple[str, bool]:
    """(the sentence, whether the proposal is sure). Personal data are for the analyst to decide on."""
    if seen.personal is None:
        return _sentence(seen)
    kind, matched = seen.personal
    role, of = seen.mapped.role, seen.kind
    text = f"{personal.sentence(kind, matched, seen.column.filled)}; {personal.advice(kind, role, of)}"
    if role == "user":
        return f"{_sentence(seen)[0]}; {text}", False
    return text, role == "contact"


def _sentence(seen: Seen) -> tuple[str, bool]:
    column, role = seen.column, seen.mapped.role
    if not column.filled:
        return "no row has a value here", True
    if role == "time":
        return _time(seen)
    if role == "event":
        return _event(seen)
    if role == "count":
        text = f"numbers of {seen.mapped.event}s by its name; {_numbers(column)}"
        return text + ": each becomes that many events of its own", column.numeric and not column.negative
    if role == "consent":
        yes = f"{column.booleans:,} of {column.filled:,} values read as yes or no; a missing one is no"
        return f"consent for {seen.mapped.event} by its name; {yes}", column.booleans == column.filled
    if role in ("context", "attribute"):
        return _own(seen)
    by = seen.part.by if seen.part else "name"
    said = {"name": "by its name", "word": "by a word in its name", "values": "by its values alone"}[by]
    text = f"{_ROLE_WORDS[role]} {said}; {_filled(seen)}"
    sure = by != "values" and not (seen.part and seen.part.rival)
    if role in ("quantity", "price", "value", "rating", "dwell"):
        text = f"{_ROLE_WORDS[role]} {said}; {_numbers(column)}"
        if role == "quantity" and column.negative:
            text += f"; {column.negative:,} are negative and are taken as returns"
        sure = sure and column.numeric
    if seen.part and seen.part.rival:
        text += f"; {seen.part.rival!r} could be it too"
    return text, sure


def _time(seen: Seen) -> tuple[str, bool]:
    column, taken = seen.column, seen.mapped.time_format or "iso"
    parse, filled = column.times.get(taken, 0), column.filled
    text = f"{spoken(taken)}, since {parse:,} of {filled:,} rows parse so"
    sure = parse >= 0.999 * filled and not (seen.part and (seen.part.by == "values" or seen.part.rival))
    twin = swapped(taken)
    other = column.times.get(twin, 0) if twin else 0
    if twin and other == parse:
        return f"{text}, but as many parse {spoken(twin)}: {_reason(column, taken, twin)}", False
    if twin and twin in column.times:
        fail = (filled - other) / filled
        text += f", and {_percent(fail)} fail {spoken(twin)}"
        sure = sure and other < 0.95 * parse
    if column.first and column.last and taken == column.time_format:
        text += f"; from {_day(column.first)} to {_day(column.last)}"
    if seen.part and seen.part.rival:
        text += f"; {seen.part.rival!r} could be it too"
    if column.filled < seen.facts.rows:
        text += f"; {seen.facts.rows - column.filled:,} of {seen.rows} have none"
    return text, sure


def _reason(column: ColumnFacts, taken: str, twin: str) -> str:
    mine, others = column.falls.get(taken), column.falls.get(twin)
    if mine is not None and others is not None and mine < others:
        back = f"goes back {mine:,} times in the first rows instead of {others:,}"
        return f"{spoken(taken)} was taken because time then {back}"
    marks = "slashes" if "/" in taken else "dots or hyphens"
    return f"{spoken(taken)} was taken because dates with {marks} mostly are; please check"


def _event(seen: Seen) -> tuple[str, bool]:
    shown = ", ".join(
        f"{value} ({n:,})" + (f" → {word}" if word and word != value.lower() else "" if word else " kept as it is")
        for value, n in seen.words[:6]
        for word in [event_word(value)]
    )
    more = len(seen.words) - 6
    text = f"{len(seen.words):,} different values: {shown}" + (f" and {more:,} more" if more > 0 else "")
    known = sum(n for value, n in seen.words if event_word(value))
    total = sum(n for _, n in seen.words) or 1
    return text, known >= 0.5 * total and not (seen.part and seen.part.rival)


def _own(seen: Seen) -> tuple[str, bool]:
    column, read = seen.column, seen.mapped.type
    kind = "your own column" if seen.mapped.role == "context" else "an attribute"
    if read == "number":
        return f"{kind}; {_numbers(column)}", True
    if read == "date":
        taken = seen.mapped.time_format or "iso"
        twin = swapped(taken)
        both = bool(twin) and column.times.get(twin or "", 0) == column.times.get(taken, 0)
        return f"{kind}; dates, {spoken(taken)}" + (": could be read the other way round" if both else ""), not both
    if read == "boolean":
        return f"{kind}; all {column.filled:,} values read as yes or no", True
    if read == "list":
        return f"{kind}; {column.lists:,} of {column.filled:,} values hold several parts", True
    return f"{kind}; text, {_filled(seen)}", True


def _numbers(column: ColumnFacts) -> str:
    span = "" if column.low is None else f" from {column.low:,.10g} to {column.high:,.10g}"
    what = "whole numbers" if column.whole == column.numbers else "numbers"
    if column.numeric:
        return f"all {column.filled:,} values are {what}{span}"
    return f"{column.numbers:,} of {column.filled:,} values are {what}{span}; the others will be rejected"


def _filled(seen: Seen) -> str:
    column = seen.column
    about = "" if seen.facts.rows <= EXACT_ROWS and not seen.facts.sampled else "about "
    different = f"{about}{column.distinct:,} different"
    if column.filled == seen.facts.rows:
        return f"all {seen.rows} have one, {different}"
    missing = seen.facts.rows - column.filled
    text = f"{column.filled:,} of {seen.rows} have one, {different}"
    return text + (f"; the {missing:,} without are anonymous" if seen.mapped.role == "user" else "")


def _percent(share: float) -> str:
    return "under 1 %" if 0 < share < 0.01 else f"{share:.0%}".replace("%", " %")


def _day(moment: object) -> str:
    from datetime import datetime

    assert isinstance(moment, datetime)
    return f"{moment.day} {moment:%b %Y}"
