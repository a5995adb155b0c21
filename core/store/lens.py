"""What readers see: the rows as they were loaded, but for those that repairs have excluded or changed.

Nothing that was loaded is ever changed. Repairs (core.quality) fill the tables `touched_*` (numbers of rows that no
longer show as they were loaded) and `mended_*` (such rows as they show now; an excluded row has none), and the views
of schema `repaired` put them in the place of the loaded rows. `Store.read` and its kin look there first, so that every
question, written for `events`, `users` and `items`, sees what repairs have made of them; writers, and a read that asks
for `raw`, see what was loaded. Without repairs there is no view, and the names mean the loaded tables.

Measured on 10 million events, 2 % of them touched: the sum of a column 0.08 s instead of 0.01, a count by day and kind
0.15 instead of 0.07, distinct users 0.35 instead of 0.19; grouping by user costs the same.
"""

from __future__ import annotations

import duckdb

from core.store.query import ident
from core.store.tables import table_columns

SCHEMA = "repaired"
KEYS = {"events": "event_no", "users": "user_no", "items": "item_no"}
"""Each table that repairs can touch, and the number that names its rows; `touched_X` has that column alone."""

# Who is kept is reached by their own contacts, and only where they have none by those of an id that was merged into
# theirs: the latest, and of one load the first id.
_LIVE = "FROM main.contact_facts c SEMI JOIN main.live_batches b ON b.batch_no = c.batch_no"
_CONTACTS = (
    "CREATE OR REPLACE VIEW repaired.contact_facts AS SELECT c.* FROM main.contact_facts c "
    "ANTI JOIN main.merged_users m ON m.user_no = c.user_no UNION ALL "
    f"SELECT batch_no, into_no AS user_no, column_name, value FROM (SELECT k.*, m.into_no "
    "FROM main.contact_facts k SEMI JOIN main.live_batches b ON b.batch_no = k.batch_no "
    "JOIN main.merged_users m ON m.user_no = k.user_no JOIN main.users u ON u.user_no = k.user_no "
    f"WHERE NOT EXISTS (SELECT 1 {_LIVE} WHERE c.user_no = m.into_no AND lower(c.column_name) = lower(k.column_name)) "
    "QUALIFY row_number() OVER (PARTITION BY m.into_no, lower(k.column_name) ORDER BY k.batch_no DESC, u.user_id) = 1)"
)


def refresh(cursor: duckdb.DuckDBPyConnection) -> bool:
    """Make the views follow `touched_*`, `mended_*` and the columns of the loaded tables; whether there is any.

    `mended_X` must have the columns of X by name and type; `prepare` makes it anew.
    """
    some = False
    for table, key in KEYS.items():
        if _any(cursor, f"touched_{table}"):
            some = True
            listed = ", ".join(ident(name) for name in columns(cursor, table))
            cursor.execute(
                f"CREATE OR REPLACE VIEW {SCHEMA}.{table} AS SELECT {listed} FROM main.{table} l WHERE NOT EXISTS "
                f"(SELECT 1 FROM main.touched_{table} t WHERE t.{key} = l.{key}) "
                f"UNION ALL SELECT {listed} FROM main.mended_{table}"
            )
        else:
            cursor.execute(f"DROP VIEW IF EXISTS {SCHEMA}.{table}")
    if _any(cursor, "merged_users"):
        cursor.execute(_CONTACTS)
    else:
        cursor.execute(f"DROP VIEW IF EXISTS {SCHEMA}.contact_facts")
    return some


def prepare(cursor: duckdb.DuckDBPyConnection) -> None:
    """Take every repair's effect away: the views go, and `mended_*` get the columns that the loaded tables have now."""
    for table in [*KEYS, "contact_facts"]:
        cursor.execute(f"DROP VIEW IF EXISTS {SCHEMA}.{table}")
    for table in KEYS:
        cursor.execute(f"DELETE FROM main.touched_{table}")
        cursor.execute(f"DROP TABLE main.mended_{table}")
        cursor.execute(f"CREATE TABLE main.mended_{table} AS FROM main.{table} LIMIT 0")
    cursor.execute("DELETE FROM main.merged_users")
    cursor.execute("DELETE FROM main.repair_cells")


def is_behind(cursor: duckdb.DuckDBPyConnection) -> bool:
    """Whether rows are touched that no view hides: in a workspace made from a backup, which takes rows alone."""
    touched = [table for table in KEYS if _any(cursor, f"touched_{table}")]
    if not touched:
        return False  # DuckDB's list of views takes as long as all else of opening a workspace
    seen = {name for (name,) in cursor.execute(
        "SELECT view_name FROM duckdb_views() WHERE schema_name = ? AND database_name = current_database()", [SCHEMA]
    ).fetchall()}  # fmt: skip
    return any(table not in seen for table in touched)


def columns(cursor: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    """Names of a loaded table's columns, in order."""
    return [name for name, _ in table_columns(cursor, table)]


def _any(cursor: duckdb.DuckDBPyConnection, table: str) -> bool:
    return bool(cursor.execute(f"SELECT 1 FROM main.{table} LIMIT 1").fetchall())
