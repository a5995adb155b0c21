"""The different values of one column of a source, so that a person can say what each of them means."""

from __future__ import annotations

from core.ingest.relation import relation
from core.ingest.types import Source
from core.progress import Step, no_step
from core.store import Query, Store, ident


def value_counts(
    store: Store, source: Source, column: str, *, most: int = 200, step: Step = no_step
) -> list[tuple[str, int]]:
    """The values of `column`, trimmed, with the rows they stand in: the commonest first, at most `most` of them.

    The whole file is counted, malformed rows aside; blank cells are left out.
    """
    query = Query(f"SELECT trim({ident(column)}) AS value, count(*) AS n FROM ") + relation(source)
    query = query + Query(
        f" WHERE trim({ident(column)}) <> '' GROUP BY value ORDER BY n DESC, value LIMIT ?",
        (most,),
    )
    return [(str(row["value"]), int(str(row["n"]))) for row in store.rows(query, step=step)]
