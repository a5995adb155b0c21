"""Popularity, the yardstick."""

from __future__ import annotations

from core.recommend.types import ModelInfo, Param

LINES = (
    ModelInfo(
        "popular",
        "Most popular",
        "popularity",
        "The yardstick: what most users take. It serves users without history, and every other model must beat it.",
        "",
        (
            Param(
                "count",
                "choice",
                "users",
                "Count",
                "users: each user once; weight: heavy users count more.",
                choices=("users", "weight"),
            ),
            Param(
                "half_life",
                "float",
                0.0,
                "Fades after (days)",
                "Days after which having taken an item counts half, so that what is popular now comes first; "
                "0 = nothing fades.",
                low=0.0,
                high=3650.0,
                tune_high=365.0,
            ),
            Param(
                "by",
                "text",
                "",
                "Popular among",
                "A column of users, such as country: what is popular among users of the same value; empty = among "
                "all users.",
                tuned=False,
            ),
            Param(
                "caution",
                "float",
                50.0,
                "Caution",
                "In small groups, as many users of the whole as this speak along.",
                low=0.0,
                high=10_000.0,
                only=("by", ()),
                tuned=False,
            ),
        ),
        "core.recommend.popular",
        "Popular",
        family="popular",
        usual=True,
        needs={"times": "half_life", "user_side": "by"},
    ),
)
