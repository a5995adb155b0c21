"""How findings put figures into words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.store.vocabulary import EVENTS

_PLAIN = {word.name: word.plain.lower() for word in EVENTS}


def number(value: float) -> str:
    """A number as people write it.

    >>> number(135080), number(0.5), number(-1), number(1e15)
    ('135,080', '0.5', '-1', '1,000,000,000,000,000')
    """
    return f"{value:,.0f}" if value == int(value) else f"{value:,.4f}".rstrip("0")


def share(n: int, of: int) -> str:
    """How much n is of `of` in per cent, never rounded to nothing or all.

    >>> share(135080, 541909), share(1, 300000), share(299999, 300000), share(3, 3)
    ('24.9 %', 'under 0.1 %', 'over 99.9 %', '100 %')
    """
    if n == of:
        return "100 %"
    part = 100 * n / of if of else 0.0
    if 0 < part < 0.1:
        return "under 0.1 %"
    return "over 99.9 %" if part > 99.9 else f"{part:.1f} %"


def of_all(n: int, of: int, plain: str) -> str:
    """ "n of `of` (share)" with what is counted.

    >>> of_all(1, 40, "events")
    '1 of 40 events (2.5 %)'
    """
    return f"{number(n)} of {number(of)} {plain} ({share(n, of)})"


def be(n: int) -> str:
    """The verb that goes with n things."""
    return "is" if n == 1 else "are"


def have(n: int) -> str:
    """The verb that goes with n things."""
    return "has" if n == 1 else "have"


def listed(words: Sequence[str], last: str = "and") -> str:
    """Words one after the other.

    >>> listed(["views"]), listed(["views", "clicks", "carts"])
    ('views', 'views, clicks and carts')
    """
    return f" {last} ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)


def plural(event: str) -> str:
    """What several events of a word are called."""
    return _PLAIN.get(event, f"{event!r} events")


def day(at: datetime) -> str:
    """A day as people write it."""
    return f"{at:%-d %b} {at.year}"
