"""Several models as one."""

from __future__ import annotations

from core.recommend.types import ModelInfo, Param

_PARTS = "Which models, as MODEL=WEIGHT with commas, or as JSON with their parameters: see docs/models.md."

LINES = (
    ModelInfo(
        "blend",
        "Several together",
        "weighted blend",
        "Adds up the scores of several models, each brought to the same scale for every user, and says which part "
        "spoke.",
        "Burke 2002, Hybrid Recommender Systems: Survey and Experiments (weighted)",
        (Param("parts", "text", "ease=0.34,item-knn=0.33,ials=0.33", "Parts", _PARTS, tuned=False),),
        "core.recommend.blend",
        "Blend",
        family="blend",
    ),
    ModelInfo(
        "stack",
        "Several, weighed by what worked",
        "stacked blend (linear, weights learnt)",
        "As the blend, with weights learnt from behaviour hidden from the parts: nobody has to guess them.",
        "Wolpert 1992, Stacked Generalization; Sill et al. 2009, Feature-Weighted Linear Stacking",
        (
            Param("parts", "text", "ease,user-knn,ials,popular", "Parts", _PARTS, tuned=False),
            Param(
                "ridge",
                "float",
                1.0,
                "Caution",
                "Larger values keep the weights nearer to one another.",
                low=0.001,
                high=1000.0,
                scale="log",
            ),
        ),
        "core.recommend.stack",
        "Stack",
        family="blend",
        needs={"times": ""},  # which item of a user was the last
    ),
    ModelInfo(
        "switch",
        "By how much is known",
        "switching blend, by length of history",
        "Takes one model for users with short histories and another for those with long ones.",
        "Burke 2002, Hybrid Recommender Systems: Survey and Experiments (switching)",
        (
            Param("short", "text", "item-knn", "Short histories", f"{_PARTS} One model.", tuned=False),
            Param("long", "text", "ease", "Long histories", f"{_PARTS} One model.", tuned=False),
            Param(
                "items",
                "int",
                10,
                "Long from",
                "A history of at least so many items is long.",
                low=1,
                high=1000,
                scale="log",
                tune_high=100,
            ),
        ),
        "core.recommend.switch",
        "Switch",
        family="blend",
    ),
)
