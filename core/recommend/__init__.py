"""The models: one contract, six of them so far, each with exact reasons where its mathematics allows."""

from core.recommend.registry import MODELS, NAMES, info, make, spec, spec_from_json
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
from core.recommend.types import Explanation, ModelInfo, Param, ParamValue, Recommender, RecTable, Spec, View, ViewName

__all__ = [
    "FIT_TASK",
    "MODELS",
    "NAMES",
    "Explanation",
    "FitSpec",
    "ModelInfo",
    "Param",
    "ParamValue",
    "RecTable",
    "Recommender",
    "Spec",
    "StoredModel",
    "View",
    "ViewName",
    "delete_model",
    "fit",
    "get_model",
    "info",
    "list_models",
    "load_model",
    "make",
    "prepare_fit",
    "publish_fit",
    "spec",
    "spec_from_json",
]
