"""Numbers, dates, lists and deeds in plain words, and other people's text made fit to stand in a sentence."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime

_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
LONGEST = 60  # characters of a title inside a sentence

# event -> what a sentence says of an item (the item stands for {}), and what a note says before "3 times"
_DEEDS: dict[str, tuple[str, str]] = {
    "impression": ("were shown {}", "shown"),
    "open": ("opened {}", "opened"),
    "view": ("viewed {}", "viewed"),
    "click": ("clicked on {}", "clicked"),
    "search": ("searched for {}", "searched for"),
    "favourite": ("saved {} as a favourite", "saved as a favourite"),
    "share": ("shared {}", "shared"),
    "comment": ("commented on {}", "commented on"),
    "cart": ("put {} in the cart", "put in the cart"),
    "purchase": ("bought {}", "bought"),
    "rating": ("rated {}", "rated"),
    "return": ("returned {}", "returned"),
    "": ("had to do with {}", ""),
}


def one_line(text: str) -> str:
    """`text` on one line: white space runs become one blank; control and invisible direction marks go.

    >>> one_line("Lamp\\n\\n # red\\u202e")
    'Lamp # red'
    """
    spaced = " ".join(text.split())
    return "".join(c for c in spaced if not unicodedata.category(c).startswith("C")).strip()


def short(text: str, most: int = LONGEST) -> str:
    """`text` on one line and cut, with a sign that it was cut.

    >>> short("A lamp that goes on and on", 12)
    'A lamp that…'
    """
    line = one_line(text)
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def named(title: str) -> str:
    """A title inside a sentence: cut, and in quotation marks where a list could not be told from it.

    >>> named("Lamp"), named("Bowl, sage"), named("Salt and pepper")
    ('Lamp', '“Bowl, sage”', '“Salt and pepper”')
    """
    cut = short(title)
    if not any(sign in cut for sign in (",", ";", " and ", ". ")):
        return cut
    inside = cut.replace("“", '"').replace("”", '"')
    return f"“{inside}”"


def times(n: int) -> str:
    """How often.

    >>> times(1), times(2), times(1204)
    ('once', 'twice', '1,204 times')
    """
    return {1: "once", 2: "twice"}.get(n, f"{n:,} times")


def day(at: datetime) -> str:
    """The day (UTC) in words, in English whatever the machine's language.

    >>> day(datetime(2011, 11, 4, 23, 5))
    '4 Nov 2011'
    """
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}"


def percent(share: float) -> str:
    """A share from 0 to 1 in whole per cent; 100 only where it is all.

    >>> percent(0.714), percent(0.999), percent(0.002), percent(1.0)
    ('71 %', '99 %', 'under 1 %', '100 %')
    """
    if share < 0.01:
        return "under 1 %"
    return f"{100 if share > 1 - 1e-9 else min(round(share * 100), 99)} %"


def number(value: float) -> str:
    """A rating or quantity without needless digits.

    >>> number(4.0), number(4.5), number(97894.55)
    ('4', '4.5', '97894.55')
    """
    return f"{value:.0f}" if math.isfinite(value) and value == round(value) else f"{value:.12g}"


def listed(parts: Sequence[str]) -> str:
    """Parts with commas, and before the last.

    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def deed(event: str, what: str) -> str:
    """What somebody did with one thing or several, as it follows "they".

    >>> deed("cart", "Lamp"), deed("own word", "Lamp")
    ('put Lamp in the cart', 'did “own word” with Lamp')
    """
    said = _DEEDS.get(event, (f"did “{short(event).replace('{', '(').replace('}', ')')}” with {{}}", ""))[0]
    before, _, after = said.partition("{}")
    return before + what + after


def deeds(told: Iterable[tuple[str, str]]) -> str:
    """(event, item) pairs as it follows "they", those of one event together.

    >>> deeds([("purchase", "Lamp"), ("view", "Bulb"), ("purchase", "Shade")])
    'bought Lamp and Shade and viewed Bulb'
    """
    by_event: dict[str, list[str]] = {}
    for event, what in told:
        by_event.setdefault(event, []).append(what)
    return listed([deed(event, listed(what)) for event, what in by_event.items()])


def noted(event: str, n: int, last: datetime | None) -> str:
    """One deed of a note.

    >>> noted("purchase", 3, datetime(2011, 11, 4)), noted("view", 1, None)
    ('bought 3 times, last on 4 Nov 2011', 'viewed once')
    """
    said = _DEEDS[event][1] if event in _DEEDS else f"“{short(event)}”"
    when = "" if last is None else f" on {day(last)}" if n == 1 else f", last on {day(last)}"
    return f"{said} {times(n)}{when}"
