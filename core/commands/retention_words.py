"""What the command retention says to people about parts and survival."""

from __future__ import annotations

from core.commands.tables import number, percent, table
from core.retention import ALL, Retention, Survival

_COLUMNS = 13
_DAYS = (0, 1, 7, 14, 30, 60, 90, 180, 365)


def mean_lines(found: Retention) -> list[str]:
    """A row for each part: retention over its cohorts that are complete at each period."""
    labels = list(dict.fromkeys(found.mean["label"]))[:_COLUMNS]
    shares = {(row["part"], row["label"]): row["share"] for row in found.mean.to_dict("records")}
    sizes = found.cohorts.groupby("part")["size"].sum()
    rows = [
        (
            part or "all", f"{int(sizes[part]):,}",
            *(percent(shares[part, label]) if (part, label) in shares else "" for label in labels),
        )
        for part in found.parts
    ]  # fmt: skip
    return [
        *table(("part", "users", *labels), rows),
        "Of the cohorts that are complete at each period (--json and --out have every cohort).",
    ]


def survival_lines(found: Survival) -> list[str]:
    """A row for each part: the share at some days, and the median with its interval."""
    again = found.question.ends == "again"
    rows = []
    for part in found.medians.to_dict("records"):
        curve = found.curves[found.curves["part"] == part["part"]].set_index("day")["share"]
        at = [curve.get(day) for day in _DAYS]
        shares = [percent(None if v is None else 1 - v if again else v) for v in at]
        low, middle, high = (number(None if part[n] != part[n] else part[n]) for n in ("low", "median", "high"))
        rows.append((part["part"] or "all", f"{part['users']:,}", *shares, middle, f"{low} to {high}"))
    if again:
        head = "Share of buyers who have placed a second order so many days after their first (1 - Kaplan-Meier)."
    else:
        learned = " (95 % of the pauses that ended were no longer)" if found.learned else ""
        head = (
            f"Share of users still active so many days after their first event; gone = {found.question.silence} days"
            f" of silence{learned}."
        )
    lines = [head, *table(("part", "users", *(f"day {day}" for day in _DAYS), "median", "95 %"), rows)]
    tests = [
        f"{test.a or 'all'}{f' against {test.b}' if test.b != ALL else ' parts'}: log-rank p = {test.p:.2g}"
        for test in found.tests
    ]
    corrected = ["(pairs corrected by Holm)"] if len(tests) > 1 else []
    return [*lines, *tests[:12], *corrected]
