"""Reading text cells as what they mean, in SQL: one expression for the value, one for "this cell cannot be read".

Every function takes the SQL of a VARCHAR (a column of ours, already quoted) and gives SQL. An empty or blank cell is
missing (NULL), never a fault; a cell that cannot be read is NULL too, and told apart by `unreadable`.
"""

from __future__ import annotations

import re

from core.errors import Refusal
from core.ingest.types import Type
from core.store import Query, Writer, literal

EPOCHS: dict[str, str] = {"epoch_s": "1000000", "epoch_ms": "1000", "epoch_us": "1", "epoch_ns": "0.001"}
"""Time formats that are counts since 1970-01-01 UTC, and how many microseconds one unit has (SQL)."""

SQL_TYPES: dict[Type, str] = {
    "text": "VARCHAR",
    "number": "DOUBLE",
    "date": "TIMESTAMP",
    "boolean": "BOOLEAN",
    "list": "VARCHAR[]",
}
"""How a column of each type is stored."""

_FIRST_US, _LAST_US = -62_135_596_800_000_000, 253_402_300_799_999_999
_SPACE = r"[\s\p{Z}\x{85}\x1c-\x1f\v]"
_EDGES = f"^{_SPACE}|{_SPACE}$"
_AROUND = f"^{_SPACE}+|{_SPACE}+$"
_YES = (
    "yes", "y", "true", "t", "1", "1.0", "on", "x", "ja", "oui", "si", "sí", "opt-in", "opt in", "optin", "opted-in",
    "opted in", "opted_in", "opt_in", "subscribed", "granted", "given", "allowed", "accepted", "agreed", "consented",
)  # fmt: skip
_NO = (
    "no", "n", "false", "f", "0", "0.0", "off", "nein", "non", "opt-out", "opt out", "optout", "opted-out", "opted out",
    "opted_out", "opt_out", "unsubscribed", "denied", "withdrawn", "revoked", "refused", "declined", "rejected",
)  # fmt: skip


def text(cell: str) -> str:
    """The text without white space around it (any Unicode space); blank is missing. Leading zeros stay."""
    trimmed = f"regexp_replace({cell}, '{_AROUND}', '', 'g')"  # slow, so only where there is something to trim
    return f"nullif(CASE WHEN regexp_matches({cell}, '{_EDGES}') THEN {trimmed} ELSE {cell} END, '')"


def number(cell: str) -> str:
    """A DOUBLE; see `outside` for the ones that are no numbers (NaN, infinity)."""
    return f"try_cast({cell} AS DOUBLE)"


def decimal(cell: str, scale: int) -> str:
    """A DECIMAL(18, scale), rounded half away from zero."""
    return f"try_cast({cell} AS DECIMAL(18, {scale}))"


def boolean(cell: str) -> str:
    """A BOOLEAN from yes/no, true/false, 1/0, opt-in/opt-out and their like, in any case."""
    lower = f"lower({text(cell)})"
    return f"CASE WHEN {lower} IN ({_quoted(_YES)}) THEN true WHEN {lower} IN ({_quoted(_NO)}) THEN false END"


def listing(cell: str) -> str:
    """A VARCHAR[]: a JSON array, else the parts between `|` or `;`; blank parts are left out."""
    clean = text(cell)
    parts = f"regexp_split_to_array({clean}, '\\s*[|;]\\s*')"
    array = f"try_cast({clean} AS JSON)"
    read = f"CASE WHEN {clean} LIKE '[%]' AND json_valid({clean}) THEN try_cast({array} AS VARCHAR[]) ELSE {parts} END"
    return f"list_filter({read}, lambda part: part IS NOT NULL AND part <> '')"


def moment(cell: str, time_format: str | None, zone: str | None = None) -> str:
    """A TIMESTAMP in UTC. `time_format` is a strptime pattern, "iso" (the default), or one of EPOCHS.

    Offsets ("+02:00", "Z") are honoured; a time without one is of `zone` (an IANA name that check_zone knows), UTC
    where there is none. A date without a time of day is no moment and stays that day. See `outside` for infinite times.
    """
    if zone:
        return _moment_of(cell, time_format, zone)
    if time_format in EPOCHS:
        unit = EPOCHS[time_format]
        exact = f"try_cast(round(try_cast({cell} AS DECIMAL(28, 6)) * {unit}) AS BIGINT)"
        return f"CASE WHEN {exact} BETWEEN {_FIRST_US} AND {_LAST_US} THEN make_timestamp({exact}) END"
    if time_format is None or time_format == "iso":
        # A plain "2024-01-31 12:00:00" needs no time zone, which costs three times as much as reading the rest.
        plain = f"strlen({cell}) = 10 OR (strlen({cell}) = 19 AND substr({cell}, 17, 1) = ':')"
        zoned = f"timezone('UTC', try_cast(trim({cell}) AS TIMESTAMPTZ))"
        return f"CASE WHEN {plain} THEN try_cast({cell} AS TIMESTAMP) ELSE {zoned} END"
    read = f"try_strptime({cell}, {literal(time_format)})"
    return f"timezone('UTC', {read})" if re.search(r"%[zZ]", time_format.replace("%%", "")) else read


def _moment_of(cell: str, time_format: str | None, zone: str) -> str:
    """`moment` for times that are written in a zone's own time."""
    plain = moment(cell, time_format)
    return f"CASE WHEN {is_local(cell, time_format)} THEN {to_utc(plain, zone)} ELSE {plain} END"


def is_local(cell: str, time_format: str | None) -> str:
    """True where a time is in the zone's own time: it has a time of day, and no offset of its own."""
    if time_format is None or time_format == "iso":
        return f"NOT {_OFFSET.format(cell=cell)}"
    names_zone = re.search(r"%[zZ]|UTC|GMT", time_format.replace("%%", ""))
    has_clock = re.search(r"%[HIcXT]", time_format)
    return "false" if time_format in EPOCHS or names_zone or not has_clock else "true"


_OFFSET = r"(strlen(trim({cell})) <= 10 OR regexp_matches({cell}, '(?:[zZ]|UTC|GMT|:[0-9.]+ ?[-+][0-9:]+)\s*$'))"
"""SQL that is true for an ISO time with an offset, and for a date alone."""


def to_utc(local: str, zone: str) -> str:
    """The UTC time of a zone's own time.

    An hour that a clock change skips (02:30 where 02:00 becomes 03:00) is read as if the clock had not been put forward
    yet (03:30); one that it repeats as the second of the two, in winter time.
    """
    return f"timezone('UTC', timezone({literal(zone)}, {local}))"


CLOCK_FORMATS = ("%H:%M:%S.%f", "%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p", "%I %p")
_DIGIT_CLOCKS = {"%H%M%S": 6, "%H%M": 4, "%H": 2}


def clock(cell: str, time_format: str | None = None) -> str:
    """Microseconds since midnight (BIGINT) of a time of day: 14:05, 14:05:30.5, 2:05 PM, 1405, 140530.

    Digits alone are read as `time_format` says ("%H%M%S", "%H%M" or "%H", leading zeros may be missing), by default
    hhmm or hhmmss by their number; one or two digits then say too little, and are not read (0 is midnight).
    """
    clean = f"trim({cell})"
    tidy = rf"regexp_replace(regexp_replace(upper({clean}), '\.?M\.?$', 'M'), ' *([AP])M$', ' \1M')"
    formats = ", ".join(literal(f) for f in CLOCK_FORMATS)
    worded = f"try_strptime({tidy}, [{formats}])"
    if time_format in _DIGIT_CLOCKS:
        width = _DIGIT_CLOCKS[time_format]
        digits = (
            f"CASE WHEN strlen({clean}) <= {width} THEN try_strptime(lpad({clean}, {width}, '0'), '{time_format}') END"
        )
    else:
        four, six = f"try_strptime(lpad({clean}, 4, '0'), '%H%M')", f"try_strptime(lpad({clean}, 6, '0'), '%H%M%S')"
        digits = (
            f"CASE WHEN strlen({clean}) IN (3, 4) OR ltrim({clean}, '0') = '' THEN {four} "
            f"WHEN strlen({clean}) IN (5, 6) THEN {six} END"
        )
    read = f"CASE WHEN regexp_full_match({clean}, '[0-9]+') THEN {digits} ELSE {worded} END"
    return f"epoch_us({read}) - epoch_us(TIMESTAMP '1900-01-01')"


def moment_by_clock(
    cell: str, time_format: str | None, clock_cell: str, clock_format: str | None, zone: str | None
) -> str:
    """A TIMESTAMP in UTC of a date in one cell and the time of day in another; where that one is blank, of the date."""
    local = f"date_trunc('day', {moment(cell, time_format)}) + to_microseconds({clock(clock_cell, clock_format)})"
    blank = f"{text(clock_cell)} IS NULL"
    whole = to_utc(local, zone) if zone else local
    day = moment(cell, time_format)
    return f"CASE WHEN {blank} THEN {moment(cell, time_format, zone)} ELSE coalesce({whole}, {day}) END"


def check_zone(writer: Writer, zone: str | None) -> None:
    """Raises Refusal `no_such_zone` for a name that is no IANA time zone."""
    if zone is None:
        return
    names = [str(r["name"]) for r in writer.rows(Query("SELECT name FROM pg_timezone_names()"))]
    if zone not in names:
        near = [n for n in names if zone.strip().lower() and zone.strip().lower().split("/")[-1] in n.lower()][:5]
        known = f"Near it: {', '.join(near)}." if near else "Use an IANA name: Europe/Berlin, America/New_York, UTC."
        raise Refusal("no_such_zone", f"{zone!r} is no time zone.", known)


def outside(value: str, kind: Type) -> str:
    """True where a value was read that nobody means: NaN and infinite numbers, times beyond the years 1 to 9999."""
    if kind == "number":
        return f"NOT isfinite({value})"
    if kind == "date":
        return f"{value} NOT BETWEEN TIMESTAMP '0001-01-01' AND TIMESTAMP '9999-12-31 23:59:59.999999'"
    return "false"


def typed(cell: str, kind: Type, time_format: str | None = None) -> str:
    """A context or attribute cell, read as its type."""
    if kind == "date":
        return moment(cell, time_format)
    if kind == "number":  # -0 becomes 0, so that the value survives being kept as text for a time
        return f"({number(cell)} + 0.0)"
    return {"text": text, "boolean": boolean, "list": listing}[kind](cell)


def as_text(column: str, kind: Type) -> str:
    """A stored value as text, for columns that hold more than one type: 7.0 is "7", lists are joined by `|`."""
    if kind == "number":
        short = f"{column} = trunc({column}) AND abs({column}) < 1e15"
        return f"CASE WHEN {short} THEN CAST(CAST({column} AS BIGINT) AS VARCHAR) ELSE CAST({column} AS VARCHAR) END"
    if kind == "list":  # joined by `|`, or as JSON where that could not be read back
        plain = f"array_to_string({column}, '|')"
        odd = f"len({column}) = 0 OR starts_with({plain}, '[') OR contains(array_to_string({column}, ''), '|')"
        return f"CASE WHEN {odd} THEN CAST(to_json({column}) AS VARCHAR) ELSE {plain} END"
    return column if kind == "text" else f"CAST({column} AS VARCHAR)"


def from_text(column: str, kind: Type) -> str:
    """What `as_text` wrote, read back."""
    if kind == "list":
        listed = f"try_cast(try_cast({column} AS JSON) AS VARCHAR[])"
        return f"CASE WHEN starts_with({column}, '[') THEN {listed} ELSE string_split({column}, '|') END"
    return f"try_cast({column} AS {SQL_TYPES[kind]})"


def unreadable(cell: str, value: str) -> str:
    """True where the cell holds something and the value read from it is missing."""
    return f"({value} IS NULL AND {cell} IS NOT NULL AND {text(cell)} IS NOT NULL)"


def check_time_format(writer: Writer, time_format: str | None) -> None:
    """Raises Refusal `bad_time_format` for a pattern that cannot be used."""
    if time_format is None or time_format == "iso" or time_format in EPOCHS:
        return
    import duckdb

    try:
        writer.store.read(Query("SELECT try_strptime('x', ?)", (time_format,)))
    except duckdb.Error:
        raise Refusal(
            "bad_time_format",
            f"{time_format!r} is not a time format that can be read.",
            "Use iso, epoch_s, epoch_ms, epoch_us, epoch_ns, or a pattern such as %Y-%m-%d %H:%M:%S or %m/%d/%Y %H:%M.",
        ) from None


def _quoted(words: tuple[str, ...]) -> str:
    return ", ".join(literal(word) for word in words)
