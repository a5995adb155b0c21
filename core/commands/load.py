"""Load files into a workspace: events, items, users. All files of one call, or none.

Roles are proposed for every column; --map corrects them. Every row is loaded, rejected with its line and reason, or
(with --repeats drop) left out as an exact repeat, or (with --overlap drop) as one that earlier loads have. See
docs/cli.md.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from core.commands import Answer
from core.commands.load_arguments import KINDS, add_arguments, corrections, mappings
from core.commands.load_files import Given, Opened
from core.commands.personal import has_column, personal_notes, refuse_unknown_columns
from core.commands.words import load_text
from core.errors import Refusal
from core.ingest import (
    ROLES,
    Corrections,
    Kind,
    LoadReport,
    Mapping,
    Mode,
    Override,
    Proposal,
    Source,
    discard,
    load,
    propose,
    rejects_csv,
    remap,
    settle_days,
)
from core.progress import Step
from core.store import Query, Store, Writer, close_workspace, open_workspace, workspace_path

__all__ = ["NAME", "add_arguments", "run"]

NAME = "load"
_Words = tuple[Corrections, dict[Kind, Mapping]]


@dataclass(frozen=True)
class _Group:
    """Files of one kind and shape: one batch."""

    kind: Kind
    sources: tuple[Source, ...]
    proposal: Proposal
    mapping: Mapping


def run(args: argparse.Namespace, step: Step) -> Answer:
    """Load the files; raises Refusal for anything a person can put right."""
    files = {kind: Given.of(getattr(args, kind)) for kind in KINDS}
    given = [path for kind in KINDS for path in files[kind].paths]
    if not given:
        raise Refusal("no_file", "No file is named.", "Give --events, --items or --users.")
    said, given_mappings = corrections(args), mappings(args)
    path = workspace_path(args.workspace)
    new = not path.exists()
    store = open_workspace(args.workspace, reads=given)
    done = False
    opened = Opened()
    try:
        groups = _groups(store, files, (said, given_mappings), args, opened, step.part(0.0, 0.4))
        try:
            with store.atomic(step=step) as writer:
                reports = _load_all(writer, groups, args, step.part(0.4, 1.0))
            done = True
        finally:
            for group in groups:
                for source in group.sources:
                    discard(source, store.spool)
        result = _result(store, groups, reports, said) | {"mode": "replace" if args.replace else "append"}
        result["notes"] += opened.notes
        result["left_out"] = opened.notes
        if args.rejects:
            result["rejects"] = args.rejects
            _write_rejects(store, reports, Path(args.rejects))
        return Answer(result, load_text(result, path))
    finally:
        opened.close()
        close_workspace(store)
        if new and not done:  # a refused first load leaves no empty workspace behind
            path.unlink(missing_ok=True)


# ---- the work


def _groups(
    store: Store, files: dict[Kind, Given], words: _Words, args: argparse.Namespace, found: Opened, step: Step
) -> list[_Group]:
    said, known = words
    opened: list[tuple[Kind, list[Source]]] = []
    options = {"sheet": args.sheet, "delimiter": args.delimiter, "encoding": args.encoding, "spool": store.spool}
    try:
        for k, kind in enumerate(KINDS):
            shapes: dict[frozenset[str], list[Source]] = {}
            for source in found.open_all(files[kind], step=_share(step.part(0.0, 0.7), k, len(KINDS)), **options):
                shape = frozenset(source.columns)
                if shape not in shapes:
                    opened.append((kind, shapes.setdefault(shape, [])))
                shapes[shape].append(source)
        _refuse_unknown(said.overrides, opened)
        refuse_unknown_columns(said.pseudonym, [source for _, sources in opened for source in sources])
        return [
            _group(store, sources, said, kind, known.get(kind), _share(step.part(0.7, 1.0), k, len(opened)))
            for k, (kind, sources) in enumerate(opened)
        ]
    except BaseException:
        for _, sources in opened:
            for source in sources:
                discard(source, store.spool)
        raise


def _group(
    store: Store, sources: list[Source], said: Corrections, kind: Kind, known: Mapping | None, step: Step
) -> _Group:
    largest = max(sources, key=lambda source: source.rows)
    proposal = settle_days(store, propose(store, largest, kind, step=step), sources, step=step)
    if known:
        proposal = replace(proposal, mapping=known)
    fits = tuple(o for o in said.overrides if _fits(o, kind, largest))
    hidden = tuple(name for name in said.pseudonym if has_column(largest, name))
    events = kind == "events"
    here = Corrections(
        fits,
        said.event if events else None,
        said.time_format if events else None,
        said.returns if events else None,
        said.repeats,
        zone=said.zone if events else None,
        splits=said.splits if events else (),
        overlap=said.overlap if events else None,
        key=said.key if events else None,
        pseudonym=hidden,
    )
    return _Group(kind, tuple(sources), proposal, remap(store, largest, proposal.mapping, here, step=step))


def _load_all(writer: Writer, groups: Sequence[_Group], args: argparse.Namespace, step: Step) -> list[LoadReport]:
    """Load every group. With --replace only the first of each kind does: the files of one call stand together."""
    reports: list[LoadReport] = []
    seen: set[Kind] = set()
    for k, group in enumerate(groups):
        mode: Mode = "replace" if args.replace and group.kind not in seen else "append"
        seen.add(group.kind)
        part = _share(step, k, len(groups))
        reports.append(load(writer, group.sources, group.mapping, mode=mode, again=args.again, step=part))
    return reports


def _refuse_unknown(overrides: Sequence[Override], opened: Sequence[tuple[Kind, list[Source]]]) -> None:
    """Each override must fit some file; which columns there are, or which roles, is said otherwise."""
    for override in overrides:
        if any(_fits(override, kind, source) for kind, sources in opened for source in sources):
            continue
        having = [kind for kind, sources in opened for s in sources if _has(override, s)]
        if having:
            raise Refusal(
                "role_not_for_kind",
                f"{override.column!r} cannot be {override.role!r} in a file of {having[0]}.",
                f"Its roles are: {', '.join(ROLES[having[0]])}.",
            )
        shown = "; ".join(f"{sources[0].name}: {', '.join(sources[0].columns[:40])}" for _, sources in opened)
        raise Refusal("no_such_column", f"No file has a column {override.column!r}.", f"There are: {shown}.")


def _has(override: Override, source: Source) -> bool:
    return has_column(source, override.column)


def _fits(override: Override, kind: Kind, source: Source) -> bool:
    return override.role in ROLES[kind] and _has(override, source)


def _share(step: Step, k: int, n: int) -> Step:
    return step.part(k / max(n, 1), (k + 1) / max(n, 1))


# ---- what came of it


def _result(store: Store, groups: Sequence[_Group], reports: Sequence[LoadReport], said: Corrections) -> dict[str, Any]:
    """The object that --json prints; its totals speak of the events files, or of the others where there are none."""
    main = [r for r in reports if r.kind == "events"] or list(reports)
    batches = [
        {
            **asdict(report),
            "notes": [*report.notes, *personal_notes(group.proposal, group.mapping, said)],
            "files": [source.name for source in group.sources],
            "mapping": json.loads(group.mapping.to_json()),
            "evidence": [asdict(e) for e in group.proposal.evidence],
        }
        for group, report in zip(groups, reports, strict=True)
    ]
    counts = ("read", "loaded", "rejected", "duplicate", "overlap", "repeated", "anonymous")
    result: dict[str, Any] = {f"rows_{name}": sum(getattr(r, f"rows_{name}") for r in main) for name in counts}
    users, items = _distinct(store, main)
    return result | {
        "users": users,
        "items": items,
        "events": _added(r.events for r in main),
        "reasons": _added(r.reasons for r in main),
        "notes": [note for batch in batches if batch["kind"] == main[0].kind for note in batch["notes"]],
        "replaced": sorted({number for r in reports for number in r.replaced}),
        "changes": _changes(main),
        "mapping": json.loads(groups[reports.index(main[0])].mapping.to_json()),
        "evidence": [asdict(e) for e in groups[reports.index(main[0])].proposal.evidence],
        "batches": batches,
    }


def _added(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    total = sum((Counter(c) for c in counts), Counter[str]())
    return dict(total.most_common())


def _changes(reports: Sequence[LoadReport]) -> dict[str, Any]:
    """What items or users files changed together; {} for events. As they were: those that the last one left so."""
    told = [r.changes for r in reports if r.changes]
    if not told:
        return {}
    total = {name: sum(c[name] for c in told) for name in ("new", "changed")}
    return total | {"same": told[-1]["same"], "columns": _added(c["columns"] for c in told)}


def _distinct(store: Store, reports: Sequence[LoadReport]) -> tuple[int, int]:
    """Users and items in the rows of the batches together."""
    if len(reports) == 1 or reports[0].kind != "events":
        return sum(r.users for r in reports), sum(r.items for r in reports)
    marks = ", ".join("?" for _ in reports)
    query = f"SELECT count(DISTINCT user_no) AS u, count(DISTINCT item_no) AS i FROM events WHERE batch_no IN ({marks})"
    row = store.rows(Query(query, tuple(r.batch_no for r in reports)))[0]
    return int(str(row["u"])), int(str(row["i"]))


def _write_rejects(store: Store, reports: Sequence[LoadReport], out: Path) -> None:
    """The rejected rows of all batches in one file."""
    try:
        rejects_csv(store, [r.batch_no for r in reports], out)
    except OSError as error:
        raise Refusal("cannot_write", f"{out} cannot be written: {error.strerror}.", "Name another file.") from None
