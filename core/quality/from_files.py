"""What only the files say: rows that were rejected or left out, and cells without a value that no table shows."""

from __future__ import annotations

from typing import Any

from core.quality import said
from core.quality.ask import one
from core.quality.event_examples import EXAMPLES
from core.quality.types import Asked, Finding
from core.store import Query

_WHY = {
    "bad_time": "had a time that cannot be read", "bad_date": "had a date that cannot be read",
    "bad_clock": "had a time of day that cannot be read", "bad_number": "had no number where one should be",
    "bad_count": "had no count where one should be", "bad_yes_no": "had neither yes nor no",
    "missing_event": "did not say what happened", "missing_id": "did not say whom or what it is about",
    "too_long": "had a value that is too long", "nul_byte": "had a NUL byte", "bad_quotes": "had a stray quote",
    "too_few_cells": "had too few cells", "too_many_cells": "had too many cells",
    "bad_encoding": "had bytes that are no text", "erased_user": "named a user who was erased",
    "parts_differ": "had not as many parts as items", "value_too_large": "had a value too large to hold",
}  # fmt: skip
_NOWHERE = "('title', 'category')"  # of events files: kept as the item's, not in each event


def detect(asked: Asked) -> list[Finding]:
    """Findings about the rows of the files that count: `rejected`, `repeat_dropped`, `overlap`, `missing_in_file`."""
    return [*_rejected(asked), *_left_out(asked), *_missing(asked)]


def _rejected(asked: Asked) -> list[Finding]:
    """One finding for each reason and column, of the rows of all files of that kind."""
    return [
        Finding(
            "rejected", "note" if row["reason"] == "erased_user" else "look", _rejected_title(row),
            "They are in no figure. The history of loads has every rejected row with its line, to be corrected and "
            "loaded again.", "rows", int(row["n"]), int(row["read"]),
            column=row["column_name"], examples=_lines(asked, row["reason"], row["column_name"]),
            facts={"reason": row["reason"], "files": row["kind"]},
        )
        for row in asked.reader.rows(_REASONS, step=asked.step)
    ]  # fmt: skip


def _rejected_title(row: dict[str, Any]) -> str:
    where = f" (column {row['column_name']!r})" if row["column_name"] else ""
    counted = said.of_all(int(row["n"]), int(row["read"]), f"rows of {row['kind']}")
    were, they = ("was", "it") if row["n"] == 1 else ("were", "they")
    return f"{counted} {were} not loaded: {they} {_WHY.get(row['reason'], 'could not be read')}{where}."


_REASONS = Query(
    "SELECT b.kind, r.reason, r.column_name, count(*) AS n, any_value(k.read) AS read FROM rejects r "
    "JOIN live_batches b USING (batch_no) JOIN (SELECT kind, sum(rows_read)::BIGINT AS read FROM batches "
    "SEMI JOIN live_batches USING (batch_no) GROUP BY kind) k ON k.kind = b.kind "
    "GROUP BY b.kind, r.reason, r.column_name ORDER BY n DESC, b.kind, r.reason, r.column_name"
)
_TOTALS = Query(
    "SELECT coalesce(sum(rows_read), 0)::BIGINT AS read, coalesce(sum(rows_overlap), 0)::BIGINT AS overlap, "
    "coalesce(sum(rows_duplicate - rows_overlap), 0)::BIGINT AS dropped "
    "FROM batches SEMI JOIN live_batches USING (batch_no)"
)


def _lines(asked: Asked, reason: str, column: str | None) -> tuple[dict[str, object], ...]:
    query = Query(
        "SELECT file, line, message FROM rejects SEMI JOIN live_batches USING (batch_no) WHERE reason = ? "
        "AND column_name IS NOT DISTINCT FROM ? ORDER BY batch_no, file, line LIMIT ?",
        (reason, column, EXAMPLES),
    )
    return tuple(asked.reader.rows(query, step=asked.step))


def _left_out(asked: Asked) -> list[Finding]:
    row = one(asked, _TOTALS)
    read, dropped, overlap = (int(row[name]) for name in ("read", "dropped", "overlap"))
    found = []
    if dropped:
        title = f"{said.of_all(dropped, read, 'rows of the files')} repeat another exactly and were left out."
        meaning = "As their mapping says (repeats: drop). They are in no figure."
        found.append(Finding("repeat_dropped", "note", title, meaning, "rows", dropped, read))
    if overlap:
        title = f"{said.of_all(overlap, read, 'rows of the files')} are in earlier loads and were left out."
        meaning = "As their mapping says (overlap: drop). They come back should the earlier load be undone."
        found.append(Finding("overlap", "note", title, meaning, "rows", overlap, read))
    return found


def _missing(asked: Asked) -> list[Finding]:
    """Columns of which no table shows any longer whether a row of the file had a value."""
    found = []
    for row in asked.reader.rows(_UNSEEN, step=asked.step):
        n, of, column, role = int(row["missing"]), int(row["rows"]), str(row["column_name"]), str(row["role"])
        kept = "kept apart, shown only where a list is exported" if role == "contact" else f"kept as the item's {role}"
        found.append(
            Finding(
                "missing_in_file",
                "note",
                f"{said.of_all(n, of, 'rows of the files')} {said.have(n)} no {column}.",
                f"Counted by the load over the rows that were kept. The column is {kept}, "
                "so single rows are not marked.",
                "rows",
                n,
                of,
                column=column,
                facts={"role": role},
            )
        )
    return found


_UNSEEN = Query(
    "SELECT column_name, c.role, sum(rows)::BIGINT AS rows, sum(missing)::BIGINT AS missing FROM batch_columns c "
    "JOIN live_batches b USING (batch_no) "
    f"WHERE c.role = 'contact' OR (b.kind = 'events' AND c.role IN {_NOWHERE}) "
    "GROUP BY column_name, c.role HAVING sum(missing) > 0 ORDER BY missing DESC, column_name"
)
