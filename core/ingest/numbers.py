"""Numbers as people write them: decimal commas, thousands, currencies, negatives in brackets. From a sample, in SQL."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from core.store import literal

Style = Literal["comma", "point"]
"""How the numbers of a column are written: `1.234,50` (comma) or `$1,234.50` (point)."""

_SPACE = " \u00a0\u2009\u202f"
_APOSTROPHE = "'\u2019"
_SIGNS = "$£€¥₹₩₽₺₴₦₫฿₪₱₡₲₵₸"
_CODES = (
    "EUR USD GBP CHF JPY CNY RMB INR BRL SEK NOK DKK ISK PLN CZK HUF RON BGN TRY RUB UAH ZAR MXN CAD AUD NZD SGD HKD "
    "KRW TWD THB IDR MYR PHP VND ILS AED SAR EGP NGN KES ARS CLP COP PEN"
).split()
_WORDS = (
    r"R\$",
    r"[KkCc]r\.?",
    "zł",
    "Kč",
    "Ft",
    "lei",
    r"Fr\.",
    "SFr\\.?",
    r"Rs\.?",
    "US\\$",
    "A\\$",
    "C\\$",
    "元",
    "円",
)
_MONEY = f"(?:{'|'.join((*_WORDS, *_CODES))}|[{_SIGNS}])"
_MINUS = "-\u2212"
_GAP = f"[{_SPACE}]?"
_SIGN = f"[{_MINUS}+]?"


def _form(number: str) -> str:
    """The pattern of an amount around a number: `-12`, `€ 12`, `12 EUR`, `12-`, `(12)`."""
    front = f"(?:{_SIGN}{_GAP}(?:{_MONEY}{_GAP})?|{_MONEY}{_GAP}{_SIGN}{_GAP})"
    plain = f"{front}{number}(?:{_GAP}{_MONEY})?"
    bracketed = rf"(?:{_MONEY}{_GAP})?\({_GAP}(?:{_MONEY}{_GAP})?{number}(?:{_GAP}{_MONEY})?{_GAP}\)(?:{_GAP}{_MONEY})?"
    behind = f"(?:{_MONEY}{_GAP})?{number}{_GAP}[{_MINUS}](?:{_GAP}{_MONEY})?"
    return f"(?:{plain}|{bracketed}|{behind})"


def _thousands(mark: str) -> str:
    return rf"[1-9][0-9]{{0,2}}(?:[{mark}{_SPACE}{_APOSTROPHE}][0-9]{{3}})+"


_LAKH = r"[1-9][0-9]?(?:,[0-9]{2})*,[0-9]{3}"
_COMMA = _form(rf"(?:{_thousands('.')}|[0-9]+)(?:,[0-9]+)?")
_POINT = _form(rf"(?:{_thousands(',')}|{_LAKH}|[0-9]+)(?:\.[0-9]+)?")
_PLAIN = re.compile(r"[-+]?[0-9]*\.?[0-9]*(?:[eE][-+]?[0-9]+)?")
_AMOUNT = {"comma": re.compile(_COMMA), "point": re.compile(_POINT)}


def style(values: Sequence[str]) -> Style | None:
    """The style of a column with such values, or None where plain reading does (or they are not numbers).

    A column of nothing but `1,234` is taken as thousands; one `1,5` or `1,2345` among them makes it decimal commas.

    >>> style(["2,50", "1.234,00"]), style(["$1,234.50", "3"]), style(["1,234", "2,345"])
    ('comma', 'point', 'point')
    >>> style(["1,00,000", "(12.50)", "12-"]), style(["1 234,50 €", "EUR 3"]), style(["kr 100"])
    ('point', 'comma', 'point')
    >>> style(["2.50"]), style(["a,b"]), style(["12 %"])
    (None, None, None)
    """
    filled = [v.strip() for v in values if v.strip()]
    if not filled or all(_PLAIN.fullmatch(v) for v in filled):
        return None
    if all(_AMOUNT["point"].fullmatch(v) for v in filled):
        return "point"
    return "comma" if all(_AMOUNT["comma"].fullmatch(v) for v in filled) else None


def read(cell: str, found: str) -> str:
    """SQL of the plain number in `cell`; a cell that is not written in the style stays as it stands."""
    mark, pattern = {"comma": (",", _COMMA), "point": (".", _POINT)}[found]
    bare = f"regexp_replace(trim({cell}), {literal(_MONEY)}, '', 'g')"
    digits = f"replace(regexp_replace({bare}, '[^0-9{mark}]', '', 'g'), ',', '.')"
    negative = f"regexp_matches({cell}, '[{_MINUS}(]')"
    amount = f"CASE WHEN {negative} THEN '-' ELSE '' END || {digits}"
    return f"CASE WHEN regexp_full_match(trim({cell}), {literal(pattern)}) THEN {amount} ELSE {cell} END"
