"""Ways of writing a time: which formats the values of a column may be in, and what to call them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

_CLOCK = (
    r"(?:(?P<gap>T|,? +| *)(?P<h>\d{1,2})(?P<m>:\d{2})?(?P<s>:\d{2})?(?P<f>[.]\d{1,9})?(?P<ap> ?[AaPp][Mm])?"
    r"(?P<z> ?(?:Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?))?)?"
)
_PARTS = re.compile(rf"(?P<a>\d{{1,4}})(?P<p>[-/. ])(?P<b>\d{{1,2}})(?P=p)(?P<c>\d{{1,4}}){_CLOCK}")
_NAMED = re.compile(
    r"(?:(?P<dow>[A-Za-z]{3}),? )?(?:(?P<d1>\d{1,2})(?P<p1>[-/. ])(?P<m1>[A-Za-z]{3,9})(?P=p1)|"
    rf"(?P<m2>[A-Za-z]{{3,9}}) (?P<d2>\d{{1,2}})(?P<comma>,?) )(?P<y>\d{{4}}|\d{{2}}){_CLOCK}"
)
_TWITTER = re.compile(r"[A-Z][a-z]{2} [A-Z][a-z]{2} \d{1,2} \d{2}:\d{2}:\d{2} (?P<z>[+-]\d{4} |UTC )?\d{4}")
_CHINESE = re.compile(rf"\d{{4}}年\d{{1,2}}月\d{{1,2}}日{_CLOCK}")
_DIGITS = re.compile(r"\d+(?P<f>\.\d+)?")
_MONTHS = frozenset("january february march april may june july august september october november december".split())
_EPOCHS = {
    9: "epoch_s",
    10: "epoch_s",
    12: "epoch_ms",
    13: "epoch_ms",
    15: "epoch_us",
    16: "epoch_us",
    18: "epoch_ns",
    19: "epoch_ns",
}
_SPOKEN = {
    "iso": "ISO time",
    "epoch_s": "seconds since 1970",
    "epoch_ms": "milliseconds since 1970",
    "epoch_us": "microseconds since 1970",
    "epoch_ns": "nanoseconds since 1970",
}


@dataclass(frozen=True)
class TimeFormats:
    """The formats that a column's values may be in, commonest first, and whether they are numbers alone."""

    formats: tuple[str, ...]
    numeric: bool


def candidates(values: Iterable[str]) -> TimeFormats:
    """The formats worth trying on a column with such values; none unless most values look like times.

    >>> candidates(["12/1/2010 08:26", "12/9/2011 12:50"]).formats
    ('%m/%d/%Y %H:%M', '%d/%m/%Y %H:%M')
    >>> candidates(["964982703"]).formats, candidates(["2024-05-01T10:00:00Z"]).formats, candidates(["blue"]).formats
    (('epoch_s',), ('iso',), ())
    """
    found: Counter[str] = Counter()
    seen = matched = digits = 0
    for value in values:
        text = value.strip()
        if not text:
            continue
        seen += 1
        formats = _formats(text)
        matched += bool(formats)
        digits += bool(_DIGITS.fullmatch(text))
        found.update(list(dict.fromkeys(formats)))
    if not seen or matched < 0.5 * seen:
        return TimeFormats((), False)
    common = [f for f, n in found.most_common(8) if n >= 0.02 * seen]
    return TimeFormats(tuple(common), digits > 0.5 * seen)


def spoken(time_format: str) -> str:
    """What a person calls a format.

    >>> spoken("%m/%d/%Y %H:%M"), spoken("iso"), spoken("%Y%m%d")
    ('month first', 'ISO time', 'yyyymmdd')
    """
    if time_format in _SPOKEN:
        return _SPOKEN[time_format]
    if time_format.startswith("%Y%m%d"):
        return "yyyymmdd" + {"%H%M%S": "hhmmss", "%H%M": "hhmm"}.get(time_format[6:], "")
    places = {
        place: time_format.find(f"%{letter}")
        for place, letters in _PLACES.items()
        for letter in letters
        if f"%{letter}" in time_format
    }
    return f"{min(places, key=lambda place: places[place])} first" if places else time_format


def swapped(time_format: str) -> str | None:
    """The same format with day and month the other way round; None where it has no such twin.

    >>> swapped("%m/%d/%Y %H:%M"), swapped("iso")
    ('%d/%m/%Y %H:%M', None)
    """
    if "%d" not in time_format or "%m" not in time_format or time_format.startswith(("%Y%m%d", "%Y年")):
        return None
    return time_format.replace("%d", "\0").replace("%m", "%d").replace("\0", "%m")


_PLACES = {"year": "Yy", "month": "mbB", "day": "d"}


def _formats(text: str) -> tuple[str, ...]:
    if match := _DIGITS.fullmatch(text):
        return _digits(text, match)
    if match := _PARTS.fullmatch(text):
        return _parts(match)
    if match := _NAMED.fullmatch(text):
        return _named(match)
    if match := _TWITTER.fullmatch(text):
        zone = match["z"]
        return ("%a %b %d %H:%M:%S " + ("%z " if zone and zone[0] in "+-" else "UTC " if zone else "") + "%Y",)
    if match := _CHINESE.fullmatch(text):
        return ("%Y年%m月%d日" + _clock(match),)
    return ()


def _digits(text: str, match: re.Match[str]) -> tuple[str, ...]:
    whole = text.split(".", maxsplit=1)[0]
    out = [_EPOCHS[len(whole)]] if len(whole) in _EPOCHS and not whole.startswith("0") else []
    if match["f"] is None and whole[:2] in ("19", "20") and "01" <= whole[4:6] <= "12" and "01" <= whole[6:8] <= "31":
        ending = {8: "", 12: "%H%M", 14: "%H%M%S"}.get(len(whole))
        out = ([f"%Y%m%d{ending}"] if ending is not None else []) + out
    return tuple(out)


def _parts(match: re.Match[str]) -> tuple[str, ...]:
    a, b, c, p = match["a"], match["b"], match["c"], match["p"]
    clock = _clock(match)
    if len(a) == 4 and len(c) <= 2:
        if p == "-" and not match["ap"] and bool(match["h"]) == bool(match["m"]):
            return ("iso",) if int(b) <= 12 else (f"%Y-%d-%m{clock}",)
        return (f"%Y{p}%m{p}%d{clock}", *([f"%Y{p}%d{p}%m{clock}"] if int(b) > 12 else []))
    if len(a) > 2 or len(c) == 3:
        return ()
    y = "%Y" if len(c) == 4 else "%y"
    both = [f"%m{p}%d{p}{y}{clock}", f"%d{p}%m{p}{y}{clock}"]
    return tuple(both if p in "/" else both[::-1])


def _named(match: re.Match[str]) -> tuple[str, ...]:
    month = match["m1"] or match["m2"]
    m = "%B" if month.lower() in _MONTHS and len(month) > 3 else "%b"
    y = "%Y" if len(match["y"]) == 4 else "%y"
    p = match["p1"]
    date = f"%d{p}{m}{p}{y}" if match["m1"] else f"{m} %d{match['comma']} {y}"
    day = "%a, " if match["dow"] and match.string[3:4] == "," else "%a " if match["dow"] else ""
    return (day + date + _clock(match),)


def _clock(match: re.Match[str]) -> str:
    if not match["h"]:
        return ""
    ap, zone = match["ap"], match["z"]
    clock = ("%I" if ap else "%H") + (":%M" if match["m"] else "")
    clock += (":%S" if match["s"] else "") + (".%f" if match["f"] else "")
    if ap:
        clock += " %p" if ap.startswith(" ") else "%p"
    if zone:
        clock += ("" if zone == zone.lstrip() else " ") + (zone.strip() if zone.strip().isalpha() else "%z")
    return re.sub(" +", " ", match["gap"]) + clock
