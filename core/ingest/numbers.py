"""Numbers as people write them: decimal commas, thousands, currency signs. Told from a sample, read in SQL."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

Style = Literal["comma", "point"]
"""How the numbers of a column are written: `1.234,50` (comma) or `$1,234.50` (point)."""

_MONEY = r"[$£€¥₹]"
_COMMA = rf"{_MONEY}? ?[-+]?(?:[0-9]{{1,3}}(?:[. '][0-9]{{3}})+|[0-9]+)(?:,[0-9]+)? ?{_MONEY}?"
_POINT = rf"[-+]?{_MONEY}? ?[-+]?(?:[0-9]{{1,3}}(?:,[0-9]{{3}})+|[0-9]+)(?:\.[0-9]+)? ?{_MONEY}?"
_PLAIN = re.compile(r"[-+]?[0-9]*\.?[0-9]*(?:[eE][-+]?[0-9]+)?")


def style(values: Sequence[str]) -> Style | None:
    """The style of a column with such values, or None where plain reading does (or they are not numbers).

    A column of nothing but `1,234` is taken as thousands; one `1,5` or `1,2345` among them makes it decimal commas.

    >>> style(["2,50", "1.234,00"]), style(["$1,234.50", "3"]), style(["1,234", "2,345"])
    ('comma', 'point', 'point')
    >>> style(["2.50"]), style(["a,b"])
    (None, None)
    """
    filled = [v.strip() for v in values if v.strip()]
    if not filled or all(_PLAIN.fullmatch(v) for v in filled):
        return None
    if all(re.fullmatch(_POINT, v) for v in filled):
        return "point"
    return "comma" if all(re.fullmatch(_COMMA, v) for v in filled) else None


def read(cell: str, found: str) -> str:
    """SQL of the plain number in `cell`; a cell that is not written in the style stays as it stands."""
    gone = {"comma": r"[. ''$£€¥₹+]", "point": r"[, $£€¥₹+]"}[found]
    plain = f"regexp_replace(trim({cell}), '{gone}', '', 'g')"
    plain = f"replace({plain}, ',', '.')" if found == "comma" else plain
    pattern = {"comma": _COMMA, "point": _POINT}[found].replace("'", "''")
    return f"CASE WHEN regexp_full_match(trim({cell}), '{pattern}') THEN {plain} ELSE {cell} END"
