"""What a workspace holds, in one look."""

from __future__ import annotations

from typing import Any

from core.ingest.undo import batches
from core.quality.repairs import listed
from core.store import Query, Store
from core.store.digest import content_digest


def describe(store: Store) -> dict[str, Any]:
    """What the workspace holds.

    Keys: `path`, `version`, `digest` (of the content, core.store.digest), `first` and `last` event (UTC, None without
    times), `as_of` (the default end of windows), `users`, `items`, `rows` (of events), `anonymous` (events without
    user), `events` {word: count}, `orders` (of purchases: by user and order id, or by user and day where there is no
    id), `net_revenue` (Decimal: value of purchases plus returns; None when no value is known), `columns` [{table,
    column, role}], `batches` (as `batches`), and, where repairs count, `repairs` (as core.quality.listed): figures
    and digest are then of the rows as repaired. `groups`: kept groups of users {kind: count}.
    """
    row = store.rows(_TOTALS)[0]
    kinds = store.rows(Query("SELECT event, count(*) AS n FROM events GROUP BY event ORDER BY n DESC, event"))
    columns = store.rows(Query('SELECT table_name AS "table", column_name AS "column", role FROM columns ORDER BY ALL'))
    return {
        "path": str(store.path),
        "version": store.version,
        "digest": content_digest(store),
        **row,
        "as_of": store.as_of(),
        "events": {str(kind["event"]): int(str(kind["n"])) for kind in kinds},
        "columns": columns,
        "groups": {str(row["kind"]): int(str(row["n"])) for row in store.rows(_GROUPS)},
        "batches": batches(store),
    } | ({"repairs": repaired} if (repaired := listed(store)) else {})


_GROUPS = Query("SELECT kind, count(*) AS n FROM groupings GROUP BY kind ORDER BY n DESC, kind")
_TOTALS = Query(
    "SELECT (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM items) AS items, count(*) AS rows, "
    'count(*) FILTER (user_no IS NULL) AS anonymous, min(at_utc) AS "first", max(at_utc) AS "last", '
    "count(DISTINCT (user_no, order_id, CASE WHEN order_id IS NULL THEN at_utc::DATE END)) "
    "FILTER (event = 'purchase' AND (user_no IS NOT NULL OR order_id IS NOT NULL)) AS orders, "
    "sum(value) FILTER (event IN ('purchase', 'return')) AS net_revenue FROM events"
)
