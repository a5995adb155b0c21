"""What is wrong with the data: each finding with its count, its share, and what the figures are without its rows.

The report is kept in the workspace, where the app shows it. --rows writes the rows behind one finding to a file.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core.commands import Answer
from core.errors import Refusal
from core.progress import Step
from core.quality import Finding, Report, headline, keep_report, last_report, report, stream_rows_csv
from core.store import Store, close_workspace, open_workspace

NAME = "quality"
_FAIL = 3  # exit code where --fail-on names what was found
_FAIL_ON = {"serious": ("serious",), "look": ("serious", "look")}
_SHOWN = 3  # titles in a hint


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    parser.add_argument("--no-effects", action="store_true", help="leave out what the figures are without the rows")
    parser.add_argument("--code", metavar="CODE", help="only findings of this code; CODE:COLUMN for one column")
    parser.add_argument(
        "--rows", metavar="CODE", help="write the rows behind this finding to --output; CODE:COLUMN for one column"
    )
    parser.add_argument("--output", metavar="CSV", help="with --rows: the file to write")
    parser.add_argument(
        "--fail-on",
        choices=list(_FAIL_ON),
        help=f"exit code {_FAIL} where there is a serious finding (or, with look, one to look at): for schedules",
    )


def run(args: argparse.Namespace, step: Step) -> Answer:
    """Do the task; raises Refusal for anything a person can put right."""
    if bool(args.rows) != bool(args.output):
        raise Refusal("option_missing", "--rows CODE and --output CSV go together.", "Give both.")
    if args.rows and (args.fail_on or args.code or args.no_effects):
        raise Refusal("option_not_used", "--rows writes a file, and goes with --output alone.", "Leave the others out.")
    store = open_workspace(args.workspace, create=False)
    try:
        if args.rows:
            return _write(store, args.rows, Path(args.output), step)
        with store.atomic(data=False, step=step) as writer:
            made = report(store, step=step, effects=not args.no_effects)
            keep_report(writer, made)
    finally:
        close_workspace(store)
    return _answer(made, args)


def _answer(made: Report, args: argparse.Namespace) -> Answer:
    shown = list(made.findings)
    if args.code:
        shown = [finding for finding in shown if args.code in _names(finding)]
    result = made.to_json()
    if args.code:
        named = set(map(id, shown))
        result["findings"] = [
            told for finding, told in zip(made.findings, result["findings"], strict=True) if id(finding) in named
        ]
    fails = any(finding.level in _FAIL_ON.get(args.fail_on or "", ()) for finding in shown)
    return Answer(result, _text(made, shown, args.code), _FAIL if fails else 0)


def _text(made: Report, shown: list[Finding], code: str | None) -> str:
    if code and not shown:
        return f"Nothing was found under {code}."
    lines = [] if code else [headline(made)]
    for finding in shown:
        lines += ["", f"{_LEVEL[finding.level]}  {finding.title}  [{_names(finding)[-1]}]"]
        if finding.code == "not_checked":
            lines.append(f"      {finding.meaning}")
        lines += [f"      {line}" for line in _effect(finding)]
    return "\n".join(lines).lstrip("\n")


_LEVEL = {"serious": "!!!", "look": " ! ", "note": " . "}


def _effect(finding: Finding) -> list[str]:
    """What changes without the rows, in a line or two; nothing where nothing does."""
    effect = finding.effect
    if effect is None:
        return []
    before, after = effect.with_, effect.without
    changed = [
        f"{words} {getattr(before, name):,.{digits}f} -> {getattr(after, name):,.{digits}f}"
        for name, words, digits in (("revenue", "net revenue", 2), ("users", "users", 0), ("orders", "orders", 0))
        if getattr(before, name) != getattr(after, name)
    ]
    lines = [f"without: {'; '.join(changed)}"] if changed else []
    if effect.leave:
        lines.append(f"top ten: out {', '.join(effect.leave)}; in {', '.join(effect.enter) or 'nothing'}")
    return lines


def _names(finding: Finding) -> list[str]:
    """What --code and --rows call a finding."""
    return [finding.code] + ([f"{finding.code}:{finding.column}"] if finding.column else [])


def _write(store: Store, name: str, out: Path, step: Step) -> Answer:
    kept = last_report(store)
    made = kept if kept and kept.version == store.version else report(store, step=step.part(0.0, 0.8), effects=False)
    bare, _, place = name.partition("#")
    chosen = [finding for finding in made.findings if bare in _names(finding) and finding.selection is not None]
    if place:  # of several findings by one name, one by its place in the report
        chosen = chosen[int(place) - 1 : int(place)] if place.isdecimal() and int(place) else []
    if not chosen:
        there = sorted({_names(f)[-1] for f in made.findings if f.selection is not None})
        raise Refusal(
            "no_such_finding", f"No finding {name!r} has rows behind it.", f"There are: {', '.join(there) or 'none'}."
        )
    if len(chosen) > 1:
        raise Refusal(
            "several_findings",
            f"{len(chosen)} findings are called {name!r}.",
            " ".join(f"{name}#{n}: {f.title}" for n, f in enumerate(chosen[:_SHOWN], start=1)),
        )
    finding = chosen[0]
    written = _to_file(store, finding, out, step)
    result: dict[str, Any] = {"code": finding.code, "column": finding.column, "output": str(out), "rows": written}
    return Answer(result, f"{finding.title}\n{written:,} {'row' if written == 1 else 'rows'} written to {out}.")


def _to_file(store: Store, finding: Finding, out: Path, step: Step) -> int:
    if out.resolve() in (store.path.resolve(), store.path.with_name(f"{store.path.name}.wal").resolve()):
        raise Refusal("over_workspace", f"{out} is the workspace itself.", "Name another file.")
    if finding.selection is None:
        return 0
    try:
        return stream_rows_csv(store, finding.selection, out, step=step.part(0.8, 1.0))
    except OSError as error:
        raise Refusal("cannot_write", f"{out} cannot be written: {error.strerror}.", "Name another file.") from None
