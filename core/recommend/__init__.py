"""The models: one contract, and for each exact reasons where its mathematics allows, measured ones elsewhere."""

from core.recommend.diverse import check_diversity, diverse, reranked
from core.recommend.likeness import cosines, unit_columns
from core.recommend.lists import best_of
from core.recommend.parts import write_parts
from core.recommend.passes import in_blocks
from core.recommend.ratings import (
    RATING_MODELS,
    RATING_NAMES,
    Neighbour,
    RatingModel,
    Ratings,
    RatingWhy,
    build_ratings,
    make_rating,
    rating_info,
    rating_parts,
    rating_spec,
    rating_spec_from_json,
)
from core.recommend.registry import MODELS, NAMES, USUAL, info, make, needs, parts, spec, spec_from_json, wide
from core.recommend.roads import Roads
from core.recommend.roads_types import Answered
from core.recommend.stored import (
    FIT_TASK,
    FitSpec,
    StoredModel,
    delete_model,
    fit,
    get_model,
    list_models,
    load_model,
    prepare_fit,
    publish_fit,
)
from core.recommend.topk import topk
from core.recommend.types import Explanation, ModelInfo, Param, ParamValue, Recommender, RecTable, Spec, View, ViewName
from core.recommend.without import Without, without

__all__ = [
    "FIT_TASK",
    "MODELS",
    "NAMES",
    "RATING_MODELS",
    "RATING_NAMES",
    "USUAL",
    "Answered",
    "Explanation",
    "FitSpec",
    "ModelInfo",
    "Neighbour",
    "Param",
    "ParamValue",
    "RatingModel",
    "RatingWhy",
    "Ratings",
    "RecTable",
    "Recommender",
    "Roads",
    "Spec",
    "StoredModel",
    "View",
    "ViewName",
    "Without",
    "best_of",
    "build_ratings",
    "check_diversity",
    "cosines",
    "delete_model",
    "diverse",
    "fit",
    "get_model",
    "in_blocks",
    "info",
    "list_models",
    "load_model",
    "make",
    "make_rating",
    "needs",
    "parts",
    "prepare_fit",
    "publish_fit",
    "rating_info",
    "rating_parts",
    "rating_spec",
    "rating_spec_from_json",
    "reranked",
    "spec",
    "spec_from_json",
    "topk",
    "unit_columns",
    "wide",
    "without",
    "write_parts",
]
