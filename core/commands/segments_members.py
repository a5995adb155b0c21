"""Members of a rule or a saved segment: counts of every condition, files, reasons."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from core.commands import Answer
from core.commands.tables import number, shown, table, users
from core.commands.times import moment
from core.commands.worth_arguments import read_text
from core.commands.written import written
from core.errors import Refusal
from core.progress import Step
from core.segments import (
    Counts,
    Member,
    Reason,
    Rule,
    Segment,
    compile_rule,
    describe,
    explain_counts,
    get_segment,
    members_csv,
    read_schema,
    rule_from_json,
    rule_to_json,
    sample_with_reasons,
    save_segment,
    saved_segments,
)
from core.store import Store

_MOST_WHY = 50
Told = Sequence[tuple[Member, tuple[Reason, ...]]]


def read_rule(source: str) -> Rule:
    """The rule in a JSON file, or on stdin for "-". Raises BadRule, Refusal."""
    return rule_from_json(read_text(source))


def members(store: Store, rule: Rule | None, args: argparse.Namespace, step: Step) -> Answer:
    """Of `rule`, else of the saved segment that was named."""
    if args.why is not None and not 1 <= args.why <= _MOST_WHY:
        raise Refusal("bad_number", f"{args.why:,} members cannot be shown.", f"Ask for 1 to {_MOST_WHY}.")
    as_of = moment(args.as_of)
    if rule is None:
        segment = get_segment(store, args.segment)
        rule, as_of = segment.rule, as_of or segment.as_of
    counts = explain_counts(store, rule, as_of)
    schema = read_schema(store, saved=saved_segments(store))
    query = compile_rule(rule, schema, as_of or store.as_of())
    result: dict[str, Any] = {
        "users": counts.users,
        "of": counts.of,
        "words": describe(rule, schema),
        "rule": rule_to_json(rule),
        "as_of": shown(as_of or store.as_of()),
        "conditions": [asdict(node) for node in counts.nodes],
        "sql": query.sql,
        "params": [str(value) if isinstance(value, datetime) else value for value in query.params],
    }
    lines = [f"{counts.users:,} of {users(counts.of)}: {result['words']}.", *_conditions(counts)]
    if args.why is not None:
        drawn = sample_with_reasons(store, rule, args.why, as_of)
        result["sample"] = [{**asdict(m), "reasons": [asdict(reason) for reason in why]} for m, why in drawn]
        lines += _why(drawn, counts.users)
    if args.out:
        rows, said = written(args.out, lambda out: members_csv(store, rule, out, as_of, step=step))
        result |= {"out": args.out, "rows": rows}
        lines.append(said)
    if args.save:
        save_segment(store, Segment(args.save, rule, moment(args.as_of)), replace=args.replace)
        result["saved"] = args.save
        lines.append(f"Saved as {args.save}.")
    return Answer(result, "\n".join(lines))


def _conditions(counts: Counts) -> list[str]:
    """Every part of the rule: for whom it holds by itself, and how many members there would be without it."""
    nodes = counts.nodes[1:]
    if not nodes:
        return []
    head = f"  {'holds for':>12}{'without it':>12}  (users for whom the part holds; members, if it were taken out)"
    rows = [
        f"  {node.users:>12,}{'-' if node.without is None else f'{node.without:,}':>12}  {node.path}: {node.words}"
        for node in nodes
    ]
    return [head, *rows]


def _why(drawn: Told, of: int) -> list[str]:
    lines = ["", f"{len(drawn):,} of {of:,} members, drawn by a hash of their ids:"]
    for member, reasons in drawn:
        seen = "-" if member.last_seen is None else f"{member.last_seen:%Y-%m-%d}"
        value = number(None if member.net_value is None else float(member.net_value))
        lines.append(f"  {member.user_id}: {member.orders:,} orders, net value {value}, last seen {seen}")
        told = [("yes" if r.holds else "no", r.words, r.evidence) for r in reasons]
        lines += [f"    {line}" for line in table(("holds", "condition", "what shows it"), told, left=3)]
    return lines
