"""ABC and Pareto: how much of the whole its best users bring, and who they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import get_args

from core.progress import Step, no_step
from core.segments.abc_sql import summed
from core.segments.conditions import Setting
from core.segments.rule import Abc
from core.segments.schema import read_schema
from core.segments.stored import saved_segments
from core.segments.words import amount_words
from core.segments.worth import Class
from core.store import Query, Store


@dataclass(frozen=True)
class AbcClass:
    """Users of one class.

    Attributes:
        name: A, B or C.
        users: in it; share: of the users who have the measure, 0 to 1.
        total: what they bring, amounts above zero; total_share: of all such amounts, None where there are none.
        lowest, highest: amount of one user; None for an empty class. C's lowest may be zero or less.
    """

    name: Class
    users: int
    share: float
    total: float
    total_share: float | None
    lowest: float | None = None
    highest: float | None = None


@dataclass(frozen=True)
class AbcResult:
    """ABC classes of a workspace, and the curve behind them. Amounts are in the unit of the measure.

    Attributes:
        as_of: UTC, half-open end of the data seen; None without times.
        of: what was asked; its `classes` are not looked at.
        users: all known users.
        measured: those who have the measure; the rest have no class.
        total: of amounts above zero: what is shared out.
        negative: sum of amounts below zero (more returned than bought), 0 or less; not part of `total`.
        classes: A, B, C, empty ones included; () where there is nothing.
        curve: (share of users, share of total) from the highest down, from (0, 0) to (1, 1), at most 200 points, each
            at a boundary between two amounts: straight lines between them lose little, and nothing among equal users.
        top_fifth: share of the total that the top 20 % of the measured users bring; None where there is nothing.
        problem: why there is nothing to show, in a sentence, or None.
    """

    as_of: datetime | None
    of: Abc
    users: int
    measured: int = 0
    total: float = 0.0
    negative: float = 0.0
    classes: tuple[AbcClass, ...] = ()
    curve: tuple[tuple[float, float], ...] = ()
    top_fifth: float | None = None
    problem: str | None = None

    @property
    def without(self) -> int:
        """Users without the measure: in no class."""
        return self.users - self.measured

    def rule(self, name: Class) -> Abc:
        """The rule for the users of one class. Raises BadRule."""
        return replace(self.of, classes=(name,))


def abc(store: Store, spec: Abc, as_of: datetime | None = None, *, step: Step = no_step) -> AbcResult:
    """Users in classes A, B and C as of `as_of` (default: just after the last event); `spec.classes` is not looked at.

    The result does not depend on the order of rows. Raises BadRule where the workspace lacks what `spec` names.
    """
    end = as_of or store.as_of()
    setting = Setting(read_schema(store, saved=saved_segments(store)), end)
    rows = store.rows(summed(spec, setting, ""), step=step)
    (known,) = store.rows(Query("SELECT count(*) AS users FROM users"))
    users, whole = int(str(known["users"])), next(row for row in rows if row["of"] == "all")
    measured, total = int(str(whole["users"])), _float(whole["total"]) or 0.0
    if not measured:
        problem = f"Nobody is known to have what is asked for ({amount_words(spec)}), so there is nothing to share out."
        return AbcResult(end, spec, users, problem=problem)
    nothing = f"Nobody has more than zero ({amount_words(spec)}), so there is nothing to share out."
    found = {str(row["key"]): row for row in rows if row["of"] == "class"}
    points = sorted((int(str(row["users"])), _float(row["total"]) or 0.0) for row in rows if row["of"] == "point")
    curve = [(n / measured, amount / total) for n, amount in points] if total else []
    ends = [(1.0, 1.0)] if curve and curve[-1][0] < 1 else []
    return AbcResult(
        end, spec, users, measured, total, _float(whole["lowest"]) or 0.0,
        tuple(_class(name, found.get(name), measured, total) for name in get_args(Class)),
        ((0.0, 0.0), *curve, *ends) if curve else (),
        (_float(whole["highest"]) or 0.0) / total if total else None,
        None if total else nothing,
    )  # fmt: skip


def _class(name: Class, row: Mapping[str, object] | None, measured: int, total: float) -> AbcClass:
    if row is None:
        return AbcClass(name, 0, 0.0, 0.0, 0.0 if total else None)
    users, own = int(str(row["users"])), _float(row["total"]) or 0.0
    return AbcClass(
        name,
        users,
        users / measured,
        own,
        own / total if total else None,
        _float(row["lowest"]),
        _float(row["highest"]),
    )


def _float(value: object) -> float | None:
    return None if value is None else float(str(value))
