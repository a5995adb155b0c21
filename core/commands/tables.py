"""Tables and figures as text: columns lined up, thousands separated, what is not known as "-"."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

_WIDEST = 40


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> list[str]:
    """Lines of a table: the first `left` columns start at the left, the others end at the right.

    >>> table(("who", "users"), [("new", "12")])
    ['who  users', 'new     12']
    """
    cells = [list(head), *([_short(cell) for cell in row] for row in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(head))]
    return [
        "  ".join(
            f"{cell:<{width}}" if place < left else f"{cell:>{width}}"
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]


def number(value: float | None) -> str:
    """Up to two digits after the point.

    >>> number(1234.5), number(None)
    ('1,234.5', '-')
    """
    return "-" if value is None else f"{value:,.2f}".rstrip("0").rstrip(".")


def percent(share: float | None) -> str:
    """A share of 0 to 1 with one digit after the point."""
    return "-" if share is None else f"{share:.1%}"


def shown(moment: datetime | None) -> str | None:
    """ISO text, for JSON."""
    return None if moment is None else moment.isoformat()


def day(moment: datetime | None) -> str:
    """For people; the time of day only where there is one."""
    if moment is None:
        return "all time (no event has a time)"
    return f"{moment:%Y-%m-%d}" if moment == datetime(*moment.timetuple()[:3]) else f"{moment:%Y-%m-%d %H:%M} UTC"


def users(count: int) -> str:
    """As "1 user", "1,200 users"."""
    return f"{count:,} user" if count == 1 else f"{count:,} users"


def _short(cell: str) -> str:
    return cell if len(cell) <= _WIDEST else cell[: _WIDEST - 1] + "…"
