"""Every model of ratings, one line each: name, plain name, parameters with ranges, paper, where its class is.

Defaults were chosen on folds of ml-latest-small drawn by another seed (101) than any that is reported (0), see
docs/benchmarks.md.
"""

from __future__ import annotations

from dataclasses import replace

from core.recommend.types import ModelInfo, Param

_HERE = "core.recommend.ratings."


def _caution(name: str, default: float, plain: str, help: str) -> Param:
    return Param(name, "float", default, plain, help, low=0.01, high=10_000.0, scale="log", tune_low=0.5, tune_high=200)


_USERS = _caution("caution_users", 5.0, "Caution with users", "Pretends so many average ratings by each user.")
_ITEMS = _caution("caution_items", 3.0, "Caution with items", "Pretends so many average ratings of each item.")
_BIASES = (_USERS, _ITEMS)
_CAUTION = _caution("caution", 15.0, "Caution", "Larger values keep the tastes of users with few ratings near zero.")
_FACTORS = Param(
    "factors", "int", 16, "Tastes", "How many hidden tastes describe a user.", low=1, high=256, tune_high=64
)
_RATE = Param(
    "rate", "float", 0.01, "Step", "How far each step moves (learning rate).", low=0.0001, high=1.0, scale="log"
)
_EPOCHS = Param("epochs", "int", 100, "Rounds", "How many rounds of improvement.", low=1, high=2_000, tune_high=300)

_NEAR = (
    Param("neighbours", "int", 50, "Neighbours", "How many of the most alike speak at most.", low=1, high=1000),
    Param(
        "similarity",
        "choice",
        "adjusted-cosine",
        "Likeness",
        "pearson-baseline: of what is beyond the baseline; pearson: off the means over what both have; "
        "adjusted-cosine: off the mean of each user (for users: of each item).",
        choices=("pearson-baseline", "pearson", "adjusted-cosine"),
    ),
    Param(
        "shrink",
        "float",
        100.0,
        "Caution with few in common",
        "Likeness is multiplied by n / (n + this), n how many ratings the two have in common.",
        low=0.0,
        high=10_000.0,
        tune_high=500.0,
    ),
    Param(
        "least_common", "int", 2, "Least in common", "With fewer ratings in common two are not alike.", low=1, high=1000
    ),
    Param("opposites", "bool", False, "Opposites speak too", "Those who rate the other way count, turned round."),
)
_FOR_USERS: dict[str, str | float] = {"similarity": "pearson", "shrink": 20.0}
_USER_NEAR = tuple(replace(p, default=_FOR_USERS.get(p.name, p.default)) for p in _NEAR)

RATING_MODELS: tuple[ModelInfo, ...] = (
    ModelInfo(
        "baseline",
        "Usual rating",
        "baseline: mean, user and item biases",
        "Who rates high, what is rated high: quick, and hard to beat by much. Every other model starts from it.",
        "Koren 2010, Factor in the Neighbors: Scalable and Accurate Collaborative Filtering, section 2.1",
        _BIASES,
        _HERE + "baseline",
        "Baseline",
        family="popular",
        usual=True,
    ),
    ModelInfo(
        "user-knn",
        "How people like you rated it",
        "user-based nearest neighbours with baseline",
        "Averages what the most alike users gave, beyond what is usual for them. Easy to tell.",
        "Herlocker et al. 1999; Koren 2010, section 2.2 (baseline, shrinkage)",
        (*_USER_NEAR, *_BIASES),
        _HERE + "knn",
        "UserKnn",
        usual=True,
    ),
    ModelInfo(
        "item-knn",
        "How you rated similar items",
        "item-based nearest neighbours with baseline",
        "Averages what the user gave to the most similar items, beyond what is usual. Easy to tell.",
        "Sarwar et al. 2001 (adjusted cosine); Koren 2010, section 2.2 (baseline, shrinkage)",
        (*_NEAR, *_BIASES),
        _HERE + "knn",
        "ItemKnn",
        usual=True,
    ),
    ModelInfo(
        "svd",
        "Hidden tastes, step by step",
        "SVD, biased matrix factorisation by gradient descent",
        "Describes users and items by a few hidden tastes.",
        "Funk 2006; Koren, Bell and Volinsky 2009; Kingma and Ba 2015 (steps)",
        (_FACTORS, _CAUTION, _RATE, replace(_EPOCHS, default=60), *_BIASES),
        _HERE + "descent",
        "Svd",
        family="factors",
        usual=True,
    ),
    ModelInfo(
        "als",
        "Hidden tastes, solved in turn",
        "biased matrix factorisation by alternating least squares",
        "As hidden tastes, solved exactly for users and items in turn: few rounds, no step to set.",
        "Koren, Bell and Volinsky 2009; Zhou et al. 2008",
        (_FACTORS, _CAUTION, replace(_EPOCHS, default=15, high=200, tune_high=30), *_BIASES),
        _HERE + "als",
        "Als",
        family="factors",
        usual=True,
    ),
    ModelInfo(
        "svdpp",
        "Hidden tastes, also from what was rated",
        "SVD++, with implicit feedback",
        "What a user chose to rate tells taste too, whatever the rating.",
        "Koren 2008, Factorization Meets the Neighborhood: a Multifaceted Collaborative Filtering Model",
        (_FACTORS, replace(_CAUTION, default=20.0), _RATE, replace(_EPOCHS, default=80), *_BIASES),
        _HERE + "descent",
        "SvdPlusPlus",
        family="factors",
        usual=True,
    ),
    ModelInfo(
        "kernel",
        "Your own taste among items chosen together",
        "Gaussian process per user over co-rated items (kernel ridge regression), biases solved with it",
        "Items that the same people choose lie near each other; each user's ratings are continued over that map. "
        "The most accurate by itself where users rate by choice, and quick.",
        "Rasmussen and Williams 2006, Gaussian Processes for Machine Learning, chapter 2; Marlin et al. 2007 (what is "
        "rated is not missing at random)",
        (
            Param("directions", "int", 20, "Directions", "How many directions the map of items has.", low=1, high=500),
            replace(_CAUTION, default=4.0),
            Param("slope", "float", 1.0, "Weight of main directions", "0: all alike; 1: by their size.", low=0, high=3),
            Param(
                "damp",
                "float",
                10.0,
                "Caution with rare items",
                "Keeps items with few ratings apart.",
                low=0,
                high=1000,
            ),
            *_BIASES,
        ),
        _HERE + "kernel",
        "Kernel",
        family="linear",
        usual=True,
    ),
    ModelInfo(
        "blend",
        "All together",
        "stacked blend, non-negative ridge regression on inner folds",
        "Weighs the others by how well each predicts ratings it has not seen. Most accurate, slowest.",
        "Wolpert 1992, Stacked Generalization; Breiman 1996, Stacked Regressions (non-negative weights)",
        (
            Param("parts", "text", "kernel,svdpp,als,item-knn,user-knn", "Parts", "Names of models, with commas."),
            Param(
                "folds", "int", 3, "Inner folds", "How many times the parts are fitted to weigh them.", low=2, high=20
            ),
            Param("caution", "float", 1.0, "Caution", "Draws the weights together.", low=0.0, high=1e6),
        ),
        _HERE + "blend",
        "Blend",
        family="blend",
        usual=True,
    ),
)
"""In the order in which pages list them."""
