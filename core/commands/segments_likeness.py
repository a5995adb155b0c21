"""Users who are alike: clusters, and look-alikes of a saved segment. Computed in this process, with progress."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import Any

from core.commands import Answer
from core.commands.tables import day, percent, table, users
from core.commands.times import moment
from core.commands.written import check_free, written
from core.progress import Step
from core.segments import (
    Clustering,
    ClusterSpec,
    Lookalikes,
    LookalikeSpec,
    clusters,
    clusters_csv,
    keep_clusters,
    keep_lookalikes,
    lookalikes,
    lookalikes_csv,
)
from core.store import Store

_TRAITS = 3  # told of each cluster
_CURVE = (10, 100, 1_000, 10_000, 100_000)  # lengths of list whose closeness is told


def cluster(store: Store, args: argparse.Namespace, step: Step) -> Answer:
    """Users in clusters. Raises Refusal as core.segments.clusters does, `group_exists`."""
    spec = ClusterSpec(
        method=args.cluster,
        k=args.k,
        on=args.on or "taste",
        columns=tuple(args.columns or ()),
        min_events=10 if args.min_events is None else args.min_events,
        smallest=args.smallest,
        as_of=moment(args.as_of),
        seed=args.seed or 0,
    )
    check_free(store, args.save, replace=args.replace)
    found, members, model = clusters(store, spec, step=step)
    told = asdict(found)
    result: dict[str, Any] = {key: value for key, value in told.items() if not key.startswith("map_")}
    result["spec"] = found.spec.as_json()
    lines = _clusters(found)
    if args.out:
        rows, said = written(args.out, lambda out: clusters_csv(store, found, members, out, step=step))
        result |= {"out": args.out, "rows": rows}
        lines.append(said)
    if args.save:
        with store.atomic(data=False) as writer:
            keep_clusters(writer, args.save, found, members, model, replace=args.replace)
        result["saved"] = args.save
        lines.append(_kept(args.save, {"parts": [0]}))
    return Answer(result, "\n".join(lines))


def lookalike(store: Store, args: argparse.Namespace, step: Step) -> Answer:
    """Look-alikes of a saved segment. Raises Refusal as core.segments.lookalikes does, `group_exists`."""
    spec = LookalikeSpec(
        seed_segment=args.lookalike,
        way=args.way,
        size=args.size_of,
        min_events=1 if args.min_events is None else args.min_events,
        as_of=moment(args.as_of),
        seed=args.seed or 0,
    )
    check_free(store, args.save, replace=args.replace)
    found = lookalikes(store, spec, step=step)
    result: dict[str, Any] = {
        "spec": found.spec.as_json(),
        **{name: getattr(found, name) for name in ("seed_users", "seed_known", "candidates", "left_out", "seconds")},
        "curve": [asdict(point) for point in found.curve],
        "checks": [{**asdict(check), "curve": [list(point) for point in check.curve]} for check in found.checks],
        "traits": [asdict(trait) for trait in found.traits],
        "notes": list(found.notes),
    }
    lines = _lookalikes(found)
    if args.out:
        rows, said = written(args.out, lambda out: lookalikes_csv(store, found, out, step=step))
        result |= {"out": args.out, "rows": rows}
        lines.append(said)
    if args.save:
        with store.atomic(data=False) as writer:
            keep_lookalikes(writer, args.save, found, replace=args.replace)
        result["saved"] = args.save
        lines.append(_kept(args.save, {"closest": found.spec.size}))
    return Answer(result, "\n".join(lines))


def _clusters(found: Clustering) -> list[str]:
    spec = found.spec
    on = "what they take" if spec.on == "taste" else "how they behave"
    at = "" if spec.as_of is None else f", as of {day(spec.as_of)}"
    lines = [
        f"{users(found.users)} in {len(found.clusters):,} clusters by {on} ({spec.method}){at}. "
        f"{users(found.left_out)} with fewer than {spec.min_events:,} events left out"
        + (f"; {found.noise:,} in no cluster." if found.noise else ".")
    ]
    for one in found.clusters:
        lines.append(f"{one.number:>3}  {one.users:>9,} {percent(one.share):>6}  {one.name}")
        lines += [f"{'':>22}{trait.words}" for trait in one.traits[:_TRAITS]]
    if found.tried:
        head = ("clusters", "silhouette", "BIC", "stability")
        rows = [(f"{t.k}", _two(t.silhouette), _whole(t.bic), _two(t.stability)) for t in found.tried]
        lines += ["", *table(head, rows)]
    return [*lines, found.suggested, *(f"Note: {note}" for note in found.notes)]


def _lookalikes(found: Lookalikes) -> list[str]:
    spec = found.spec
    lines = [
        f"{users(spec.size or 0)} most like the {found.seed_users:,} of {spec.seed_segment}, by {spec.way}, of "
        f"{found.candidates:,} who are not in it, as of {day(spec.as_of)}.",
        "",
        f"A fifth of the members was hidden, five times; how many come back in a list of {spec.size or 0:,}:",
    ]
    rows = [
        (c.way, f"{c.found:,} of {c.hidden:,}", percent(c.share), f"{percent(c.low)} to {percent(c.high)}",
         percent(c.at_random))
        for c in found.checks
    ]  # fmt: skip
    lines += [f"  {line}" for line in table(("way", "found", "share", "95 % interval", "at random"), rows)]
    told = {point.size: point.closeness for point in found.curve}
    wanted = {min(told, key=lambda n: abs(n - size)) for size in (*_CURVE, spec.size or 1) if size <= max(told)}
    points = [(f"{n:,}", f"{told[n]:.3f}") for n in sorted(wanted)]
    lines += ["", *(f"  {line}" for line in table(("list of", "closeness of the last"), points))]
    if found.traits:
        lines += ["", "What they have in common with the segment, against all others:"]
        lines += [f"  {trait.words}" for trait in found.traits[: 2 * _TRAITS]]
    return [*lines, "", *(f"Note: {note}" for note in found.notes)]


def _kept(name: str, more: dict[str, object]) -> str:
    return f"Kept as the group {name}; in a rule: {json.dumps({'group': name} | more, ensure_ascii=False)}."


def _two(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _whole(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"
