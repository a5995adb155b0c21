"""What erase, retention, export, backup and restore say to people."""

from __future__ import annotations

from typing import Any


def erase_text(result: dict[str, Any]) -> str:
    """What erasing a user did."""
    rows = ", ".join(f"{table} {n:,}" for table, n in result["rows"].items())
    lines = [f"Erased. Rows: {rows}.", f"Receipt {result['id_hash'][:16]}, {result['erased_at'][:19]} UTC."]
    if result["batches"]:
        lines.append(f"Loads concerned: {', '.join(map(str, result['batches']))}.")
    if result["lists"]:
        lines.append(f"Saved lists, now smaller: {', '.join(result['lists'])}.")
    if result["runs"]:
        lines.append(f"Stored runs concerned: {len(result['runs']):,}.")
    if result["models"]:
        lines.append(f"Fitted models removed: {result['models']:,}. Fit them again.")
    return "\n".join([*lines, *(f"Note: {note}" for note in result["notes"])])


def retention_text(result: dict[str, Any]) -> str:
    """The rule, what it dropped, and what it would drop."""
    lines = ["Events are kept for ever."]
    if result["days"] is not None:
        lines = [f"Events are kept for {result['days']:,} days, counted back from today (UTC)."]
    dropped, waiting = result["dropped"], result["due"]
    if dropped:
        gone = dropped["events"] + dropped["parked"]
        also = f" with them {dropped['users']:,} users and {dropped['items']:,} items that nothing names any longer"
        lines += [f"Dropped: {gone:,} events,{also}.", f"Note: {dropped['note']}"]
    elif waiting["events"] or waiting["parked"]:
        n, day = waiting["events"] + waiting["parked"], f"{waiting['cutoff']:%-d %b %Y}"
        lines.append(f"Older than {day}: {n:,} events. They go at the next load, or at once with --now.")
    elif result["days"] is not None:
        lines.append("Nothing is older.")
    return "\n".join(lines)


def export_text(result: dict[str, Any]) -> str:
    """What was written where."""
    if "tables" not in result:
        text = f"{_n(result['rows'], 'row')} of {result['table']} written to {result['out']}."
        return f"{text}\nTo load it again: --map {result['map']}" if result["map"] else text
    lines = [f"Written to {result['out']}:"]
    lines += [f"  {table['file']:<20} {_n(table['rows'], 'row')}" for table in result["tables"].values()]
    if "contacts" not in result["tables"]:
        lines.append("Contacts and rejected rows were left out; --contacts takes them along.")
    return "\n".join(lines)


def backup_text(result: dict[str, Any]) -> str:
    """What was backed up."""
    rows = result["rows"]
    return (
        f"Backed up to {result['path']}: {_n(rows['events'], 'event')}, {_n(rows['users'], 'user')}, "
        f"{_n(rows['items'], 'item')}, {result['bytes'] / 1e6:,.1f} MB.\nDigest {result['digest']}"
    )


def restore_text(result: dict[str, Any]) -> str:
    """What was restored."""
    rows = result["rows"]
    lines = [
        f"Restored as {result['workspace']}: {_n(rows['events'], 'event')}, {_n(rows['users'], 'user')}, "
        f"{_n(rows['items'], 'item')}."
    ]
    if result["kept"]:
        lines.append(f"The workspace that was there is kept in {result['kept']}.")
    return "\n".join([*lines, f"Digest {result['digest']}"])


def _n(count: int, word: str) -> str:
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"
