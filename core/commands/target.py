"""Whom to reach: a target list through its gates, with a control group, files to send and a manifest.

Name what the list is for: --item (or --category), or whom to reach: --segment, --ids. See docs/guide.md.
"""

from __future__ import annotations

import argparse
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.campaigns import (
    Campaign,
    TargetList,
    Written,
    consent_columns,
    ids_digest,
    make_list,
    manifest,
    manifest_bytes,
    read_ids,
    reason_items,
    write_list,
    write_manifest,
)
from core.commands import Answer
from core.commands.models_given import add_matrix_arguments, add_param_argument, matrix_of, models_of
from core.commands.target_arguments import MOST_REASONS, check, check_paths, declare
from core.commands.target_backtest import backtest, backtest_words, for_buyers
from core.commands.times import moment
from core.errors import Refusal
from core.explain import reasons
from core.explain.tables import item_labels
from core.progress import Step
from core.recommend import FitSpec, Recommender, fit
from core.segments import get_segment
from core.store import Query, Store, close_workspace, open_workspace

NAME = "target"


@dataclass
class _Made:
    """What came of the list, as it grows."""

    files: dict[str, Written] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    backtest: dict[str, Any] | None = None
    why: bool = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    declare(parser)
    add_param_argument(parser)
    add_matrix_arguments(parser)


def run(args: argparse.Namespace, step: Step) -> Answer:
    """Do the task; raises Refusal for anything a person can put right."""
    check(args)
    ids = read_ids(Path(args.ids)) if args.ids else []
    suppressed = [raw for file in args.suppress for raw in read_ids(Path(file))]
    store = open_workspace(args.workspace, create=False)
    try:
        check_paths(args, store)
        _check_name(store, args)
        campaign = _campaign(store, args, ids)
        planned = None
        if args.buyers is not None:
            campaign, planned = for_buyers(store, campaign, args.buyers, step.part(0.0, 0.1))
        model = None
        if campaign.model is not None:
            model = fit(store, FitSpec(campaign.model, campaign.matrix, campaign.seed), step=step.part(0.0, 0.3))
        found = make_list(store, campaign, model=model, ids=ids, suppressed=suppressed, step=step.part(0.3, 0.5))
        made = _Made(notes=[*([planned] if planned else []), *found.notes])
        _note_consent(store, args, made)
        if args.backtest == "yes" and campaign.ask in ("item", "category"):
            made.backtest = backtest(store, found, made.notes, step.part(0.5, 0.8))
        _write(store, args, found, model, made, step.part(0.8, 1.0))
        told = manifest(store, found, made.files, backtest=made.backtest)
        if args.manifest:
            made.files["manifest"] = write_manifest(told, Path(args.manifest))
        if args.save:
            _save(store, args, found, told)
    finally:
        close_workspace(store)
    digest = hashlib.sha256(manifest_bytes(told)).hexdigest()
    return Answer(_result(args, found, made, told, digest), _text(args, found, made))


def _campaign(store: Store, args: argparse.Namespace, ids: list[str]) -> Campaign:
    ask = "segment" if args.segment else "ids" if args.ids else "category" if args.category else "item"
    to_items = ask in ("item", "category")
    segment = args.segment or args.from_segment
    how, _, days = args.bought.partition(":")
    return Campaign(
        ask=ask,  # type: ignore[arg-type]
        items=tuple(dict.fromkeys(args.item)),
        category=args.category,
        column=(args.by or _category_column(store)) if args.category else None,
        segment=get_segment(store, segment) if segment else None,
        ids=ids_digest(ids) if ids else None,
        model=models_of(args.model, args.param)[0] if args.model else None,
        matrix=matrix_of(args),
        seed=args.seed,
        offer_k=args.offer_k if args.offer_k is not None else 0 if to_items or not args.model else 3,
        size=args.size,
        share=args.share,
        channel=args.channel,
        assume_consent=args.assume_consent != "no",
        bought=how,
        bought_days=_days(days) if how == "days" else None,
        holdout=args.holdout,
        as_of=moment(args.until),
    )


def _days(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise Refusal("bad_campaign", f"{text!r} is not a number of days.", "Write --bought days:90.") from None


def _category_column(store: Store) -> str:
    rows = store.rows(
        Query(
            "SELECT c.column_name FROM columns c JOIN duckdb_columns() d USING (table_name, column_name) WHERE "
            "d.schema_name = 'main' AND c.table_name = 'items' AND c.role = 'category' "
            "AND d.database_name = current_database() ORDER BY d.column_index LIMIT 1"
        )
    )
    if not rows:
        raise Refusal(
            "no_category",
            "No column of the items is known as the category.",
            "Name the column: --by COLUMN; where items have no columns, load a file of items with their categories.",
        )
    return str(rows[0]["column_name"])


def _note_consent(store: Store, args: argparse.Namespace, made: _Made) -> None:
    """Nobody said what to do where nobody was asked: that must be seen."""
    if args.assume_consent is None and not consent_columns(store):
        made.notes.append("Warning: consent is assumed, not known. --assume-consent yes or no settles it.")


def _write(
    store: Store, args: argparse.Namespace, found: TargetList, model: Recommender | None, made: _Made, step: Step
) -> None:
    if args.out:
        why = _reasons(store, args, found, model, made, step.part(0.0, 0.8))
        made.files["contacted"] = write_list(
            store, found, Path(args.out), excel=args.excel, why=why, step=step.part(0.8, 0.9)
        )
    if args.control:
        made.files["control"] = write_list(
            store, found, Path(args.control), arm="control", excel=args.excel, step=step.part(0.9, 1.0)
        )
    elif len(found.control) and args.out and not args.save:
        made.notes.append(
            f"{len(found.control):,} users are held out as the control group, and nothing keeps them: "
            "give --control or --save, or the result cannot be read later."
        )


def _reasons(
    store: Store, args: argparse.Namespace, found: TargetList, model: Recommender | None, made: _Made, step: Step
) -> list[str] | None:
    """One sentence a row, about its first offer or the best of the items asked; None where none are wanted."""
    members = found.contacted
    if model is None or args.why == "no":
        return None
    if args.why is None and len(members) > MOST_REASONS:
        made.notes.append(f"More than {MOST_REASONS:,} rows: reasons were left out. --why yes writes them.")
        return None
    made.why = True
    items = reason_items(store, found, model)
    told = reasons(store, model, members.user_no, items, step=step)
    if members.offers.shape[1]:
        return told
    titles = item_labels(store, items[items >= 0])  # the row itself does not say which of the items it is about
    return [f"{titles[no]}: {words}" if words else "" for no, words in zip(items.tolist(), told, strict=True)]


def _check_name(store: Store, args: argparse.Namespace) -> None:
    """Refuse a taken name before the work, not after it."""
    from core.experiments import list_saved

    if args.save and not args.replace and any(s.name.lower() == args.save.lower() for s in list_saved(store)):
        raise Refusal(
            "list_exists", f"There is a saved list {args.save!r} already.", "Choose another name, or say --replace."
        )


def _save(store: Store, args: argparse.Namespace, found: TargetList, told: dict[str, Any]) -> None:
    from core.experiments import save_list  # only here: most lists are not kept

    sent_at = moment(args.sent_at) or moment(told["as_of"])
    if sent_at is None:
        raise Refusal("no_times", "The data have no times, so nothing says when the list is sent.", "Give --sent-at.")
    campaign = found.campaign
    acts = found.facts.get("bought_by") or ["purchase"]  # other words only where the data have no purchases
    with store.atomic(data=False) as writer:
        save_list(
            writer,
            args.save,
            found,
            told,
            sent_at=sent_at,
            days=28 if args.days is None else args.days,
            event=acts[0],
            items=campaign.items if campaign.ask == "item" else (),
            replace=args.replace,
        )


def _result(
    args: argparse.Namespace, found: TargetList, made: _Made, told: dict[str, Any], digest: str
) -> dict[str, Any]:
    return {
        "rows": len(found.contacted),
        "control_rows": len(found.control),
        "stages": told["stages"],
        "backtest": made.backtest,
        "why": made.why,
        "notes": made.notes,
        "files": {
            name: {"path": str(file.path), "rows": file.rows, "bytes": file.bytes, "sha256": file.sha256}
            for name, file in made.files.items()
        },
        "saved": args.save,
        "as_of": told["as_of"],
        "digest": told["digest"],
        "model": told["model"],
        "manifest_sha256": digest,
    }


def _text(args: argparse.Namespace, found: TargetList, made: _Made) -> str:
    users = "1 user" if len(found.contacted) == 1 else f"{len(found.contacted):,} users"
    lines = [f"{users} to contact, {len(found.control):,} in the control group.", ""]
    lines += [f"{'gate':<12}{'before':>12}{'left out':>12}{'after':>12}"]
    lines += [f"{s.stage:<12}{s.before:>12,}{s.before - s.after:>12,}{s.after:>12,}  {s.words}" for s in found.stages]
    if made.backtest:
        lines += ["", *backtest_words(made.backtest)]
    if made.files:
        lines += ["", *(_file_line(name, file) for name, file in made.files.items())]
    lines += [f"Saved as {args.save}."] if args.save else []
    return "\n".join([*lines, *([""] if made.notes else []), *(f"Note: {note}" for note in made.notes)])


def _file_line(name: str, file: Written) -> str:
    rows = "" if name == "manifest" else f"{file.rows:,} {'row' if file.rows == 1 else 'rows'}, "
    return f"{name:<10} {file.path} ({rows}{file.bytes:,} bytes, sha256 {file.sha256[:12]}…)"
