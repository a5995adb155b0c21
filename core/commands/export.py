"""Take tables away as files: CSV for spreadsheets, Parquet for programs; they can be loaded again."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.commands import Answer
from core.commands.takeout_words import export_text
from core.errors import Refusal
from core.progress import Step
from core.store import close_workspace, open_workspace
from core.takeout import FORMATS, TABLES, export_all, export_mapping, export_table

NAME = "export"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--table", choices=TABLES, help="the table to write")
    what.add_argument("--all", action="store_true", help="every table, with how to load it again")
    parser.add_argument("--out", required=True, metavar="PATH", help="the file; with --all a new folder, or NAME.zip")
    parser.add_argument("--format", choices=FORMATS, default="csv", help="default: csv")
    parser.add_argument("--contacts", action="store_true", help="with --all: contacts and rejected rows too")
    parser.add_argument("--raw", action="store_true", help="CSV for programs: cells that look like formulas stay")
    parser.add_argument("--as-loaded", action="store_true", help="rows as files had them, without repairs")


def run(args: argparse.Namespace, step: Step) -> Answer:
    """Write the files; raises Refusal for anything a person can put right."""
    if args.contacts and not args.all:
        raise Refusal("contacts_without_all", "--contacts goes with --all.", "Name the table: --table contacts.")
    out = Path(args.out).expanduser()
    store = open_workspace(args.workspace, create=False)
    try:
        if args.all:
            told = export_all(
                store,
                out,
                format=args.format,
                raw=args.raw,
                contacts=args.contacts,
                as_loaded=args.as_loaded,
                step=step,
            )
            result = {"out": str(out), **told}
        else:
            rows = export_table(
                store, args.table, out, format=args.format, raw=args.raw, as_loaded=args.as_loaded, step=step
            )
            mapping = export_mapping(store, args.table, form=args.format, raw=args.raw)
            given = ",".join(f"{c.role}={c.column}" for c in mapping.columns) if mapping else None
            result = {"out": str(out), "table": args.table, "rows": rows, "format": args.format, "map": given}
    finally:
        close_workspace(store)
    return Answer(result, export_text(result))
