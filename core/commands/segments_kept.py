"""Saved segments and kept groups: listed, renamed, frozen, deleted, made of a list."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from core.commands import Answer
from core.commands.tables import shown, users
from core.progress import Step
from core.segments import (
    delete_group,
    delete_segment,
    describe,
    explain_counts,
    freeze,
    list_from_file,
    list_from_text,
    list_groups,
    list_segments,
    read_schema,
    rename_group,
    rename_segment,
    rule_to_json,
    saved_segments,
    thaw,
)
from core.store import Store

Task = Callable[[Store, argparse.Namespace, Step], Answer]
_MOST_STDIN = 256 * 1024 * 1024


def listed(store: Store, args: argparse.Namespace, step: Step) -> Answer:
    """Every saved segment with its members now."""
    schema, found = read_schema(store, saved=saved_segments(store)), list_segments(store)
    result = []
    for place, saved in enumerate(found):
        segment = saved.segment
        step.report(place / len(found), segment.name)
        result.append(
            {
                "name": segment.name,
                "users": explain_counts(store, segment.rule, segment.as_of).users,
                "words": describe(segment.made_from or segment.rule, schema),
                "rule": rule_to_json(segment.rule),
                "as_of": shown(segment.as_of),
                "frozen": saved.frozen,
                "made_from": None if segment.made_from is None else rule_to_json(segment.made_from),
                "created_at": shown(saved.created_at),
                "updated_at": shown(saved.updated_at),
            }
        )
    lines = [f"{s['users']:>9,}  {s['name']}{' (frozen)' if s['frozen'] else ''}: {s['words']}" for s in result]
    return Answer({"segments": result}, "\n".join(lines) or "No segment has been saved yet.")


def groups(store: Store, args: argparse.Namespace, step: Step) -> Answer:
    """Every kept group, with its parts."""
    found = list_groups(store)
    result = [
        {
            "name": group.name,
            "kind": group.kind,
            "users": group.users,
            "words": group.words,
            "parts": [{"number": number, "name": name} for number, name in sorted(group.parts.items())],
            "as_of": shown(group.as_of),
            "created_at": shown(group.created_at),
        }
        for group in found
    ]
    lines = []
    for group in found:
        lines.append(f"{group.users:>9,}  {group.name} ({group.kind}): {group.words}")
        lines += [f"{'':>11}{number}: {name}" for number, name in sorted(group.parts.items())]
    return Answer({"groups": result}, "\n".join(lines) or "No group has been kept yet.")


def _freeze(store: Store, args: argparse.Namespace, step: Step) -> Answer:
    name = freeze(store, args.freeze).segment.name
    kept = next(group for group in list_groups(store, "frozen") if group.name == name)
    result = {"frozen": name, "users": kept.users, "as_of": shown(kept.as_of)}
    return Answer(result, f"{name} is frozen with {users(kept.users)}; later loads change nobody in it.")


def _thaw(store: Store, args: argparse.Namespace, step: Step) -> Answer:
    segment = thaw(store, args.thaw).segment
    counted = explain_counts(store, segment.rule, segment.as_of).users
    text = f"{segment.name} is live again: {users(counted)} by {describe(segment.rule)}."
    return Answer({"thawed": segment.name, "users": counted}, text)


def _from_list(store: Store, args: argparse.Namespace, step: Step) -> Answer:
    more = {"column": args.column, "replace": args.replace}
    if args.from_list == "-":
        report = list_from_text(store, args.save, sys.stdin.read(_MOST_STDIN), **more)
    else:
        report = list_from_file(store, args.save, Path(args.from_list), **more)
    said = [f"{report.unknown:,} unknown here"] if report.unknown else []
    said += [f"{report.repeated:,} repeated"] if report.repeated else []
    said += [f"{report.blank:,} blank"] if report.blank else []
    said += [f"{report.erased:,} erased"] if report.erased else []
    of = f" (column {report.column})" if report.column else ""
    text = f"Kept as {report.name}: {users(report.known)} of {report.lines:,} lines{of}"
    lines = [f"{text}; {', '.join(said)}." if said else f"{text}."]
    if report.unknown_ids:
        lines.append(f"Unknown, kept until such users are loaded: {', '.join(report.unknown_ids)}.")
    return Answer(report.as_json(), "\n".join(lines))


def _rename(store: Store, args: argparse.Namespace, step: Step) -> Answer:
    new = rename_segment(store, *args.rename).segment.name
    return Answer({"renamed": args.rename[0], "name": new}, f"Renamed to {new}.")


def _rename_group(store: Store, args: argparse.Namespace, step: Step) -> Answer:
    new = rename_group(store, *args.rename_group).name
    return Answer({"renamed_group": args.rename_group[0], "name": new}, f"Renamed to {new}.")


def _delete(store: Store, args: argparse.Namespace, step: Step) -> Answer:
    delete_segment(store, args.delete)
    return Answer({"deleted": args.delete}, f"Deleted {args.delete}.")


def _delete_group(store: Store, args: argparse.Namespace, step: Step) -> Answer:
    delete_group(store, args.delete_group)
    return Answer({"deleted_group": args.delete_group}, f"Deleted {args.delete_group}.")


KEPT: dict[str, Task] = {
    "list": listed,
    "groups": groups,
    "freeze": _freeze,
    "thaw": _thaw,
    "from_list": _from_list,
    "rename": _rename,
    "rename_group": _rename_group,
    "delete": _delete,
    "delete_group": _delete_group,
}
"""The tasks by the name of their option."""
