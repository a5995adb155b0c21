"""Models for new items and new users."""

from __future__ import annotations

from dataclasses import replace

from core.recommend.roster.shared import VALUES
from core.recommend.types import ModelInfo, Param

LINES = (
    ModelInfo(
        "content",
        "Alike by description",
        "content-based, TF-IDF of title and attributes",
        "Compares what items say of themselves, their titles and attributes, with what the user took. Serves items "
        "that nobody has taken yet.",
        "Pazzani and Billsus 2007, Content-Based Recommendation Systems; Salton and Buckley 1988 (TF-IDF)",
        (
            Param(
                "read",
                "choice",
                "auto",
                "Read titles by",
                "words; characters: runs of two and three signs, for Chinese, Japanese, Thai and other writing without "
                "spaces; auto: by what the titles are written in.",
                choices=("auto", "words", "characters"),
            ),
            Param(
                "attributes",
                "float",
                1.0,
                "Attributes count",
                "How much attributes (category, brand, genre) count against the title's words: 0 = only the title.",
                low=0.0,
                high=10.0,
                tune_high=5.0,
            ),
            Param(
                "least_items",
                "int",
                2,
                "Words of at least so many items",
                "Words and values that fewer items have cannot link anything, and are left out.",
                low=1,
                high=100,
                tuned=False,
            ),
            replace(VALUES, default="log"),
        ),
        "core.recommend.content",
        "Content",
        family="newcomers",
        needs={"item_side": ""},
        wide=True,
    ),
    ModelInfo(
        "demographic",
        "People of the same kind",
        "demographic, naive Bayes over users' attributes",
        "What users with the same attributes (country, age band, ...) take. Serves users who have done nothing yet.",
        "Pazzani 1999, A Framework for Collaborative, Content-Based and Demographic Filtering",
        (
            Param(
                "caution",
                "float",
                200.0,
                "Caution",
                "In small groups, as many users of the whole as this speak along.",
                low=1.0,
                high=10_000.0,
                scale="log",
                tune_high=500.0,
            ),
            Param(
                "strength",
                "float",
                0.25,
                "Say of the attributes",
                "0: popularity alone; 1: each attribute counts in full, as if they were independent.",
                low=0.0,
                high=1.0,
            ),
        ),
        "core.recommend.demographic",
        "Demographic",
        family="newcomers",
        needs={"user_side": ""},
        wide=True,
    ),
)
