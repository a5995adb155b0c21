"""Reading contact data, which live apart from `users`: only what exports lists, or looks people up, may ask."""

from __future__ import annotations

from collections.abc import Sequence

from core.store.query import Query, joined
from core.store.store import Store


def contact_columns(store: Store) -> list[str]:
    """The columns that loads brought as contact (e-mail address, telephone), in the order of their names."""
    rows = store.rows(
        Query("SELECT column_name FROM columns WHERE table_name = 'contacts' ORDER BY lower(column_name), column_name")
    )
    return [str(row["column_name"]) for row in rows]


def contacts_query(columns: Sequence[str], users: Query | None = None) -> Query:
    """The query for (user_no, c0, c1, ...): of each user who has any, the contacts in `columns`; missing ones NULL.

    Of several loads that count, the latest with a value wins, per user and column; a column is known by its name in
    any case. `users`, a query for user_no, limits whom it looks at.
    """
    if not columns:
        return Query("SELECT NULL::INTEGER AS user_no WHERE false")
    picked = [
        Query(f"arg_max(value, batch_no) FILTER (lower(column_name) = lower(?)) AS c{n}", (name,))
        for n, name in enumerate(columns)
    ]
    among = Query("") if users is None else Query(" WHERE user_no IN (") + users + ")"
    source = Query(" FROM contact_facts SEMI JOIN live_batches USING (batch_no)") + among
    return Query("SELECT user_no, ") + joined(", ", picked) + source + " GROUP BY user_no"
