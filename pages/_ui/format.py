"""How numbers, shares, money, dates and lengths of time are written, in one place."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

NONE = "–"
"""What stands for a value that is not known: never a zero."""

Number = int | float | Decimal


def number(value: Number | None, digits: int = 0) -> str:
    """Thousands separated by commas.

    >>> number(541909), number(2.6667, 1), number(None)
    ('541,909', '2.7', '–')
    """
    return NONE if value is None else f"{value:,.{digits}f}"


def count(value: int | None, one: str, many: str | None = None) -> str:
    """A number with what it counts, in singular or plural.

    >>> count(1, "user"), count(4372, "user"), count(0, "country", "countries")
    ('1 user', '4,372 users', '0 countries')
    """
    return f"{number(value)} {one if value == 1 else many or one + 's'}"


def percent(share: float | None, digits: int = 1) -> str:
    """A share from 0 to 1 as a percentage; a share that is not zero is never written as 0.

    >>> percent(0.2493), percent(1.0, 0), percent(0.00001), percent(None)
    ('24.9 %', '100 %', '< 0.1 %', '–')
    """
    if share is None:
        return NONE
    smallest = 10.0**-digits
    if 0 < share * 100 < smallest / 2:
        return f"< {smallest:.{digits}f} %"
    return f"{share * 100:,.{digits}f} %"


def money(value: Number | None) -> str:
    """An amount in the data's own currency, which the file does not name; no pence from a hundred upwards.

    >>> money(9747747.934), money(19.5), money(-12), money(None)
    ('9,747,748', '19.50', '-12.00', '–')
    """
    return NONE if value is None else number(value, 0 if abs(float(value)) >= 100 else 2)


def day(value: date | datetime | None) -> str:
    """A date as people write it.

    >>> day(date(2011, 12, 9))
    '9 Dec 2011'
    """
    return NONE if value is None else f"{value.day} {value:%b %Y}"


def last_day(end: datetime) -> str:
    """The last day before a moment at which data end: midnight ends the day before.

    >>> last_day(datetime(2011, 12, 10)), last_day(datetime(2011, 12, 9, 12, 50))
    ('9 Dec 2011', '9 Dec 2011')
    """
    return day(end - timedelta(microseconds=1))


def moment(value: datetime | None) -> str:
    """A date with the time of day, to the minute.

    >>> moment(datetime(2011, 12, 9, 12, 50, 0, 1))
    '9 Dec 2011, 12:50'
    """
    return NONE if value is None else f"{day(value)}, {value:%H:%M}"


def period(start: date | datetime | None, end: date | datetime | None) -> str:
    """From one day to another, both included.

    >>> period(date(2010, 12, 1), date(2011, 12, 9))
    '1 Dec 2010 to 9 Dec 2011'
    """
    return day(start) if start == end else f"{day(start)} to {day(end)}"


def duration(value: timedelta | float | None) -> str:
    """A length of time (seconds, or a timedelta) in the two largest units that say something.

    >>> duration(0.4), duration(0.01), duration(75), duration(3 * 86400 + 7200), duration(None)
    ('0.4 s', '< 0.1 s', '1 min 15 s', '3 d 2 h', '–')
    """
    if value is None:
        return NONE
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if 0 < seconds < 0.05:
        return "< 0.1 s"
    if seconds < 10:
        return f"{seconds:.1f} s"
    parts: list[str] = []
    left = round(seconds)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        whole, left = divmod(left, size)
        if whole or parts:
            parts.append(f"{whole} {unit}" if whole else "")
    return " ".join(part for part in parts[:2] if part)


def size(bytes_: int | None) -> str:
    """The size of a file.

    >>> size(812), size(7_548_686), size(None)
    ('812 bytes', '7.5 MB', '–')
    """
    if bytes_ is None:
        return NONE
    for unit, step in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if bytes_ >= step:
            return f"{bytes_ / step:.1f} {unit}"
    return f"{bytes_} bytes"


def delta(now: float | None, before: float | None) -> str | None:
    """The change against the period before, as `st.metric` takes it; None where there is nothing to compare with.

    >>> delta(110.0, 100.0), delta(90.0, 100.0), delta(5.0, 0.0)
    ('+10.0 %', '-10.0 %', None)
    """
    if now is None or not before:
        return None
    return f"{(now - before) / abs(before) * 100:+,.1f} %"
