"""Some users, each with the part that they are in: what colours them on a picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from core.segments.parts import BadRule
from core.segments.watch.asked import opened
from core.segments.watch.splits import Split, split_parts, split_query
from core.store import Query, Store, ident

MOST_PARTS = 7
"""Parts that have a name of their own: as many as there are colours that everybody can tell apart, beside grey."""

_LONGEST = 60  # letters of a value


@dataclass(frozen=True)
class ByColumn:
    """By a column of the users file: a part for each value. Numbers of many values are better cut by a segment."""

    column: str


@dataclass(frozen=True)
class Coloured:
    """Users in parts.

    Attributes:
        parts: names, in the split's own order (a column's: most users first); at most `MOST_PARTS`.
        of: for each user asked its place in `parts`; OTHERS for a part without a name of its own, NONE for no part.
        others: how many parts stand together as "others".
    """

    parts: tuple[str, ...]
    of: tuple[int, ...]
    others: int


OTHERS, NONE = -1, -2


def coloured(store: Store, by: Split | ByColumn, users: Sequence[int], *, most: int = MOST_PARTS) -> Coloured:
    """The part of each of these users (user_no), as of the end of the data.

    Where there are more than `most` parts with any of these users, those with the most of them keep their name.
    Raises BadRule for a split or a column that the workspace does not have.
    """
    schema, end = opened(store, None)
    if isinstance(by, ByColumn):
        if by.column not in schema.user or by.column == "user_id":
            raise BadRule(f"users have no column {by.column!r}", "column", f"Columns: {', '.join(schema.user)}.")
        cell = ident(by.column)
        # a list's values together are one part: who has both is in neither alone
        text = f"array_to_string({cell}, ', ')" if schema.user[by.column] == "list" else f"CAST({cell} AS VARCHAR)"
        query, order = Query(f"SELECT user_no, left({text}, {_LONGEST}) AS part FROM users"), None
    else:
        query, order = split_query(by, schema, end), split_parts(by, schema)
    asked = [int(user) for user in users]
    marks = ", ".join("?" * len(asked)) or "NULL"
    rows = store.rows(
        Query("SELECT q.user_no, q.part FROM (") + query + Query(f") q WHERE q.user_no IN ({marks})", tuple(asked))
    )
    part_of = {int(str(row["user_no"])): str(row["part"]) for row in rows if row["part"] not in (None, "")}
    found = Counter(part_of[user] for user in asked if user in part_of)
    ranked = sorted(found, key=lambda name: (-found[name], name))
    kept = set(ranked[:most])
    names = tuple(name for name in order or ranked if name in kept)
    place = {name: n for n, name in enumerate(names)}
    of = tuple(place.get(part_of[user], OTHERS) if user in part_of else NONE for user in asked)
    return Coloured(names, of, len(found) - len(names))


def these_users(users: Sequence[int]) -> Query:
    """The query that yields these users (`user_no`)."""
    marks = ", ".join("?" * len(users)) or "NULL"
    return Query(f"SELECT user_no FROM users WHERE user_no IN ({marks})", tuple(int(user) for user in users))
