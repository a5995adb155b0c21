"""What the commands load, info and undo say to people: counts with thousands separators and what they count."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

_SHOWN = 12


def load_text(result: dict[str, Any], workspace: Path) -> str:
    """What a load did, for people."""
    lines = []
    for batch in result["batches"]:
        names = _few(batch["files"])
        seconds = f"{batch['seconds']:.1f} s"
        lines += [
            f"Loaded {names} into {workspace.name} as batch {batch['batch_no']} ({batch['kind']}, {seconds}).",
            "",
        ]
        lines += [*_table(_load_rows(batch)), ""]
        if batch["replaced"]:
            lines += [f"  Took the place of {_numbered(batch['replaced'])}; undo brings that back."]
        lines += [f"  Mapping: {_mapping(batch['mapping'])}."]
        lines += [f"  Note: {note}" for note in batch["notes"]]
        doubts = [e for e in batch["evidence"] if not e["sure"] and not e["personal"]]  # these have a note
        lines += [f"  Please check {e['column']}: {e['why']}" for e in doubts[:_SHOWN]]
        lines += [""]
    if result.get("left_out"):
        lines += [*(f"Note: {note}" for note in result["left_out"]), ""]
    if result.get("rejects"):
        lines += [f"Rejected rows were written to {result['rejects']}.", ""]
    return "\n".join(lines).rstrip()


def info_text(found: dict[str, Any]) -> str:
    """What a workspace holds, for people."""
    period = f"{_day(found['first'])} to {_day(found['last'])} (UTC)" if found["first"] else "no times"
    revenue = found["net_revenue"]
    rows: list[tuple[str, str, str]] = [
        ("users", f"{found['users']:,}", ""),
        ("items", f"{found['items']:,}", ""),
        ("events", f"{found['rows']:,}", _counts(found["events"])),
        ("without user", f"{found['anonymous']:,}", "events that name no user: in attention and revenue only"),
        ("orders", f"{found['orders']:,}", "purchases of a user with one order id, or of one day where there is none"),
    ]
    if revenue is not None:
        rows.append(("net revenue", f"{revenue:,.2f}", "value of purchases less returns, in the currency of the files"))
    if found["groups"]:
        rows.append(("kept groups", f"{sum(found['groups'].values()):,}", _counts(found["groups"])))
    lines = [f"{found['path']}: {period}.", "", *_table(rows), ""]
    columns = [f"{c['table']}.{c['column']} ({c['role']})" for c in found["columns"]]
    if columns:
        lines += [f"  Columns of your own: {_some(columns)}.", ""]
    for batch in found["batches"]:
        names = _few([file["name"] for file in batch["files"]])
        state = f", undone {_day(batch['undone_at'])}" if batch["undone_at"] else ""
        state = f", replaced by batch {batch['replaced_by']}" if batch["replaced_by"] else state
        lines.append(
            f"  Batch {batch['batch_no']}, {_day(batch['loaded_at'])}: {names}, {batch['kind']}, "
            f"{batch['rows_loaded']:,} of {batch['rows_read']:,} rows{state}"
        )
    for repair in found.get("repairs", []):
        lines.append(f"  Repair {repair['repair_no']}: {repair['words']}.")
    lines += [""] if found["batches"] else []
    lines += [f"  Data up to {_day(found['as_of'])}."] if found["as_of"] else []
    return "\n".join([*lines, f"  Digest {found['digest']}"])


def undo_text(result: dict[str, Any]) -> str:
    """What an undo took away, for people."""
    said = [
        f"Batch {result['batch']} ({', '.join(result['files'])}) is undone. Gone: {_n(result['events'], 'event')}, and "
        f"{_n(result['users'], 'user')} and {_n(result['items'], 'item')} that only it knew."
    ]
    if result["back"]:
        said.append(f"What it replaced counts again: {_numbered(result['back'])}.")
    if result["rows_back"]:
        said.append(f"{_n(result['rows_back'], 'row')} of later loads that it had already came back.")
    if result["rows_hidden"]:
        said.append(f"{_n(result['rows_hidden'], 'row')} of later loads left out: what counts again has them already.")
    return " ".join(said)


# ---- inside


def _load_rows(batch: dict[str, Any]) -> list[tuple[str, str, str]]:
    kept = [f"{batch['rows_repeated']:,} repeated"] if batch["rows_repeated"] else []
    kept += [f"{batch['rows_anonymous']:,} without user"] if batch["rows_anonymous"] else []
    rows = [
        ("rows read", f"{batch['rows_read']:,}", "counted from the bytes"),
        ("rows loaded", f"{batch['rows_loaded']:,}", f"of which {', '.join(kept)}" if kept else ""),
        ("rows rejected", f"{batch['rows_rejected']:,}", _counts(batch["reasons"])),
    ]
    if batch["rows_duplicate"]:
        repeats, there = batch["rows_duplicate"] - batch["rows_overlap"], batch["rows_overlap"]
        why = [f"{repeats:,} exact repeats"] if repeats else []
        why += [f"{there:,} there already"] if there else []
        rows.append(("rows left out", f"{batch['rows_duplicate']:,}", ", ".join(why)))
    if batch["kind"] != "items":
        rows.append(("users", f"{batch['users']:,}", ""))
    if batch["kind"] != "users":
        rows.append(("items", f"{batch['items']:,}", ""))
    if batch["kind"] == "events":
        rows.append(("events", f"{sum(batch['events'].values()):,}", _counts(batch["events"])))
    return rows


def _table(rows: Iterable[tuple[str, str, str]]) -> list[str]:
    rows = list(rows)
    names, numbers = max(len(r[0]) for r in rows), max(len(r[1]) for r in rows)
    return [f"  {name:<{names}}  {number:>{numbers}}  {words}".rstrip() for name, number, words in rows]


def _counts(counts: dict[str, int]) -> str:
    return _some([f"{word} {n:,}" for word, n in counts.items()])


def _mapping(mapping: dict[str, Any]) -> str:
    named = [f"{c['role']}={c['column']}" for c in mapping["columns"] if c["role"] != "ignore"]
    event = [f"event '{mapping['event']}'"] if mapping["event"] else []
    return _some(named + event)


def _numbered(batches: list[int] | tuple[int, ...]) -> str:
    return f"batch{'es' if len(batches) > 1 else ''} {_some([str(number) for number in batches])}"


def _n(count: int, word: str) -> str:
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def _few(names: list[str]) -> str:
    more = f" and {len(names) - 3:,} more files" if len(names) > 4 else ""
    return ", ".join(names[:3] if more else names) + more


def _some(words: list[str]) -> str:
    more = f" and {len(words) - _SHOWN:,} more" if len(words) > _SHOWN else ""
    return ", ".join(words[:_SHOWN]) + more


def _day(moment: Any) -> str:
    return f"{moment:%-d %b %Y, %H:%M}"
