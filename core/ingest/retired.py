"""Ids that only parked rows name: no users or items for now, but they keep their numbers until the rows come back."""

from __future__ import annotations

from core.ingest.ids import Key
from core.progress import Step, no_step
from core.store import Query, Writer

_FACTS: dict[Key, str] = {"user": "user_facts", "item": "item_facts"}


def retire(writer: Writer, key: Key, step: Step = no_step) -> None:
    """Put the ids that only parked rows name into `retired_users` or `retired_items`, and take back those named again.

    Ids that nothing names stay in `users` or `items` until the tables are rebuilt, and go with it
    (core.ingest.facts.rebuild with only_mentioned, which calls this first).
    """
    table, number, name = f"{key}s", f"{key}_no", f"{key}_id"
    if some(writer, f"retired_{table}"):
        writer.run(f"INSERT INTO {table} ({number}, {name}) SELECT {number}, {name} FROM retired_{table}", step=step)
        writer.run(f"DELETE FROM retired_{table}")
    reached = key == "user" and some(writer, "contact_facts")
    if reached or some(writer, "parked_events") or some(writer, f"parked_{_FACTS[key]}"):
        writer.run(
            f"INSERT INTO retired_{table} ({number}, {name}) SELECT t.{number}, t.{name} FROM {table} t "
            f"SEMI JOIN ({_parked(key)}) p USING ({number}) ANTI JOIN ({live_numbers(key)}) l USING ({number})",
            step=step,
        )


def forget_idle(writer: Writer, key: Key, batch_no: int, step: Step = no_step) -> None:
    """After a load of events: ids that came with it and that none of its rows that count name do not stay.

    They came with rows that gave no event, or that earlier loads have already. Looks at the ids of the load alone.
    """
    table, number, name = f"{key}s", f"{key}_no", f"{key}_id"
    writer.run("DROP TABLE IF EXISTS load_idle")
    writer.run(
        Query(
            f"CREATE TEMP TABLE load_idle AS SELECT DISTINCT no AS {number} FROM load_{key} l WHERE no IS NOT NULL "
            f"AND NOT EXISTS (SELECT 1 FROM events e WHERE e.batch_no = ? AND e.{number} = l.no)",
            (batch_no,),
        ),
        step=step,
    )
    if some(writer, "load_idle"):
        for named in ("events", _FACTS[key], *(("contact_facts",) if key == "user" else ())):
            writer.run(
                f"DELETE FROM load_idle WHERE {number} IN (SELECT n.{number} FROM {named} n "
                f"SEMI JOIN load_idle i ON n.{number} = i.{number})",
                step=step,
            )
        writer.run(
            f"INSERT INTO retired_{table} ({number}, {name}) SELECT t.{number}, t.{name} FROM {table} t "
            f"SEMI JOIN load_idle i USING ({number}) SEMI JOIN ({_parked(key)}) p USING ({number})",
            step=step,
        )
        writer.run(f"DELETE FROM {table} WHERE {number} IN (SELECT {number} FROM load_idle)", step=step)
    writer.run("DROP TABLE load_idle")


def some(writer: Writer, name: str) -> bool:
    """Whether a table has any row."""
    return bool(writer.rows(Query(f"SELECT 1 AS one FROM {name} LIMIT 1")))


def live_numbers(key: Key) -> str:
    """SQL of the numbers that events and facts that count name."""
    # A user whom only a contact names stays: the number would go to another person, and the contact with it.
    reached = " UNION SELECT user_no FROM contact_facts SEMI JOIN live_batches USING (batch_no)"
    return f"SELECT {key}_no FROM events UNION SELECT {key}_no FROM {_FACTS[key]}" + (reached if key == "user" else "")


def _parked(key: Key) -> str:
    reached = " UNION SELECT user_no FROM contact_facts" if key == "user" else ""
    return f"SELECT {key}_no FROM parked_events UNION SELECT {key}_no FROM parked_{_FACTS[key]}{reached}"
