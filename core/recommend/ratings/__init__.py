"""Models of ratings: what a user would give to an item, and why. Published through core.recommend."""

from core.recommend.ratings.base import RatingModel
from core.recommend.ratings.build import build_ratings
from core.recommend.ratings.fitting import (
    RATING_FIT_TASK,
    fit_rating,
    kept_rating,
    prepare_rating_fit,
    publish_rating_fit,
)
from core.recommend.ratings.registry import (
    RATING_NAMES,
    make_rating,
    rating_info,
    rating_parts,
    rating_spec,
    rating_spec_from_json,
)
from core.recommend.ratings.roster import RATING_MODELS
from core.recommend.ratings.seconds import RatingsSize, rating_seconds
from core.recommend.ratings.types import Neighbour, Ratings, RatingWhy

__all__ = [
    "RATING_FIT_TASK",
    "RATING_MODELS",
    "RATING_NAMES",
    "Neighbour",
    "RatingModel",
    "RatingWhy",
    "Ratings",
    "RatingsSize",
    "build_ratings",
    "fit_rating",
    "kept_rating",
    "make_rating",
    "prepare_rating_fit",
    "publish_rating_fit",
    "rating_info",
    "rating_parts",
    "rating_seconds",
    "rating_spec",
    "rating_spec_from_json",
]
