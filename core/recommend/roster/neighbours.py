"""Nearest neighbours, and random walks over shared users."""

from __future__ import annotations

from dataclasses import replace

from core.recommend.roster.shared import VALUES, neighbours, shrink
from core.recommend.types import ModelInfo, Param

_SIMILARITY = (
    Param(
        "similarity",
        "choice",
        "cosine",
        "Likeness by",
        "cosine: shared behaviour against the length of both histories; asymmetric: weighs one side's length more; "
        "jaccard: shared items against all items of either; tversky: like jaccard, with a weight for each side.",
        choices=("cosine", "asymmetric", "jaccard", "tversky"),
    ),
    Param(
        "asymmetry",
        "float",
        0.5,
        "Weight of the own side",
        "Of the asymmetric cosine: 0.5 is the plain cosine, 1 divides by the own length alone.",
        low=0.0,
        high=1.0,
        only=("similarity", ("asymmetric",)),
    ),
    Param(
        "own_only",
        "float",
        0.5,
        "Weight of what only the one has",
        "Of Tversky's index (alpha): how much items that only the own side has count against likeness.",
        low=0.0,
        high=2.0,
        only=("similarity", ("tversky",)),
    ),
    Param(
        "other_only",
        "float",
        0.5,
        "Weight of what only the other has",
        "Of Tversky's index (beta): how much items that only the other side has count against likeness.",
        low=0.0,
        high=2.0,
        only=("similarity", ("tversky",)),
    ),
)
_WEIGHTING = Param(
    "weighting",
    "choice",
    "none",
    "Rare things count more",
    "none: all alike; tf-idf: items that few users took count more; bm25: that, and long histories count less.",
    choices=("none", "tf-idf", "bm25"),
)
_WEIGHTING_OF_ITEMS = replace(
    _WEIGHTING,
    help="none: all alike; tf-idf: users who took few items count more; bm25: that, and popular items count less.",
)

LINES = (
    ModelInfo(
        "user-knn",
        "People like you",
        "user-based nearest neighbours",
        "Takes what the most similar users took. Serves where tastes differ and users have some history; easy to tell.",
        "Resnick et al. 1994; Aiolli 2013 (asymmetric cosine); Tversky 1977",
        (
            neighbours(80, "Similar users", "How many similar users speak for each user."),
            shrink(20.0, "a user has done little"),
            replace(VALUES, default="once"),
            *_SIMILARITY,
            _WEIGHTING,
        ),
        "core.recommend.neighbours",
        "UserKnn",
        usual=True,
    ),
    ModelInfo(
        "item-knn",
        "Goes together",
        "item-based nearest neighbours",
        "Takes what goes with the user's past items. Serves large numbers of users, and fresh interests within a "
        "visit.",
        "Sarwar et al. 2001; Deshpande and Karypis 2004; Aiolli 2013 (asymmetric cosine); Tversky 1977",
        (
            neighbours(50, "Items that go with each", "How many similar items speak for each item."),
            shrink(20.0, "few users took an item"),
            replace(VALUES, default="once"),
            *_SIMILARITY,
            _WEIGHTING_OF_ITEMS,
        ),
        "core.recommend.neighbours",
        "ItemKnn",
        usual=True,
    ),
    ModelInfo(
        "p3alpha",
        "Step by step",
        "P3alpha, three-step random walk",
        "Walks from the user to past items, on to others who took them, and to what those took. Quick, and often close "
        "to the best on sparse data.",
        "Cooper et al. 2014, Random Walks in Recommender Systems",
        (
            neighbours(100, "Items that go with each", "How many items a walk from each item may end at."),
            Param(
                "alpha",
                "float",
                1.0,
                "Likely steps",
                "Above 1 likely steps are preferred, below 1 all steps are more alike.",
                low=0.1,
                high=3.0,
            ),
            replace(VALUES, default="once"),
        ),
        "core.recommend.walks",
        "P3Alpha",
    ),
    ModelInfo(
        "rp3beta",
        "Step by step, off the beaten track",
        "RP3beta, random walk with popularity held back",
        "The same walk, with what everybody takes held back: brings up items that popularity hides.",
        "Paudel et al. 2017, Updatable, Accurate, Diverse, and Scalable Recommendations for Interactive Applications",
        (
            neighbours(100, "Items that go with each", "How many items a walk from each item may end at."),
            Param(
                "alpha",
                "float",
                1.0,
                "Likely steps",
                "Above 1 likely steps are preferred, below 1 all steps are more alike.",
                low=0.1,
                high=3.0,
            ),
            Param(
                "beta",
                "float",
                0.3,
                "Hold popularity back",
                "0 = not at all (P3alpha); 1 = popularity counts against an item in full.",
                low=0.0,
                high=1.5,
            ),
            replace(VALUES, default="once"),
        ),
        "core.recommend.walks",
        "Rp3Beta",
    ),
)
