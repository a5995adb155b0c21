"""What the rows of findings change: the key figures with them and without them, for all findings in one go.

Every finding is a bit. Each event that any of them chooses gets a mask of the findings that do (of users and items:
all their events), and from these events alone the figures without them follow. Sums go by mask. A user (buyer, item,
order) is gone without a finding's rows if all their events have its bit: the `bit_and` of the masks of those events
that have one, where they are as many as the user has in all. Both come down to a few lines per different mask, so
that sixty findings cost hardly more than one. A test holds every figure against `figures` over what is left.

Measured on 10 million events with two cores: see docs/benchmarks.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any, cast

import pyarrow as pa

from core.errors import Refusal
from core.progress import Step
from core.quality.effect_top import HIT, Top
from core.quality.figures import IS_ORDER, ORDER, figures
from core.quality.kinds import chosen, scope_of
from core.quality.types import KEY, Asked, Effect, Figures, Finding, Scope, Selection
from core.store import Query, Scratch, ident, joined

MOST = 60
"""Findings that share one mask of 63 bits."""
HALF = 0.5
"""Above this share of all events a finding's effect is not worked out: what is left would say nothing."""


@dataclass(frozen=True)
class Skipped:
    """Why a finding has no effect worked out, in a sentence for people."""

    reason: str


def with_effects(asked: Asked, findings: Sequence[Finding], *, now: Figures | None = None) -> list[Finding]:
    """The findings with their `effect`; where it was skipped, `facts["no_effect"]` says why.

    `asked.reader` must be a Scratch; `now` are the figures with all rows, if they are known.
    """
    found = effects(asked, findings, now=now)
    told = []
    for finding, effect in zip(findings, found, strict=True):
        if isinstance(effect, Skipped):
            told.append(replace(finding, facts={**finding.facts, "no_effect": effect.reason}))
        else:
            told.append(replace(finding, effect=effect))
    return told


def effects(asked: Asked, findings: Sequence[Finding], *, now: Figures | None = None) -> list[Effect | Skipped | None]:
    """The effect of each finding, in their order; None for one without a selection.

    `asked.reader` must be a Scratch (Store.scratch): the rows chosen stand in temporary tables of its cursor.
    """
    scratch = cast(Scratch, asked.reader)
    with_ = now or figures(scratch, step=asked.step)
    answer: list[Effect | Skipped | None] = [_skipped(finding, with_.events) for finding in findings]
    todo = [n for n, finding in enumerate(findings) if finding.selection is not None and answer[n] is None]
    top = Top(scratch, asked) if todo else None
    whole = asked.step
    for start in range(0, len(todo), MOST):
        part = todo[start : start + MOST]
        asked.step = whole.part(start / len(todo), (start + len(part)) / len(todo))
        masked = [(n, cast(Selection, findings[n].selection)) for n in part]
        for n, effect in zip(part, _together(scratch, asked, masked, with_, cast(Top, top)), strict=True):
            answer[n] = effect
    asked.step = whole
    return answer


def _skipped(finding: Finding, events: int) -> Skipped | None:
    if finding.selection is not None and finding.scope == "events" and finding.count > HALF * events:
        return Skipped("More than half of all events: without them too little is left to compare.")
    return None


def _together(
    scratch: Scratch, asked: Asked, selections: Sequence[tuple[int, Selection]], with_: Figures, top: Top
) -> list[Effect | Skipped]:
    """The effects of up to MOST selections: bit k is the k-th of them."""
    step = asked.step
    step.report(0.0, "Choosing the rows of each finding")
    failed: dict[int, Skipped] = {}
    with _masks(scratch, asked, [selection for _, selection in selections], failed) as (scopes, tests):
        step.report(0.5, "Looking at the figures without them")
        with scratch.keep(HIT, _hit(scopes, tests), step=step):
            lost = _Lost(scratch, asked, step)
            changes = top.changes(scratch, len(selections), step)
    made: list[Effect | Skipped] = []
    for bit in range(len(selections)):
        if bit in failed:
            made.append(failed[bit])
        else:
            leave, enter = changes[bit]
            made.append(Effect(with_, lost.without(with_, bit), leave, enter))
    return made


# ---- the rows


def key_query(asked: Asked, selection: Selection, stack: ExitStack, name: str) -> Query:
    """A query for the numbers that a selection chooses, in a column "key": each at least once.

    An array of numbers becomes the table `name` until `stack` ends.
    """
    return _keys(asked, chosen(asked, selection), stack, name)


def _keys(asked: Asked, rows: Query | pa.Array, stack: ExitStack, name: str) -> Query:
    if isinstance(rows, Query):
        return Query("SELECT key FROM (") + rows + ") AS q(key)"
    table = pa.table({"key": pa.array(rows, pa.int64())})
    stack.enter_context(cast(Scratch, asked.reader).table(name, table))
    return Query(f"SELECT key FROM {ident(name)}")


@contextmanager
def _masks(
    scratch: Scratch, asked: Asked, selections: Sequence[Selection], failed: dict[int, Skipped]
) -> Iterator[tuple[list[Scope], list[Query]]]:
    """Inside, tables quality_mask_X (key, m) for each scope X that any of the selections is about.

    Those that are a plain condition on events need no table: their bits come from the second answer's terms.
    """
    with ExitStack() as stack:
        tests: list[Query] = []
        parts: dict[Scope, list[Query]] = {}
        for bit, selection in enumerate(selections):
            asked.step.report(0.5 * bit / len(selections), "Choosing the rows of each finding")
            try:
                rows = chosen(asked, selection)
            except Refusal as refusal:
                failed[bit] = Skipped(f"The rows could not be chosen: {refusal.message}")
                continue
            test = _test(rows)
            if test is not None:
                tests.append(Query("(CASE WHEN ") + test + f" THEN {1 << bit}::BIGINT ELSE 0 END)")
                continue
            query = _keys(asked, rows, stack, f"quality_keys_{bit}")
            marked = Query(f"SELECT key, {1 << bit}::BIGINT AS m FROM (") + query + ")"
            parts.setdefault(scope_of(selection), []).append(marked)
        for scope, queries in parts.items():
            every = Query("SELECT key, bit_or(m) AS m FROM (") + joined(" UNION ALL ", queries) + ") GROUP BY key"
            stack.enter_context(scratch.keep(f"quality_mask_{scope}", every, step=asked.step))
        yield list(parts), tests


def _test(rows: Query | pa.Array) -> Query | None:
    """The condition on events, where that is all that a selection is: it is put to each event, nothing is joined."""
    if not isinstance(rows, Query) or not rows.sql.startswith(_PLAIN):
        return None
    condition = rows.sql[len(_PLAIN) :]
    if any(word in condition.upper() for word in _NOT_PLAIN):
        return None
    return Query(f"({condition})", rows.params)


_PLAIN = "SELECT event_no FROM events WHERE "
_NOT_PLAIN = ("ORDER BY", "GROUP BY", "LIMIT", "QUALIFY", "UNION", "EXCEPT", "INTERSECT", "OVER")


def _hit(scopes: Sequence[Scope], tests: list[Query]) -> Query:
    """Every event that is chosen, by itself or with its user or item, and its mask."""
    plain = joined(" | ", tests) if tests else Query("0::BIGINT")
    mask = " | ".join(["e.m", *(f"coalesce({scope}_mask.m, 0)" for scope in scopes)])
    joins = " ".join(
        f"LEFT JOIN quality_mask_{scope} {scope}_mask ON {scope}_mask.key = e.{KEY[scope]}" for scope in scopes
    )
    # what names an order is kept of orders' rows alone: text is what costs most here
    columns = (
        "user_no, item_no, event, value, event_no, "
        f"CASE WHEN {IS_ORDER} THEN order_id END AS order_id, CASE WHEN {IS_ORDER} THEN at_utc END AS at_utc, "
    )
    events = Query(f"SELECT {columns}") + plain + " AS m FROM events"
    return (
        Query(f"SELECT * FROM (SELECT e.* EXCLUDE (m, event_no), {mask} AS m FROM (")
        + events
        + (f") e {joins}) WHERE m <> 0")
    )


# ---- the figures


class _Lost:
    """What goes with the events hit, per mask: sums, and how many users, buyers, items and orders lose all."""

    def __init__(self, scratch: Scratch, asked: Asked, step: Step) -> None:
        self._sums = scratch.rows(_SUMS, step=step)
        self._whole: dict[str, list[tuple[int, int]]] = {}
        for name, (keys, among) in _THINGS.items():
            query = _gone(keys, among, _counted(asked, name))
            with _given(scratch, asked, name):
                self._whole[name] = [(int(r["m"]), int(r["n"])) for r in scratch.rows(query, step=step)]

    def without(self, with_: Figures, bit: int) -> Figures:
        """The figures without the events that have the bit."""
        mine = [row for row in self._sums if int(row["m"]) >> bit & 1]
        gone = {name: sum(n for m, n in rows if m >> bit & 1) for name, rows in self._whole.items()}
        sums = {name: _sum(mine, name) for name in ("gross", "returned")}
        return Figures(
            events=with_.events - sum(int(row["events"]) for row in mine),
            users=with_.users - gone["users"],
            items=with_.items - gone["items"],
            buyers=with_.buyers - gone["buyers"],
            orders=with_.orders - gone["orders"],
            revenue=round(with_.revenue - (sums["gross"] - sums["returned"]), 4),
            gross=round(with_.gross - sums["gross"], 4),
            returned=round(with_.returned - sums["returned"], 4),
        )


def _sum(rows: Sequence[dict[str, Any]], name: str) -> float:
    return float(sum(row[name] for row in rows))  # of exact decimals, so that the order does not show


_SUMS = Query(
    "SELECT m, count(*) AS events, coalesce(sum(value) FILTER (event = 'purchase'), 0)::DECIMAL(38, 4) AS gross, "
    f"coalesce(0 - sum(value) FILTER (event = 'return'), 0)::DECIMAL(38, 4) AS returned FROM {HIT} GROUP BY m"
)
_THINGS: dict[str, tuple[tuple[str, ...], str]] = {
    "users": (("user_no",), "user_no IS NOT NULL"),
    "buyers": (("user_no",), "user_no IS NOT NULL AND event = 'purchase'"),
    "items": (("item_no",), "item_no IS NOT NULL"),
    "orders": (tuple(ORDER.split(", ")), IS_ORDER),
}
"""What a figure counts: the columns that name one thing, and the events that it is made of."""


_COUNTED = {
    "users": ("users", "user_no", "n"),
    "buyers": ("users", "user_no", "bought"),
    "items": ("items", "item_no", "n"),
}
"""Where the report has counted a thing's events already: name in Asked.held, its key, the column."""


def _counted(asked: Asked, name: str) -> str | None:
    """SQL of (k0, held), how many events each thing has in all; None where nobody has counted them yet."""
    held, key, count = _COUNTED.get(name, ("", "", ""))
    return f"SELECT {key} AS k0, {count} AS held FROM quality_counted" if held in asked.held else None


@contextmanager
def _given(scratch: Scratch, asked: Asked, name: str) -> Iterator[None]:
    held, key, count = _COUNTED.get(name, ("", "", ""))
    if held not in asked.held:
        yield
        return
    with scratch.table("quality_counted", asked.held[held].select([key, count])):
        yield


def _gone(keys: Sequence[str], among: str, counted: str | None) -> Query:
    """Mask and number of the things all of whose events share some bit."""
    named = ", ".join(f"{key} AS k{n}" for n, key in enumerate(keys))
    names = ", ".join(f"k{n}" for n in range(len(keys)))
    hit = (
        f"SELECT {names}, bit_and(m) AS m, count(*) AS n FROM (SELECT {named}, m FROM {HIT} WHERE {among}) "
        f"GROUP BY {names} HAVING bit_and(m) <> 0"
    )
    if counted:
        return Query(
            f"WITH h AS ({hit}) SELECT m, count(*) AS n FROM h JOIN ({counted}) c USING (k0) "
            "WHERE h.n = c.held GROUP BY m"
        )
    same = " AND ".join(f"h.k{n} IS NOT DISTINCT FROM e.k{n}" for n in range(len(keys)))
    ours = ", ".join(f"h.k{n}" for n in range(len(keys)))
    return Query(
        f"WITH h AS MATERIALIZED ({hit}), t AS (SELECT {ours}, any_value(h.m) AS m, any_value(h.n) AS hit, count(*) "
        f"AS held FROM (SELECT {named} FROM events WHERE {among}) e JOIN h ON {same} GROUP BY {ours}) "
        f"SELECT m, count(*) AS n FROM t WHERE hit = held GROUP BY m"
    )
