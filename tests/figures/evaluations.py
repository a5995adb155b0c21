"""Hand-made answers of core.evaluate, for figures and pages: every number in them is written here."""

from __future__ import annotations

from core.evaluate import (
    METRICS,
    Audience,
    AudienceSpec,
    CompareSpec,
    Comparison,
    Difference,
    Measured,
    ModelScore,
    Target,
    TargetScore,
    Verdict,
    WayScore,
)
from core.recommend import spec

NDCG = {"popular": 0.05, "item-knn": 0.12, "user-knn": 0.11}
BROKEN = {"code": "out_of_memory", "message": "It needs more memory <b>than</b> there is.", "hint": "Choose less."}


def about(value: float, by: float = 0.01) -> Measured:
    """A mean with an interval of its own width to either side."""
    return Measured(value, value - by, value + 2 * by)


def comparison(users: int = 2000) -> Comparison:
    """Three models that could be fitted and one that could not; item-knn is ahead of popular alone."""
    models = [
        ModelScore(
            name,
            spec(name),
            {metric: about(NDCG[name] * (2 if metric == "hit_rate" else 1)) for metric in METRICS},
            0.25,
            7.5,
            0.5,
            1.25,
            users,
        )
        for name in ("popular", "user-knn", "item-knn")
    ]
    broken = ModelScore("ease", spec("ease"), {}, None, None, None, None, users, BROKEN)
    differences = (
        Difference("item-knn", "popular", "ndcg", 0.07, 0.05, 0.09, 0.0001, 0.0003),
        Difference("item-knn", "user-knn", "ndcg", 0.01, -0.01, 0.03, 0.2, 0.2),
        Difference("user-knn", "popular", "ndcg", 0.06, 0.04, 0.08, 0.0001, 0.0003),
    )
    verdict = Verdict(
        None,
        ("item-knn", "user-knn"),
        ("item-knn", "user-knn"),
        "No winner: Goes together has the highest average, NDCG@10 0.120. Surely better than popularity: both.",
    )
    facts = {
        "users_fit": 2500, "items_fit": 40, "pairs_fit": 9000, "users": users, "users_skipped": 500,
        "pairs_report": users, "users_unknown": 0, "items_unknown": 3, "until": "2024-04-01T00:00:00", "version": 1,
    }  # fmt: skip
    asked = CompareSpec((*(m.spec for m in models), broken.spec))
    return Comparison(
        asked, "leave-last-out", ("500 users were not judged.",), (*models, broken), differences, verdict, facts
    )


def audience() -> Audience:
    """Two items and three ways; the model reaches three times as many takers as chance."""

    def way(name: str, model: bool, lifts: tuple[float, float]) -> WayScore:
        each = tuple(
            TargetScore(n, 100, round(10 * lift), about(lift / 10, 0.02), lift / 4, lift)
            for n, lift in enumerate(lifts)
        )
        mean = sum(lifts) / 2
        against = {"heavy-buyers": about(1.0), "chance": about(2.0)} if model else {}
        kind = spec(name) if model else None
        return WayScore(name, kind, about(mean, 0.2), about(mean / 4), about(mean / 10), against, each, 0.3)

    ways = (
        way("item-knn", True, (4.0, 2.0)),
        way("heavy-buyers", False, (2.0, 2.0)),
        way("chance", False, (1.0, 1.0)),
    )
    targets = (Target("i1", "Blue <b>pot</b>", 1000, 100), Target("=i2", "Red pot", 500, 50))
    asked = AudienceSpec((spec("item-knn"),), size=100)
    facts = {"cut": "2024-03-01T00:00:00", "until": "2024-04-01T00:00:00", "days": 31, "users": 1000}
    facts |= {"targets_skipped": 4, "version": 1}
    return Audience(asked, "purchase", ("Four items were left out.",), targets, ways, "Goes together wins.", facts)
