"""Erasing one user: every row that is theirs goes, their id is nowhere in the workspace, and a receipt says what went.

What stays is about others or about many: items that only this user touched, with titles and categories that files of
events gave them; figures that were worked out before (stored runs, manifests of lists); history of loads with its
counts of rows. A load's rows_read = loaded + rejected + duplicate goes on saying what was loaded then;
`batches.events_gone` says how many events have left since.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from core.errors import Refusal
from core.ingest import typed
from core.ingest.erased import forget_row, is_erased, remember
from core.ingest.mentions import (
    GONE,
    answer_without,
    mentions,
    rule_without,
    sentence_without,
    without,
    words_without,
)
from core.ingest.pseudonym import as_kept
from core.progress import Step, no_step
from core.quality.forget import forget_in_repairs
from core.quality.repairs import reapply
from core.store import Query, Writer

BY_NUMBER = (
    "events",
    "parked_events",
    "user_facts",
    "parked_user_facts",
    "contact_facts",
    "run_users",
    "run_chosen",
    "users",
    "retired_users",
)
"""The tables that know a user by number; tests/ingest/test_erase.py holds that there are no others."""

REPAIRED = ("touched_users", "mended_users", "mended_events", "merged_users")
"""What repairs make of the rows: emptied here and made again without the user."""

_OF_BATCHES = ("events", "parked_events", "user_facts", "parked_user_facts", "contact_facts")
ON_DISK = (
    "The file on disk: deleted text can stand in unused parts of the file until they are written over. "
    "Writing the file anew takes them out."
)
"""The note of every receipt on what is left in the bytes of the file until it is written anew."""

_NOTES = (
    "Every row of this user is gone from the workspace, and a later load leaves out rows that name this user.",
    ON_DISK,
    "Backups, exported files and copies of the workspace made earlier still have this user, and so have the files "
    "that were loaded: delete or erase there too.",
    "Items that only this user touched stay, with what files say of them; figures worked out earlier stay too.",
)


@dataclass(frozen=True)
class Receipt:
    """What erasing one user did; it does not hold the id.

    Attributes:
        id_hash: HMAC-SHA-256 of the id (hexadecimal) with the workspace's own key, as kept in `erased`.
        erased_at: UTC.
        rows: table -> rows deleted, or emptied (rejects, jobs, segments, groupings); only tables where there were some.
        batches: loads that the user had rows in.
        lists: saved lists that the user was a member of: their groups are now smaller (so are kept groups of users).
        runs: stored runs that the user was judged in.
        models: fitted models removed: all there were, since each holds what it learnt from the data before.
        notes: what this does and does not guarantee, in sentences.
    """

    id_hash: str
    erased_at: datetime
    rows: dict[str, int]
    batches: tuple[int, ...]
    lists: tuple[str, ...]
    runs: tuple[str, ...]
    models: int
    notes: tuple[str, ...] = _NOTES

    def as_json(self) -> dict[str, Any]:
        """Plain JSON: the attributes, with the moment as ISO text."""
        return {**asdict(self), "erased_at": self.erased_at.isoformat()}


def erase(writer: Writer, user_id: str, *, step: Step = no_step) -> Receipt:
    """Erase a user everywhere in the workspace, and remember a keyed hash of the id. Call it inside Store.atomic.

    `user_id` is the id as it stands in `users` (exact; white space around it is trimmed), or, where users are kept as
    pseudonyms and the key is here, the raw id. It must not be put into the title or the parameters of a job.
    Checkpointing and compacting are the caller's, after the transaction.

    Raises Refusal `no_such_user` when no table knows the id.
    """
    user_id = _trimmed(writer, user_id)
    if not _numbers(writer, user_id):  # where users are kept as pseudonyms, the raw id names them too
        user_id = as_kept(writer, user_id) or user_id
    now = datetime.now(UTC).replace(tzinfo=None)
    numbers = _numbers(writer, user_id)
    of_number, of_id = _in_numbers(numbers), Query("user_id = ?", (user_id,))
    batches = _batches(writer, of_number)
    lists = _names(writer, Query("SELECT DISTINCT name FROM saved_members WHERE ") + of_id)
    runs = _names(
        writer,
        Query("SELECT run_id FROM run_users WHERE ")
        + of_number
        + " UNION SELECT run_id FROM run_chosen WHERE "
        + of_number,
    )
    step.report(0.1, "Erasing the user")
    count_gone(writer, of_number)
    rows: dict[str, int] = {}
    for place, table in enumerate(BY_NUMBER):
        rows[table] = writer.run(Query(f"DELETE FROM {table} WHERE ") + of_number, step=step)
        step.report(0.1 + 0.6 * place / len(BY_NUMBER), "Erasing the user")
    rows["saved_members"] = writer.run(Query("DELETE FROM saved_members WHERE ") + of_id, step=step)
    told = mentions("raw", user_id) + " OR " + mentions("message", user_id)
    batches |= {
        int(str(r["n"])) for r in writer.rows(Query("SELECT DISTINCT batch_no AS n FROM rejects WHERE ") + told)
    }
    rows["rejects"] = forget_row(writer, told)
    rows["jobs"] = _clean(writer, "jobs", "job_id", ("title", "spec", "result", "error"), user_id, without)
    rows["grouping_members"] = writer.run(Query("DELETE FROM grouping_members WHERE ") + of_id, step=step)
    rows["segments"] = _clean(writer, "segments", "name", ("rule", "made_from"), user_id, rule_without)
    rows["groupings"] = _clean_groups(writer, user_id)
    rows["repairs"] = forget_in_repairs(writer, user_id, partial(sentence_without, user_id=user_id), GONE)
    if not any(rows.values()):
        raise _unknown(is_erased(writer, user_id))
    reapply(writer, step=step.part(0.7, 0.9))
    step.report(0.9, "Removing models that learnt from the user")
    models = _remove_models(writer)
    writer.run("DELETE FROM quality_reports")  # its examples may name the user; it is stale now in any case
    hashed = remember(writer, user_id, now)
    step.report(1.0, "Erased")
    kept = {table: n for table, n in rows.items() if n}
    return Receipt(hashed, now, kept, tuple(sorted(batches)), tuple(lists), tuple(runs), models)


def count_gone(writer: Writer, where: Query) -> dict[int, int]:
    """Raise `batches.events_gone` by the events, parked ones too, that meet `where` and are about to go; batch -> n."""
    gone = Query("SELECT batch_no, count(*) AS n FROM (SELECT batch_no FROM events WHERE ") + where
    gone += Query(" UNION ALL SELECT batch_no FROM parked_events WHERE ") + where + ") GROUP BY batch_no"
    found = {int(str(row["batch_no"])): int(str(row["n"])) for row in writer.rows(gone)}
    for batch_no, n in found.items():
        writer.run(
            Query("UPDATE batches SET events_gone = coalesce(events_gone, 0) + ? WHERE batch_no = ?", (n, batch_no))
        )
    return found


# ---- inside


def _trimmed(writer: Writer, user_id: str) -> str:
    found = writer.rows(Query(f"SELECT {typed.text('v')} AS id FROM (SELECT ?::VARCHAR AS v)", (user_id,)))[0]["id"]
    if found is None:
        raise _unknown(erased=False)
    return str(found)


def _numbers(writer: Writer, user_id: str) -> list[int]:
    tables = ("users", "retired_users")
    query = " UNION ".join(f"SELECT user_no AS n FROM {table} WHERE user_id = ?" for table in tables)
    return [int(str(row["n"])) for row in writer.rows(Query(query, (user_id,) * len(tables)))]


def _in_numbers(numbers: list[int]) -> Query:
    if not numbers:
        return Query("false")
    return Query(f"user_no IN ({', '.join('?' for _ in numbers)})", tuple(numbers))


def _batches(writer: Writer, of_number: Query) -> set[int]:
    parts = [Query(f"SELECT batch_no AS n FROM {table} WHERE ") + of_number for table in _OF_BATCHES]
    query = parts[0]
    for part in parts[1:]:
        query = query + " UNION " + part
    return {int(str(row["n"])) for row in writer.rows(query)}


def _names(writer: Writer, query: Query) -> list[str]:
    return sorted(str(next(iter(row.values()))) for row in writer.rows(query))


def _clean(
    writer: Writer, table: str, key: str, columns: tuple[str, ...], user_id: str, clean: Callable[[Any, str], Any]
) -> int:
    """Put GONE in place of the id in JSON and titles of a table; how many rows changed."""
    changed = 0
    picked = ", ".join(f"{column}::VARCHAR AS {column}" for column in columns)
    where = Query("false")
    for column in columns:
        where = where + " OR " + mentions(f"{column}::VARCHAR", user_id)
    for row in writer.rows(Query(f"SELECT {key}, {picked} FROM {table} WHERE ") + where):
        before = {column: row[column] for column in columns if row[column] is not None}
        after = {
            column: sentence_without(text, user_id) if column == "title" else _cleaned(text, user_id, clean)
            for column, text in before.items()
        }
        for column in (c for c in before if after[c] != before[c]):
            cast = "" if column == "title" else "::JSON"
            writer.run(Query(f"UPDATE {table} SET {column} = ?{cast} WHERE {key} = ?", (after[column], row[key])))
        changed += after != before
    return changed


def _clean_groups(writer: Writer, user_id: str) -> int:
    """What kept groups were asked, answered and are called; how many places changed."""
    changed = 0
    for row in writer.rows(Query("SELECT name, words FROM groupings WHERE ") + mentions("words", user_id)):
        words = words_without(str(row["words"]), user_id)
        if words != row["words"]:
            changed += writer.run(Query("UPDATE groupings SET words = ? WHERE name = ?", (words, row["name"])))
    changed += _clean(writer, "groupings", "name", ("spec",), user_id, rule_without)
    return changed + _clean(writer, "groupings", "name", ("answer", "model"), user_id, answer_without)


def _cleaned(text: str, user_id: str, clean: Callable[[Any, str], Any]) -> str:
    told = json.loads(text)
    found = clean(told, user_id)
    return text if found == told else json.dumps(found, ensure_ascii=False)


def _remove_models(writer: Writer) -> int:
    # A model cannot be asked any more once the data have changed, so nothing is lost that could be used.
    writer.run("DELETE FROM model_arrays")
    # or the job that made one would be handed out in place of a new fit (JobSpec.reuse)
    writer.run(
        "UPDATE jobs SET key = '' WHERE json_extract_string(result, '$.model_id') IN (SELECT model_id FROM models)"
    )
    return writer.run("DELETE FROM models")


def _unknown(erased: bool) -> Refusal:
    if erased:
        return Refusal("no_such_user", "This user was erased from the workspace already.", "Nothing is left to erase.")
    return Refusal(
        "no_such_user", "No user of this workspace has that id.", "Give the id exactly as it stands in the files."
    )
