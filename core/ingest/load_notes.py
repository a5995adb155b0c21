"""What a person should know about a load, in sentences."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from core.ingest.plan import Plan
from core.store import Query, Writer


def load_notes(writer: Writer, plan: Plan, counts: dict[str, Any], said_again: int) -> tuple[str, ...]:
    """Sentences on repeats, anonymous rows, returns, rows without event, counts and times.

    `said_again`: rows of an items or users file about an id of an earlier row.
    """
    notes = [
        _said(counts["repeated"], "row repeats|rows repeat", "another row exactly; {they were} kept."),
        _said(
            counts["duplicate"] - counts["overlap"],
            "row repeats|rows repeat",
            "another row exactly; {they were} left out.",
        ),
        _said(counts["overlap"], "row is|rows are", f"there already {_how(plan)}; {{they were}} left out."),
        _said(
            said_again,
            "row is|rows are",
            f"about a {plan.mapping.kind[:-1]} of an earlier row; the last value that is not blank counts.",
        ),
    ]
    if plan.mapping.kind == "events":
        notes += _events_notes(writer, plan, counts)
    return tuple(note for note in notes if note)


def _events_notes(writer: Writer, plan: Plan, counts: dict[str, Any]) -> list[str]:
    notes = [
        _said(
            counts["anonymous"],
            "row names|rows name",
            "no user: {they count} in attention and revenue, not in users, segments or models.",
        ),
        _said(
            counts["events"].get("return", 0),
            "event is a return|events are returns",
            "(quantity and value are kept negative, so that sums are net).",
        ),
        _said(
            counts["without_event"],
            "row holds|rows hold",
            "nothing that happened (no rating, no count above 0): {they make} no event.",
        ),
    ]
    for count in plan.all("count"):
        found = writer.rows(Query(f"SELECT coalesce(sum({count.name}), 0)::BIGINT AS n FROM load_stage"))[0]["n"]
        notes.append(f"{count.map.column}: {found:,} {count.map.event} events in all, kept as quantities.")
    if plan.field("time"):
        now = datetime.now(UTC).replace(tzinfo=None)
        times = Query(
            "SELECT count(*) FILTER (at_utc IS NULL) AS missing, count(*) FILTER (at_utc > ?) AS future", (now,)
        )
        row = writer.rows(times + " FROM load_stage")[0]
        notes.append(_said(row["missing"], "row has|rows have", "no time: windows leave {them} out."))
        notes.append(
            _said(row["future"], "row is|rows are", "dated in the future: {they do} not move the end of the data.")
        )
    return notes


def _how(plan: Plan) -> str:
    return f"(an earlier load has the same {', '.join(plan.mapping.key)})" if plan.mapping.key else "from earlier loads"


_ONE = {"they were": "it was", "they count": "it counts", "they make": "it makes", "they do": "it does", "them": "it"}


def _said(n: int, subject: str, rest: str) -> str:
    """A sentence about `n` things, "" for none; `subject` is "singular|plural", words in braces are plural.

    >>> _said(1, "row has|rows have", "no time: windows leave {them} out.")
    '1 row has no time: windows leave it out.'
    """
    if not n:
        return ""
    one, many = subject.split("|")
    for plural, singular in _ONE.items():
        rest = rest.replace("{" + plural + "}", singular if n == 1 else plural)
    return f"{n:,} {one if n == 1 else many} {rest}"
