"""What items are called and which categories they are in, from the items' own columns."""

from __future__ import annotations

from core.store import Query, Store, ident

_MANY = 1_000  # from so many on, all items are read: a parameter for each takes longer


def category_columns(store: Store) -> dict[str, str]:
    """The items' category columns in order of loading, each with the SQL that yields its (item_no, category) pairs.

    A column of lists yields a pair for each entry. An item without a category yields a NULL or no pair.
    """
    rows = store.rows(
        Query(
            "SELECT c.column_name, d.data_type FROM columns c JOIN duckdb_columns() d USING (table_name, column_name)"
            " WHERE d.schema_name = 'main' AND c.table_name = 'items' AND c.role = 'category' ORDER BY d.column_index"
        )
    )
    found = {}
    for row in rows:
        name = ident(str(row["column_name"]))
        value = (
            f"unnest(CAST({name} AS VARCHAR[]))" if str(row["data_type"]).endswith("[]") else f"CAST({name} AS VARCHAR)"
        )
        found[str(row["column_name"])] = f"SELECT DISTINCT item_no, {value} AS category FROM items"
    return found


def item_names(store: Store, item_nos: list[int]) -> dict[int, tuple[str, str]]:
    """The id of each item, and what to call it: its title where there is one, else its id."""
    if not item_nos:
        return {}
    rows = store.rows(
        Query("SELECT column_name FROM columns WHERE table_name = 'items' AND role = 'title' ORDER BY column_name")
    )
    titles = [f"nullif(trim(CAST({ident(str(row['column_name']))} AS VARCHAR)), '')" for row in rows]
    title = f"coalesce({', '.join([*titles, 'item_id'])})"
    named = Query(f"SELECT item_no, item_id, {title} AS title FROM items")
    if len(item_nos) < _MANY:
        named += Query(f" WHERE item_no IN ({', '.join('?' * len(item_nos))})", tuple(item_nos))
    wanted = set(item_nos)
    return {
        int(row["item_no"]): (str(row["item_id"]), str(row["title"]))
        for row in store.rows(named)
        if row["item_no"] in wanted
    }
