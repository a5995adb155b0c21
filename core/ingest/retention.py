"""Keeping events no longer than a number of days: a rule of the workspace, carried out at every load.

Counted back from today, not from the end of the data: only so does the rule not depend on which loads are there, and
undoing one of them does not change what it means for the others.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from core.errors import Refusal
from core.ingest.erase import count_gone
from core.ingest.facts import rebuild
from core.progress import Step, no_step
from core.quality.repairs import reapply
from core.store import Query, Store, Writer

MOST_DAYS = 36_500
_KEY = "retention_days"
NOTE = (
    "Events without a time are kept, since their age is not known; so are rejected rows, stored runs, saved lists, "
    "kept groups of users and what files of users and items say."
)


@dataclass(frozen=True)
class Retention:
    """The rule: events older than `days` days, counted back from today's midnight (UTC), are dropped."""

    days: int

    def cutoff(self, now: datetime) -> datetime:
        """The first moment that is kept; UTC without a zone. `now` may have a zone; without one it is UTC."""
        if now.tzinfo is not None:
            now = now.astimezone(UTC).replace(tzinfo=None)
        return datetime.combine(now.date(), time()) - timedelta(days=self.days)


@dataclass(frozen=True)
class Due:
    """What the rule would drop now.

    Attributes:
        cutoff: UTC; events before it go. None without a rule, and then nothing is due.
        events: events that count; parked: events that do not count but may again (of replaced loads).
        by_batch: batch -> events of both sorts.
        oldest: the earliest time among them; None where there are none.
        kept: timed events that stay, of both sorts.
        untimed: events without a time, which stay.
    """

    cutoff: datetime | None
    events: int
    parked: int
    by_batch: dict[int, int]
    oldest: datetime | None
    kept: int
    untimed: int

    def as_json(self) -> dict[str, Any]:
        """The attributes as a dict."""
        return asdict(self)


def retention(store: Store | Writer) -> Retention | None:
    """The workspace's rule, or None."""
    found = store.rows(Query("SELECT value FROM meta WHERE key = ?", (_KEY,)))
    return Retention(int(str(found[0]["value"]))) if found else None


def set_retention(writer: Writer, days: int | None, *, now: datetime, even_all: bool = False) -> Retention | None:
    """Set the rule, or take it away with None. Nothing is dropped yet: the next load does, or `apply_retention`.

    Call it inside Store.atomic(data=False). Raises Refusal `bad_days` (1 to 36,500), and `drops_everything` where no
    timed event would be left, unless `even_all`.
    """
    if days is None:
        writer.run(Query("DELETE FROM meta WHERE key = ?", (_KEY,)))
        return None
    if not 1 <= days <= MOST_DAYS:
        raise Refusal("bad_days", f"Events cannot be kept for {days:,} days.", f"Give 1 to {MOST_DAYS:,} days.")
    rule = Retention(days)
    due_now = _due(writer, rule, now)
    if not even_all and not due_now.kept and due_now.events + due_now.parked:
        last = writer.rows(Query("SELECT max(at_utc) AS last FROM (FROM events UNION ALL BY NAME FROM parked_events)"))
        raise Refusal(
            "drops_everything",
            f"All {due_now.events:,} events with a time"
            + (f", and {due_now.parked:,} that are left out or replaced," if due_now.parked else "")
            + f" are older than {days:,} day{'' if days == 1 else 's'} (the latest is of "
            f"{last[0]['last']:%-d %b %Y}): the rule would drop every one.",
            "Give more days, or confirm that all may go (--even-all).",
        )
    writer.run(Query("DELETE FROM meta WHERE key = ?", (_KEY,)))
    writer.run(Query("INSERT INTO meta VALUES (?, ?)", (_KEY, str(days))))
    return rule


def due(store: Store | Writer, now: datetime) -> Due:
    """What the rule would drop if it were carried out at `now`; nothing where there is no rule."""
    return _due(store, retention(store), now)


def apply_retention(writer: Writer, *, now: datetime, mend: bool = True, step: Step = no_step) -> dict[str, Any]:
    """Drop the events that are too old, and users and items that nothing names any longer. Inside Store.atomic.

    Returns `{"days", "cutoff", "events", "parked", "by_batch", "oldest", "users", "items", "note"}`; days and cutoff
    are None without a rule. `batches.events_gone` is raised; rows_read and its parts go on saying what was loaded.
    """
    rule = retention(writer)
    found = _due(writer, rule, now)
    users = items = 0
    if rule and (found.events or found.parked):
        step.report(0.1, "Dropping old events")
        old = Query("at_utc < ?", (rule.cutoff(now),))
        count_gone(writer, old)
        before = _ids(writer)
        for table in ("events", "parked_events"):
            writer.run(Query(f"DELETE FROM {table} WHERE ") + old, step=step)
        step.report(0.5, "Rebuilding users and items")
        rebuild(writer, "user", step, only_mentioned=True)
        rebuild(writer, "item", step, only_mentioned=True)
        after = _ids(writer)
        users, items = before[0] - after[0], before[1] - after[1]
        if mend:  # a load does so itself at its end
            reapply(writer, step=step.part(0.8, 1.0))
    step.report(1.0, "Old events dropped")
    return {
        "days": rule.days if rule else None,
        "cutoff": found.cutoff,
        "events": found.events,
        "parked": found.parked,
        "by_batch": found.by_batch,
        "oldest": found.oldest,
        "users": users,
        "items": items,
        "note": NOTE,
    }


def retention_notes(writer: Writer, step: Step = no_step) -> list[str]:
    """Carry out the rule at the end of a load; sentences for its report, none where nothing was dropped."""
    if retention(writer) is None:
        return []
    done = apply_retention(writer, now=datetime.now(UTC), mend=False, step=step)
    gone = done["events"] + done["parked"]
    if not gone:
        return []
    what, were = ("event", "was") if gone == 1 else ("events", "were")
    day = f"{done['cutoff']:%-d %b %Y}"
    return [f"{gone:,} {what} older than {day} {were} dropped by the retention rule ({done['days']:,} days)."]


# ---- inside


def _due(store: Store | Writer, rule: Retention | None, now: datetime) -> Due:
    cutoff = rule.cutoff(now) if rule else None
    timed = "SELECT batch_no, at_utc, {} AS parked FROM {}"
    both = f"{timed.format('false', 'events')} UNION ALL {timed.format('true', 'parked_events')}"
    query = Query(
        "SELECT batch_no, count(*) FILTER (old AND NOT parked) AS events, count(*) FILTER (old AND parked) AS "
        "parked, min(at_utc) FILTER (old) AS oldest, count(*) FILTER (NOT old) AS kept, "
        "count(*) FILTER (at_utc IS NULL) AS untimed "
        f"FROM (SELECT *, at_utc < ?::TIMESTAMP AS old FROM ({both})) GROUP BY batch_no ORDER BY batch_no",
        (cutoff,),
    )
    # repairs do not matter to what is kept: an event that is left out is still there
    rows = store.rows(query, raw=True) if isinstance(store, Store) else store.rows(query)
    by_batch = {int(row["batch_no"]): int(row["events"] + row["parked"]) for row in rows}
    return Due(
        cutoff=cutoff,
        events=sum(row["events"] for row in rows),
        parked=sum(row["parked"] for row in rows),
        by_batch={batch_no: n for batch_no, n in by_batch.items() if n},
        oldest=min((row["oldest"] for row in rows if row["oldest"]), default=None),
        kept=sum(row["kept"] for row in rows),
        untimed=sum(row["untimed"] for row in rows),
    )


def _ids(writer: Writer) -> tuple[int, int]:
    row = writer.rows(Query("SELECT (SELECT count(*) FROM users) AS u, (SELECT count(*) FROM items) AS i"))[0]
    return int(row["u"]), int(row["i"])
