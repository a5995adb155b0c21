"""The models: one contract, six of them so far, each with exact reasons where its mathematics allows."""

from core.recommend.registry import MODELS, NAMES, info, make, spec, spec_from_json
from core.recommend.types import Explanation, ModelInfo, Param, ParamValue, Recommender, RecTable, Spec, View, ViewName

__all__ = [
    "MODELS",
    "NAMES",
    "Explanation",
    "ModelInfo",
    "Param",
    "ParamValue",
    "RecTable",
    "Recommender",
    "Spec",
    "View",
    "ViewName",
    "info",
    "make",
    "spec",
    "spec_from_json",
]
