"""Which column of a file plays which role: names propose, values decide."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from core.ingest.names import NameHint, event_in, hints, plain
from core.ingest.profile import ColumnFacts, Facts
from core.ingest.types import Kind, Role, Source

_NUMERIC: tuple[Role, ...] = ("quantity", "price", "value", "rating", "dwell", "count")
_ORDER: tuple[Role, ...] = (
    "user", "item", "event", "time", "order", "quantity", "price", "value", "rating", "session", "channel", "dwell",
    "device", "campaign", "title", "category",
)  # fmt: skip
_KIND_ROLES: dict[Kind, tuple[Role, ...]] = {
    "events": (*_ORDER, "count"),
    "items": ("item", "title", "category", "price"),
    "users": ("user", "contact", "consent"),
}
_MANY: tuple[Role, ...] = ("count", "contact", "consent")
_LOOSE = 200  # the rank of a name that only contains a role's word
_USER_FILE = re.compile(
    r"(?:^|_)(?:users?|customers?|members?|clients?|contacts?|subscribers?|crm|people|kunden|clientes?)(?:_|$)"
)
_ITEM_FILE = re.compile(
    r"(?:^|_)(?:items?|products?|movies?|films?|articles?|books?|songs?|tracks?|catalog(?:ue)?|goods|skus?|artikel|produkte|productos?)(?:_|$)"
)


@dataclass(frozen=True)
class Part:
    """The role given to a column; what spoke for it: its whole name, a word in it, or its values alone.

    `rival` is another column that could have it too.
    """

    role: Role
    event: str | None = None
    by: Literal["name", "word", "values"] = "name"
    rival: str | None = None


def guess_kind_from(source: Source, facts: Facts) -> Kind:
    """Which table a file feeds: what happened (events), or one row per item or per user."""
    roles = {c.name: _possible(c, facts) for c in facts.columns}
    found = {hint.role for possible in roles.values() for hint in possible[:1]}
    user, item = _best(facts, roles, "user"), _best(facts, roles, "item")
    name = plain(re.sub(r"\.(?:csv|tsv|txt|gz|parquet|xlsx?|jsonl?|ndjson)\b", "", source.name))
    if "event" in found or {"user", "item"} <= found or (item and found & {"order", "rating", "count"}):
        return "events"
    if item and not user and _unique(item, facts):
        return "items"
    if user and _unique(user, facts) and not found & {"order", "quantity"} and (facts.rows > 1 or "time" not in found):
        return "users"
    if not user and not item and not found & {"order", "quantity", "time"}:
        if _USER_FILE.search(name) or found & {"consent"} or any(c.emails for c in facts.columns):
            return "users"
        if _ITEM_FILE.search(name) and any(_unique(c, facts) for c in facts.columns):
            return "items"
    return "events"


def assign(source: Source, facts: Facts, kind: Kind) -> dict[str, Part]:
    """The role of each column that has one beside context, attribute and ignore."""
    named = [c for c in facts.columns if c.filled]
    taken: dict[str, Part] = {}
    wanted: list[tuple[int, int, str, NameHint]] = []
    for k, column in enumerate(named):
        wanted += [(h.rank, k, column.name, h) for h in _possible(column, facts) if h.role in _KIND_ROLES[kind]]
    for role in (*_MANY, *_ORDER):
        rivals = sorted(w for w in wanted if w[3].role == role and w[2] not in taken)
        if role in _MANY:
            taken |= {w[2]: Part(role, w[3].event) for w in rivals if not _better_elsewhere(w, wanted)}
            continue
        rivals = [w for w in rivals if not _better_elsewhere(w, wanted)] or rivals
        if rivals:
            first = rivals[0]
            near = [w[2] for w in rivals[1:] if w[2] != first[2] and w[0] <= first[0] + 3]
            if role == "time":  # the day beside the moment is no rival
                near = [n for n in near if 2 * facts.named(n).distinct > facts.named(first[2]).distinct]
            taken[first[2]] = Part(role, by="word" if first[0] >= _LOOSE else "name", rival=next(iter(near), None))
    return _by_values(source, facts, kind, taken)


def suits(column: ColumnFacts, role: Role) -> bool:
    """Whether a column's values can play a role at all."""
    if role in _NUMERIC:
        return column.numbers >= 0.9 * column.filled > 0
    if role == "time":
        return column.time_share >= 0.5
    if role == "event":
        return column.distinct <= 200 and column.time_share < 0.5
    if role in ("title", "category"):
        return column.time_share < 0.5
    if role in ("user", "item", "order"):
        return column.time_share < 0.5 or column.numeric_times
    if role == "consent":
        return column.booleans >= 0.5 * column.filled
    return True


def _possible(column: ColumnFacts, facts: Facts) -> list[NameHint]:
    if not column.filled:
        return []
    found = [h for h in (*hints(column.name), *_loose(column.name)) if suits(column, h.role)]
    if column.emails >= 0.8 * column.filled and not any(h.role in ("user", "contact") for h in found):
        found.insert(0, NameHint("contact"))
    return found


def _loose(name: str) -> list[NameHint]:
    """Roles of a name that contains a role's word: `my_customer_code`, `product_sale_price`, `order_approved_at`."""
    words = plain(name).split("_")
    if len(words) < 2:
        return []
    if words[-1] in ("id", "no", "nr", "num", "number", "code", "key", "hash", "uid"):
        return [
            NameHint(h.role, _LOOSE)
            for w in words[:-1]
            for h in hints(w)
            if h.role in ("user", "item", "order", "session")
        ]
    if words[-1] in (
        "price",
        "amount",
        "revenue",
        "qty",
        "quantity",
        "date",
        "time",
        "timestamp",
        "datetime",
        "at",
        "ts",
    ):
        return [NameHint(h.role, _LOOSE) for h in hints(words[-1]) if h.role in ("price", "value", "quantity", "time")]
    return []


def _better_elsewhere(one: tuple[int, int, str, NameHint], wanted: list[tuple[int, int, str, NameHint]]) -> bool:
    """The column's name says another role first."""
    return any(w[2] == one[2] and w[0] < one[0] - 5 and w[3].role != one[3].role for w in wanted)


def _best(facts: Facts, roles: dict[str, list[NameHint]], role: Role) -> ColumnFacts | None:
    ranked = [(h.rank, c.name) for c in facts.columns for h in roles[c.name][:1] if h.role == role]
    return facts.named(min(ranked)[1]) if ranked else None


def _unique(column: ColumnFacts, facts: Facts) -> bool:
    return column.distinct >= 0.9 * facts.rows


# ---- values alone: files without a header, or whose names say nothing


def _by_values(source: Source, facts: Facts, kind: Kind, taken: dict[str, Part]) -> dict[str, Part]:
    free = [c for c in facts.columns if c.filled and c.name not in taken and (not source.header or not hints(c.name))]
    have = {part.role for part in taken.values()}

    def take(role: Role, columns: Iterable[ColumnFacts]) -> None:
        column = next((c for c in columns if c in free), None)
        if role not in have and column is not None:
            taken[column.name] = Part(role, by="values")
            free.remove(column)
            have.add(role)

    if kind == "events":
        take(
            "time",
            (c for c in free if c.time_share >= 0.9 and (not c.numeric_times or not source.header or "T" in c.name)),
        )
        free += [c for c in facts.columns if c.filled and c.emails >= 0.8 * c.filled and c.name not in taken]
        take("user", (c for c in free if c.emails >= 0.8 * c.filled))
        ids = [c for c in free if _like_an_id(c, facts)]
        take("user", ids)
        if not source.header:
            take("item", (c for c in ids if not _twins(c, taken, facts)))
            _amounts(free, take)
    elif kind == "items":
        take("item", (c for c in free if _unique(c, facts) and suits(c, "item")))
    else:
        take("user", (c for c in free if _unique(c, facts) and suits(c, "user") and not c.emails))
        if "user" not in {part.role for part in taken.values()}:
            email = next((c for c in facts.columns if c.filled and c.emails >= 0.8 * c.filled), None)
            if email:
                taken[email.name] = Part("user", by="values")
    return taken


def _amounts(free: list[ColumnFacts], take: object) -> None:
    assert callable(take)
    numbers = [c for c in free if c.numeric and not c.padded]
    scale = [c for c in numbers if c.distinct <= 11 and (c.low or 0) >= 0 and (c.high or 99) <= 10]
    decimals = [c for c in numbers if c.whole < 0.9 * c.filled and c.distinct > 11]
    if decimals:
        take("quantity", [c for c in numbers if c.whole == c.filled and (c.high or 0) < 100_000])
        take("value", decimals)
    else:
        take("rating", scale)


def _like_an_id(column: ColumnFacts, facts: Facts) -> bool:
    """Whole numbers or codes with digits, many of them, most coming back."""
    digits = sum(any(ch.isdigit() for ch in v) and " " not in v.strip() for v in column.examples) >= 0.8 * len(
        column.examples
    )
    whole = not column.numbers or column.whole == column.numbers
    place = facts.columns.index(column)
    scale = not column.padded and column.numeric and (column.high or 0) < (100 if place > 1 else 12)  # quantity, rating
    return (
        digits
        and whole
        and not scale
        and column.distinct > max(1, min(10, facts.rows // 3))
        and column.time_share < 0.5
    )


def _twins(column: ColumnFacts, taken: dict[str, Part], facts: Facts) -> bool:
    """Has as many different values as the user column: most likely the same people under another number."""
    users = [facts.named(name) for name, part in taken.items() if part.role == "user"]
    return any(column.distinct == user.distinct for user in users)


def constant_event(source: Source, roles: Iterable[Role], *, time: str = "") -> str | None:
    """The event of every row of a file that has no event column, or None where ratings or counts are the events.

    The names of the file and of its `time` column may tell it (`clicks_may.csv`, `opened_at`).
    """
    present = set(roles)
    if "event" in present:
        return None
    if present & {"order", "quantity", "price", "value"}:
        return "purchase"
    if present & {"rating", "count"}:
        return None
    return event_in(source.name.split(".")[0]) or event_in(time) or ("view" if present & {"user", "item"} else None)
