"""The attention-weighted profile."""

from __future__ import annotations

from dataclasses import replace

from core.recommend.roster.shared import VALUES, factors
from core.recommend.types import ModelInfo, Param

LINES = (
    ModelInfo(
        "attention",
        "What holds attention",
        "attention-weighted profile",
        "Asks of each candidate which past items speak to it, and lets those weigh most: the likest and the most "
        "recent. The weights are the reason.",
        "After He et al. 2018, NAIS: Neural Attentive Item Similarity Model for Recommendation; here on item vectors "
        "of PureSVD, without training the attention",
        (
            factors(
                64, "Numbers that describe an item; in small data at most half of what they hold.", low=2, high=500
            ),
            Param(
                "focus",
                "float",
                4.0,
                "Focus",
                "0: all past items speak alike; larger: only those most like the candidate.",
                low=0.0,
                high=50.0,
                tune_high=20.0,
            ),
            Param(
                "recency",
                "float",
                1.0,
                "Pull of the recent",
                "0: age plays no part; larger: what the user took up last speaks more.",
                low=0.0,
                high=10.0,
                tune_high=4.0,
            ),
            Param(
                "smooth",
                "float",
                0.0,
                "Long histories",
                "0: scores of long and short histories add up in full; 1: the mean of what speaks (the exponent of "
                "the softmax's denominator).",
                low=0.0,
                high=1.0,
            ),
            replace(VALUES, default="once"),
        ),
        "core.recommend.attention",
        "Attention",
        family="attention",
        needs={"times": "recency"},
    ),
)
