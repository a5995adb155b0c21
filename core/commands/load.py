"""Load files into a workspace: events, items, users. All files of one call, or none.

Roles are proposed for every column; --map corrects them. Every row is loaded, rejected with its line and reason, or
(with --repeats drop) left out as an exact repeat, or (with --overlap drop) as one that earlier loads have. See
docs/cli.md.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

from core.commands import Answer
from core.commands.load_files import Given, Opened
from core.commands.personal import has_column, listed, personal_notes, refuse_unknown_columns
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
    Repeats,
    Role,
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

NAME = "load"
_KINDS: tuple[Kind, ...] = ("events", "items", "users")  # items and users last: what their files say wins


@dataclass(frozen=True)
class _Group:
    """Files of one kind and shape: one batch."""

    kind: Kind
    sources: tuple[Source, ...]
    proposal: Proposal
    mapping: Mapping


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    for kind in _KINDS:
        parser.add_argument(
            f"--{kind}",
            nargs="+",
            action="extend",
            default=[],
            metavar="FILE",
            help=f"files, folders of {kind}",
        )
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="ROLE=COLUMN,...",
        help="correct roles: user=CustomerID,time=Date,count:click=Clicks,consent:email=Mail,ignore=Notes",
    )
    parser.add_argument("--event", metavar="WORD", help="the event of every row, where no column says it: purchase")
    parser.add_argument(
        "--time-format", metavar="F", help="iso, epoch_s, epoch_ms, epoch_us or a pattern: %%d.%%m.%%Y %%H:%%M"
    )
    parser.add_argument("--zone", metavar="Z", help="the zone of times without an offset: Europe/Berlin (default: UTC)")
    parser.add_argument(
        "--split",
        action="append",
        default=[],
        metavar="ROLE=MARK",
        help="cells that hold several parts, and what parts them: item=| (a basket in one cell)",
    )
    parser.add_argument("--returns", metavar="RULE", help="negative (default: negative quantity), none, or pattern:^C")
    parser.add_argument("--repeats", choices=("keep", "drop"), help="rows that repeat another exactly (default: keep)")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--append", action="store_true", help="add the files to what is loaded already (the default)")
    how.add_argument(
        "--replace", action="store_true", help="take the place of all earlier loads of these kinds, until it is undone"
    )
    parser.add_argument(
        "--overlap", choices=("keep", "drop"), help="rows that earlier loads have already (default: keep)"
    )
    parser.add_argument(
        "--key",
        metavar="COLUMN,...",
        help="what tells a row from any other, for --overlap drop (default: all that it says): invoice,line",
    )
    parser.add_argument(
        "--contact", action="append", default=[], metavar="COLUMN,...", help="keep as contact data, apart from all else"
    )
    parser.add_argument(
        "--pseudonym",
        action="append",
        default=[],
        metavar="COLUMN,...",
        help="keep a keyed hash of each value",
    )
    parser.add_argument("--ignore", action="append", default=[], metavar="COLUMN,...", help="leave columns out")
    parser.add_argument("--again", action="store_true", help="load files that are loaded already")
    parser.add_argument("--sheet", metavar="NAME", help="the sheet of a workbook; '*': every sheet that has rows")
    parser.add_argument("--delimiter", metavar="C", help="what parts a CSV's columns; line: each line is one cell")
    parser.add_argument("--encoding", metavar="E", help="of a CSV, if it is not recognised: utf-8, latin-1, gb18030")
    parser.add_argument("--rejects", metavar="CSV", help="write the rejected rows of this load to this file")


def run(args: argparse.Namespace, step: Step) -> Answer:
    """Load the files; raises Refusal for anything a person can put right."""
    files = {kind: Given.of(getattr(args, kind)) for kind in _KINDS}
    given = [path for kind in _KINDS for path in files[kind].paths]
    if not given:
        raise Refusal("no_file", "No file is named.", "Give --events, --items or --users.")
    corrections = _corrections(args)
    path = workspace_path(args.workspace)
    new = not path.exists()
    store = open_workspace(args.workspace, reads=given)
    done = False
    opened = Opened()
    try:
        groups = _groups(store, files, corrections, args, opened, step.part(0.0, 0.4))
        try:
            with store.atomic(step=step) as writer:
                reports = _load_all(writer, groups, args, step.part(0.4, 1.0))
            done = True
        finally:
            for group in groups:
                for source in group.sources:
                    discard(source, store.spool)
        result = _result(store, groups, reports, corrections) | {"mode": "replace" if args.replace else "append"}
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


# ---- what was asked


def _corrections(args: argparse.Namespace) -> Corrections:
    overrides = [o for text in args.map for o in parse_map(text)]
    overrides += [Override(name, "contact") for name in listed(args.contact)]
    overrides += [Override(name, "ignore") for name in listed(args.ignore)]
    splits = tuple(parse_split(text) for text in args.split)
    key = _key(args.key)
    if key and args.overlap == "keep":
        raise Refusal("key_without_drop", "A key is given, and overlap is to be kept.", "Leave out one of the two.")
    overlap: Repeats | None = "drop" if key else args.overlap
    return Corrections(
        tuple(overrides),
        args.event,
        args.time_format,
        args.returns,
        args.repeats,
        zone=args.zone,
        splits=splits,
        overlap=overlap,
        key=key,
        pseudonym=tuple(listed(args.pseudonym)),
    )


def parse_split(text: str) -> tuple[str, str]:
    """(role or column, mark) of one --split: `item=|`, `quantity=;`; `none` for a mark means not split.

    >>> parse_split("item=|"), parse_split("Items bought=,")
    (('item', '|'), ('Items bought', ','))
    """
    what, sign, mark = text.partition("=")
    if not sign or not what.strip() or not mark:
        raise Refusal("bad_split", f"{text!r} is not ROLE=MARK.", "Write --split 'item=|'.")
    return what.strip(), {"none": "", "tab": "\t"}.get(mark, mark)


def _key(text: str | None) -> tuple[str, ...] | None:
    """The columns of --key, parted by commas; one may be quoted."""
    if text is None:
        return None
    names = tuple(name.strip() for name in next(csv.reader([text], skipinitialspace=True), []))
    if not all(names) or not names:
        raise Refusal("bad_key", f"{text!r} does not name the columns of a key.", "Write --key invoice,line.")
    return names


def parse_map(text: str) -> list[Override]:
    """The overrides of one --map: `role=Column` or `role:word=Column`, parted by commas; a part may be quoted.

    >>> parse_map('user=Customer ID,"item=Code, short",count:click=Clicks')[1:]
    [Override(column='Code, short', role='item', word=None), Override(column='Clicks', role='count', word='click')]
    """
    out = []
    for part in next(csv.reader([text], skipinitialspace=True), []):
        left, sign, column = part.partition("=")
        role, _, word = left.strip().partition(":")
        if not sign or not column.strip():
            raise Refusal("bad_map", f"{part!r} is not ROLE=COLUMN.", "Write --map user=CustomerID,time=Date.")
        role = _ROLE_NAMES.get(role.strip().lower(), role.strip().lower())
        if role not in get_args(Role):
            raise Refusal("no_such_role", f"{role!r} is not a role.", f"Roles are: {', '.join(get_args(Role))}.")
        out.append(Override(column.strip(), role, word.strip() or None))  # type: ignore[arg-type]  # checked above
    return out


_ROLE_NAMES = {"customer": "user", "product": "item", "timestamp": "time", "date": "time", "qty": "quantity"}


# ---- the work


def _groups(
    store: Store, files: dict[Kind, Given], said: Corrections, args: argparse.Namespace, found: Opened, step: Step
) -> list[_Group]:
    opened: list[tuple[Kind, list[Source]]] = []
    options = {"sheet": args.sheet, "delimiter": args.delimiter, "encoding": args.encoding, "spool": store.spool}
    try:
        for k, kind in enumerate(_KINDS):
            shapes: dict[frozenset[str], list[Source]] = {}
            for source in found.open_all(files[kind], step=_share(step.part(0.0, 0.7), k, len(_KINDS)), **options):
                shape = frozenset(source.columns)
                if shape not in shapes:
                    opened.append((kind, shapes.setdefault(shape, [])))
                shapes[shape].append(source)
        _refuse_unknown(said.overrides, opened)
        refuse_unknown_columns(said.pseudonym, [source for _, sources in opened for source in sources])
        return [
            _group(store, kind, sources, said, _share(step.part(0.7, 1.0), k, len(opened)))
            for k, (kind, sources) in enumerate(opened)
        ]
    except BaseException:
        for _, sources in opened:
            for source in sources:
                discard(source, store.spool)
        raise


def _group(store: Store, kind: Kind, sources: list[Source], said: Corrections, step: Step) -> _Group:
    largest = max(sources, key=lambda source: source.rows)
    proposal = settle_days(store, propose(store, largest, kind, step=step), sources, step=step)
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
