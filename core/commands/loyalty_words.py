"""The answer of `loyalty` as text."""

from __future__ import annotations

import math

from core.commands.tables import day, number, percent, table
from core.loyalty import STAGES, WITHIN, Became, PauseLengths, Repeat, Score, ScoreCheck, Slipping, Stages


def said(
    again: Repeat, waits: PauseLengths, months: Stages, marks: Score, check: ScoreCheck, slips: Slipping,
    became: Became | None,
) -> list[str]:  # fmt: skip
    """All lines, part after part; a part that cannot be shown says why."""
    lines = [
        f"Repeat rate {percent(again.rate)} ({_range(again.low, again.high)}): {again.repeat:,} of {again.buyers:,} "
        f"buyers have two or more orders, of {again.orders:,} orders."
    ]
    for part in (_waits(waits), _months(months), _marks(marks, check), _slips(slips, became)):
        lines += ["", *part]
    return lines


def _waits(found: PauseLengths) -> list[str]:
    if found.problem:
        return [f"Pauses between orders: {found.problem}"]
    within = []
    for days in WITHIN:
        known = found.again.within(days)
        within.append(f"{days} days {percent(known[0]) if known else '-'}")
    return [
        f"Pauses between orders: {found.ended:,} ended (median {number(found.median)} days, quartiles "
        f"{number(found.q1)} and {number(found.q3)}), {found.going_on:,} go on.",
        f"Ordered again within {', '.join(within)} (pauses that go on included).",
    ]


def _months(found: Stages) -> list[str]:
    if found.problem:
        return [f"Stages by month: {found.problem}"]
    shares = found.matrix.set_index(["was", "now"])["share"]
    rows = [(was, *(_known(shares[was, now]) for now in STAGES))
            for was in STAGES]  # fmt: skip
    last = found.sizes[found.sizes["at"] == found.points[-1]]
    sizes = ", ".join(f"{stage} {users:,}" for stage, users in zip(last["stage"], last["users"], strict=True))
    if not any(found.whole):
        return [f"Stages on {day(found.points[-1])}: {sizes}. No whole month yet, so no moves."]
    return [
        f"Stages on {day(found.points[-1])}: {sizes}.",
        f"Month to month, over {sum(found.whole)} whole months: of the row's buyers, the share in each stage next.",
        *table(("", *STAGES), rows),
    ]


def _marks(found: Score, check: ScoreCheck) -> list[str]:
    if found.problem:
        return [f"Score: {found.problem}"]
    weights = ", ".join(f"{part} {percent(share)}" for part, share in found.shares.items())
    bands = ", ".join(f"{row.low}-{row.high}: {row.users:,}" for row in found.bands.itertuples())
    lines = [f"Score of {found.buyers:,} buyers, by {weights}. Buyers by score: {bands}."]
    lines += [f"Left out: {part}. {why}" for part, why in found.missing.items()]
    if check.problem or check.auc is None or check.auc_recency is None:
        return [*lines, f"Check: {check.problem}"]
    rows = [(f"{row.low}-{row.high}", f"{row.users:,}", _known(row.share), number(_float(row.per_user)))
            for row in check.bands.itertuples()]  # fmt: skip
    return [
        *lines,
        f"Does it tell anything? As it stood on {day(check.at)}, against the {check.days} days after:",
        check.verdict,
        f"Of two buyers, one of whom ordered again, it ranks that one higher {percent(check.auc[0])} of the time "
        f"({_range(*check.auc[1:])}); days since the last order alone: {percent(check.auc_recency[0])}.",
        *table(("score then", "buyers", "ordered again", "net revenue each"), rows),
    ]


def _slips(found: Slipping, became: Became | None) -> list[str]:
    if found.problem:
        return [f"Slipping: {found.problem}"]
    stake = "" if found.stake is None else f"; {number(found.stake)} of net revenue per 30 days at stake"
    lines = [
        f"Slipping against their own rhythm: {found.users:,} of {found.judged:,} with 3 or more order days{stake}."
    ]
    if became is not None and became.slipping:
        slid, kept = became.shares()
        lines.append(
            f"Of those who were on {day(became.at)}, {percent(slid[0])} ordered again within {became.days} days; "
            f"of the others {_known(kept[0])}."
        )
    return lines


def _range(low: float | None, high: float | None) -> str:
    return f"95 % interval {percent(low)} to {percent(high)}"


def _known(share: object) -> str:
    return percent(_float(share))


def _float(value: object) -> float | None:
    return value if isinstance(value, float) and not math.isnan(value) else None
