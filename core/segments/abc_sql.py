"""ABC classes as SQL: users by how far down the total of a measure they stand, equal users in the same class."""

from __future__ import annotations

from decimal import Decimal

from core.segments.conditions import Setting, marks
from core.segments.measures import amounts
from core.segments.parts import BadRule, Beside, joined_path
from core.segments.rule import Abc, Top
from core.store import Query

_POINTS = 98  # of the curve each way: by users and by total, together fewer than 200
_EXACT = Decimal("1e-12")  # of a cut; decimals with more places leave too little room for the total


def abc_condition(rule: Abc, setting: Setting, path: str) -> Query:
    """The condition on users `u` that they are in one of the rule's classes; never NULL. Raises BadRule."""
    parts = Query(f") c WHERE c.part IN ({marks(rule.classes)}))", rule.classes)
    return Query("u.user_no IN (SELECT c.user_no FROM (") + classed(rule, setting, path) + parts


def classed(rule: Abc, setting: Setting, path: str) -> Query:
    """Two columns, `user_no` and `part` ('A', 'B' or 'C'), of the users who have the measure; each once.

    `rule.classes` is not looked at. A user's class is the one in which the total of the users strictly above them
    ends: A below the first cut of the total, B below the second, else C. The total is of amounts above zero; users at
    zero or less are C. Raises BadRule.
    """
    return _steps(rule, setting, path) + " SELECT user_no, part FROM parted"


def parted(rule: Abc, setting: Setting, path: str) -> Query:
    """`classed` with a third column, `amount`: what the user has of the measure. Raises BadRule."""
    return _steps(rule, setting, path) + " SELECT user_no, part, amount FROM parted"


def summed(rule: Abc, setting: Setting, path: str) -> Query:
    """The classes, the curve and the whole, one row each: of ('class', 'point', 'all'), key, users and figures.

    class: key = its name; users; total = sum of its amounts above zero; lowest, highest amount. point: users and total
    from the highest down to here, at a boundary between two amounts. all: users, total above zero; lowest = sum of
    amounts below zero; highest = what the top fifth of the users bring. Raises BadRule.
    """
    fifth = "(SELECT count(*) FROM measured) / 5.0"
    return (
        _steps(rule, setting, path)
        + " SELECT 'class' AS of, part AS key, count(*) AS users, coalesce(sum(amount) FILTER (amount > 0), 0)::DOUBLE "
        "AS total, min(amount)::DOUBLE AS lowest, max(amount)::DOUBLE AS highest FROM parted GROUP BY part "
        "UNION ALL SELECT DISTINCT 'point', NULL, max(upto), max(above + own)::DOUBLE, NULL, NULL FROM steps "
        f"CROSS JOIN (SELECT count(*) AS n FROM measured) GROUP BY GROUPING SETS (((upto * {_POINTS} - 1) // n), "
        f"(((above + own) * {_POINTS} / total)::INTEGER)) "
        "UNION ALL SELECT 'all', NULL, (SELECT count(*) FROM measured), (SELECT max(total) FROM steps)::DOUBLE, "
        "(SELECT sum(amount) FROM measured WHERE amount < 0)::DOUBLE, "
        # equal users bring equal parts, so a fifth that ends among them takes that part of theirs
        "(SELECT max(above::DOUBLE + own::DOUBLE * least(1.0, (" + fifth + " - upto + users) / users)) FROM steps "
        "WHERE upto - users < " + fifth + ")"
    )


def _steps(rule: Abc, setting: Setting, path: str) -> Query:
    """WITH measured(user_no, amount), steps: one row an amount above zero, and parted: measured with its class.

    steps: amount, users, own = their total, upto = users from the highest to these, above = the total of those
    strictly above, total = of all.
    """
    if isinstance(rule.window, Beside):
        raise BadRule(
            "classes cannot be cut beside each user's own event",
            joined_path(path, "window"),
            'Use a window such as {"days": 365}, or "ever".',
        )
    of = Top(rule.measure, 1.0, rule.event, rule.window, rule.where)
    first, second = (Decimal(str(cut)).quantize(_EXACT) for cut in rule.cuts)
    return (
        Query("WITH measured AS MATERIALIZED (SELECT user_no, amount FROM (")
        + amounts(of, setting, path)
        + ") WHERE amount IS NOT NULL), "
        "steps AS MATERIALIZED (SELECT amount, users, own, sum(users) OVER (ORDER BY amount DESC) AS upto, "
        "sum(own) OVER (ORDER BY amount DESC) - own AS above, sum(own) OVER () AS total "
        "FROM (SELECT amount, count(*) AS users, sum(amount) AS own FROM measured WHERE amount > 0 GROUP BY amount)), "
        + Query(
            "parted AS (SELECT m.user_no, m.amount, CASE WHEN s.above < ? * s.total THEN 'A' "
            "WHEN s.above < ? * s.total THEN 'B' ELSE 'C' END AS part "
            "FROM measured m LEFT JOIN steps s USING (amount))",
            (first, second),
        )
    )
