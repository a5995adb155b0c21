"""What the name of a column says about its role, in the spellings that shops, logs and public data sets use."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from core.ingest.types import Role
from core.store import known_event

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OTHER = re.compile(r"[\W_]+")

_CONSENT = re.compile(
    r"(?:^|_)(?:consents?|consented|opt_?ins?|opted_in|permission|gdpr|subscribed|einwilligung)(?:_|$)"
)
_CONSENT_NOISE = re.compile(r"(?:^|_)(?:has|is|given|to|for|in|marketing|date|gdpr|channel)(?=_|$)")
_COUNT_NOISE = re.compile(
    r"^(?:n|num|nb|number_of|no_of|count_of|total|cnt|sum)_|_?(?:count|counts|cnt)$|_(?:n|total)$"
)


@dataclass(frozen=True)
class NameHint:
    """What a name says: a role, how rare the spelling is (0 = the commonest), and the event counted or the channel."""

    role: Role
    rank: int = 0
    event: str | None = None


def plain(name: str) -> str:
    """A column name in small letters with single underscores.

    >>> plain("CustomerID"), plain(" Unit Price ($) "), plain("InvoiceNo"), plain("用户ID")
    ('customer_id', 'unit_price', 'invoice_no', '用户id')
    """
    parted = _CAMEL.sub("_", name.strip()).lower()
    return _OTHER.sub("_", parted).strip("_")


def hints(name: str) -> tuple[NameHint, ...]:
    """The roles that a name may mean, best first; empty when it says nothing.

    >>> [h.role for h in hints("StockCode")], hints("clicks")[0].event, hints("consent_email")[0].event
    (['item'], 'click', 'email')
    """
    word = plain(name)
    found: list[NameHint] = []
    if consent := _consent(word):
        found.append(NameHint("consent", event=consent))
    for spelling in dict.fromkeys((word, word.replace("_", ""), _tail(word))):
        found += [h for h in _BY_SPELLING.get(spelling, ()) if all(h.role != f.role for f in found)]
    if counted := _counted(word):
        found.append(NameHint("count", event=counted))
    return tuple(found)


def event_word(value: str) -> str | None:
    """The vocabulary's word for a value of an event column, in more languages than the vocabulary itself lists.

    >>> event_word("addToCart"), event_word("加购"), event_word("newsletter")
    ('cart', 'cart', None)
    """
    return known_event(value) or _FOREIGN.get(value.strip().lower()) or known_event(plain(value))


def event_in(name: str) -> str | None:
    """The vocabulary's event that a file or column name mentions ("purchases_2024.csv" -> "purchase")."""
    for word in plain(name).split("_"):
        for spelling in (word, word.removesuffix("s"), word.removesuffix("es")):
            if len(spelling) > 2 and (event := known_event(spelling)):
                return event
    return None


def _tail(word: str) -> str:
    """The name without a unit or a mark of how it was made behind it: `ts_ms`, `price_eur`, `user_hash`."""
    return re.sub(r"_(?:ms|us|utc|local|usd|eur|gbp|s|sec|seconds|millis|hash|hashed|anon|key|raw)$", "", word)


def _counted(word: str) -> str | None:
    """The event that a column of numbers counts, by its name: `clicks`, `n_views`, `cart_count`."""
    bare = _COUNT_NOISE.sub("", word)
    if bare == word and not word.endswith(("s", "ed")):
        return None
    return known_event(bare) or known_event(bare.removesuffix("s")) or known_event(bare.removesuffix("es"))


def _consent(word: str) -> str | None:
    """The channel of a consent column ("any" when its name tells none), or None for other columns."""
    if not _CONSENT.search(word):
        return None
    channel = _CONSENT_NOISE.sub("", _CONSENT.sub("_", word)).strip("_")
    return re.sub(r"_+", "_", channel) or "any"


def _spellings() -> tuple[dict[str, list[NameHint]], dict[str, str]]:
    """Spelling -> the roles it may mean, and spelling -> event."""
    with Path(__file__).with_name("spellings.toml").open("rb") as file:
        listed: dict[str, dict[str, str]] = tomllib.load(file)
    roles: dict[str, list[NameHint]] = {}
    for role, words in listed["roles"].items():
        for rank, spelling in enumerate(words.split()):
            for form in dict.fromkeys((spelling, spelling.replace("_", ""))):
                known = roles.setdefault(form, [])
                if all(hint.role != role for hint in known):
                    known.append(NameHint(cast(Role, role), rank))
    return roles, {spelling: event for event, words in listed["events"].items() for spelling in words.split()}


_BY_SPELLING, _FOREIGN = _spellings()
