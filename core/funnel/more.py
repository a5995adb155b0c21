"""What those who went on did more often, by then, than those who did not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.behaviour import EVERYTHING, Window, holm, resolve
from core.errors import Refusal
from core.funnel.chance import independent, odds_ratio
from core.funnel.question import FunnelSpec
from core.funnel.rows import UNKNOWN
from core.funnel.traits import Trait, traits
from core.funnel.tries import NEVER
from core.funnel.walk import Ways
from core.funnel.ways import no_order, these, ways
from core.progress import Step, no_step
from core.store import Query, Store

Went = Literal["on", "off", "both"]


@dataclass(frozen=True, eq=False)
class MoreOften:
    """Of those who came to a step: who went on to the next, by what was true of them at that moment.

    Everything is measured at the earliest moment at which the user had come so far, for those who went on and those
    who did not alike: events strictly before it, and the event of the step itself. Nothing after it is looked at, or
    the purchase itself would "explain" the purchase. Users' attributes alone carry no moment (they are as loaded last:
    a loyalty tier may well follow from the purchase), so they are marked and stand apart.

    Attributes:
        step: from 0; went_on, dropped (int): how many.
        table: kind, name, value (str, see Trait), with_on, with_off (int, have the trait and went on / did not),
            share_on, share_off (of those who went on / did not), odds_ratio, low, high (95 %, Haldane-Anscombe), p
            (chi-square, Fisher's where few), p_holm (corrected for all rows), dated (bool: known to have been so by
            then). Dated ones first, of them the sure ones (p_holm < 0.05), then by how far the odds ratio lies from 1.
            Traits that all or none have are left out.
        problem: why nothing can be shown.
    """

    spec: FunnelSpec
    window: Window
    step: int
    went_on: int
    dropped: int
    table: pd.DataFrame
    problem: str | None = None


def more_often(
    store: Store, spec: FunnelSpec, step: int, window: Window = EVERYTHING, *, progress: Step = no_step
) -> MoreOften:
    """Traits of those who came to step `step` (from 0) and went on, against those who did not.

    Association, not cause. Raises as `step_funnel`, and Refusal `no_such_step`.
    """
    _check(spec, step)
    window = resolve(store, window)
    problem = no_order(spec, window)
    if problem is None and window.end is None:
        problem = "These events carry no time, so what came before a step cannot be told."
    if problem is not None:
        return MoreOften(spec, window, step, 0, 0, pd.DataFrame(), problem)
    found = ways(store, spec, window, progress)
    here, on = _compared(found, step)
    went_on, dropped = int(on.sum()), int((~on).sum())
    if not went_on or not dropped:
        which = "Nobody" if not went_on else "Everybody"
        said = f"{which} who came to this step went on to the next, so there are no two groups to compare."
        return MoreOften(spec, window, step, went_on, dropped, pd.DataFrame(), said)
    rows = []
    for trait, has in traits(store, spec, step, found.users[here], found.soonest[here, step], progress):
        a, c = int((has & on).sum()), int((has & ~on).sum())
        if not 0 < a + c < len(on):
            continue
        b, d = went_on - a, dropped - c
        row = (trait.kind, trait.name, trait.value, a, c, a / went_on, c / dropped)
        rows.append((*row, *odds_ratio(a, b, c, d), independent(a, b, c, d)))
    names = ["kind", "name", "value", "with_on", "with_off", "share_on", "share_off", "odds_ratio", "low", "high", "p"]
    table = pd.DataFrame(rows, columns=names)
    if table.empty:
        said = "Nothing is known of these users that some of them have and others have not."
        return MoreOften(spec, window, step, went_on, dropped, table, said)
    table["p_holm"] = holm(table["p"].tolist())
    table["dated"] = table["kind"] != "user"
    effect = -np.log(table["odds_ratio"]).abs()
    order = pd.DataFrame({"undated": ~table["dated"], "unsure": table["p_holm"] >= 0.05, "effect": effect})
    table = table.loc[order.sort_values(["undated", "unsure", "effect"], kind="stable").index].reset_index(drop=True)
    return MoreOften(spec, window, step, went_on, dropped, table)


def more_often_users(  # one row of a table, and which of its people
    store: Store, spec: FunnelSpec, step: int, trait: Trait, window: Window = EVERYTHING, *, went: Went = "both"
) -> Query:
    """The users who came to step `step` and have the trait: those who went "on", "off" or both.

    Raises Refusal `no_such_trait`.
    """
    _check(spec, step)
    found = ways(store, spec, resolve(store, window))
    here, on = _compared(found, step)
    for each, has in traits(store, spec, step, found.users[here], found.soonest[here, step]):
        if each == trait:
            kept = has if went == "both" else has & on if went == "on" else has & ~on
            return these(found.users[here][kept])
    raise Refusal("no_such_trait", f"Nobody here has “{trait.name} {trait.value}”.".replace(" ”", "”"))


def _compared(found: Ways, step: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """The places of units that came to the step at a known moment, and which of them went on."""
    at = found.soonest[:, step]
    here = np.flatnonzero((at != NEVER) & (at != UNKNOWN))
    return here, found.soonest[here, step + 1] != NEVER


def _check(spec: FunnelSpec, step: int) -> None:
    if not 0 <= step < len(spec.steps) - 1:
        raise Refusal(
            "no_such_step", f"There is no step after step {step + 1} to go on to.", f"It has {len(spec.steps)} steps."
        )
