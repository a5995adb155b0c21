"""Linear item-item models."""

from __future__ import annotations

from dataclasses import replace

from core.recommend.roster.shared import VALUES
from core.recommend.types import ModelInfo, Param

LINES = (
    ModelInfo(
        "ease",
        "Goes together, weighed jointly",
        "EASE, a linear item-item model",
        "Like Goes together, with each past item's part freed of what the others already say. Often the most accurate "
        "up to some ten thousand items.",
        "Steck 2019, Embarrassingly Shallow Autoencoders for Sparse Data",
        (
            Param(
                "ridge",
                "float",
                1000.0,
                "Caution",
                "Larger values trust rare coincidences less (lambda).",
                low=1.0,
                high=20_000.0,
                scale="log",
                tune_low=10.0,
            ),
            VALUES,
        ),
        "core.recommend.linear",
        "Ease",
        family="linear",
        usual=True,
    ),
    ModelInfo(
        "slim",
        "Goes together, only what counts",
        "SLIM, a sparse linear item-item model",
        "Like the joint weighing, but keeps only the links that count, and none that speak against an item: short "
        "reasons, small files.",
        "Ning and Karypis 2011, SLIM: Sparse Linear Methods for Top-N Recommender Systems",
        (
            Param(
                "l1",
                "float",
                2.0,
                "Fewer links",
                "Larger values keep fewer links between items.",
                low=0.001,
                high=1000.0,
                scale="log",
                tune_low=0.1,
                tune_high=50.0,
            ),
            Param(
                "l2",
                "float",
                200.0,
                "Caution",
                "Larger values trust rare coincidences less.",
                low=0.1,
                high=20_000.0,
                scale="log",
                tune_low=10.0,
                tune_high=5_000.0,
            ),
            replace(VALUES, default="once"),
        ),
        "core.recommend.slim",
        "Slim",
        family="linear",
    ),
)
