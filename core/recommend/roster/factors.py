"""Matrix factorisation."""

from __future__ import annotations

from dataclasses import replace

from core.recommend.roster.shared import VALUES, epochs, factors
from core.recommend.types import ModelInfo, Param

LINES = (
    ModelInfo(
        "ials",
        "Hidden tastes",
        "iALS, implicit matrix factorisation",
        "Describes users and items by a few dozen hidden tastes. Serves many items and users, and reaches beyond items "
        "seen together.",
        "Hu, Koren and Volinsky 2008, Collaborative Filtering for Implicit Feedback Datasets; Rendle et al. 2021 "
        "(frequency-scaled regularisation)",
        (
            factors(64, "How many hidden tastes describe a user."),
            Param(
                "alpha",
                "float",
                2.0,
                "Confidence",
                "How much more observed pairs count than unobserved ones (confidence = 1 + alpha x weight).",
                low=0.01,
                high=200.0,
                scale="log",
                tune_low=0.1,
                tune_high=50.0,
            ),
            Param(
                "ridge",
                "float",
                20.0,
                "Caution",
                "Larger values keep tastes of users and items with few events near zero (lambda).",
                low=0.001,
                high=1000.0,
                scale="log",
                tune_low=0.1,
            ),
            Param(
                "frequency",
                "float",
                0.75,
                "Caution grows with activity",
                "0: the same caution for all; 1: caution in proportion to how much a user did, or how often an item "
                "was taken, so that light users and small files are not shrunk to nothing. With 20 events it plays no "
                "part.",
                low=0.0,
                high=1.0,
            ),
            epochs(15, "How many times users and items are solved in turn."),
            VALUES,
        ),
        "core.recommend.ials",
        "Ials",
        family="factors",
        usual=True,
    ),
    ModelInfo(
        "puresvd",
        "Main tastes",
        "PureSVD, truncated singular values",
        "Keeps the strongest common directions of taste. Fast, repeatable to the digit, with few settings.",
        "Cremonesi, Koren and Turrin 2010, Performance of Recommender Algorithms on Top-N Recommendation Tasks",
        (
            factors(20, "How many directions of taste are kept; in small data at most half of them.", low=2, high=500),
            replace(VALUES, default="once"),
        ),
        "core.recommend.svd",
        "PureSvd",
        family="factors",
        usual=True,
    ),
    ModelInfo(
        "nmf",
        "Tastes that add up",
        "NMF, non-negative matrix factorisation",
        "Tastes that only ever add, never take away: each can be read as a theme, a set of items taken together.",
        "Lee and Seung 1999, Learning the Parts of Objects by Non-negative Matrix Factorization; Cichocki and Phan "
        "2009 (coordinate descent)",
        (
            factors(32, "How many themes describe a user.", low=2, high=256),
            Param(
                "ridge",
                "float",
                0.1,
                "Caution",
                "Larger values keep the themes of users and items with few events near zero.",
                low=0.001,
                high=100.0,
                tune_high=10.0,
            ),
            epochs(50, "How many rounds of improvement."),
            replace(VALUES, default="log"),
        ),
        "core.recommend.nmf",
        "Nmf",
        family="factors",
    ),
    ModelInfo(
        "bpr",
        "Tastes by preference",
        "BPR, Bayesian personalised ranking",
        "Learns from pairs: what a user took should stand before what they did not. Follows popularity closely; slow "
        "on large data.",
        "Rendle et al. 2009, BPR: Bayesian Personalized Ranking from Implicit Feedback",
        (
            factors(64, "How many hidden tastes describe a user."),
            Param(
                "rate",
                "float",
                0.01,
                "Step",
                "How far each comparison moves the tastes (learning rate).",
                low=0.0001,
                high=0.3,
                scale="log",
                tune_low=0.003,
                tune_high=0.1,
            ),
            Param(
                "ridge",
                "float",
                0.01,
                "Caution",
                "Larger values keep tastes near zero (regularisation).",
                low=0.0,
                high=1.0,
                tune_high=0.1,
            ),
            epochs(100, "How many times all pairs are gone through.", high=1000),
        ),
        "core.recommend.bpr",
        "Bpr",
        family="factors",
    ),
)
