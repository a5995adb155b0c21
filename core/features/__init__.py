"""A table of users and one of items for later models: each column defined, and nothing in it from after its moment."""

from core.features.table import features
from core.features.types import (
    FAMILIES,
    FeatureColumn,
    FeatureSpec,
    FeatureTable,
    Target,
    spec_from_json,
)

__all__ = [
    "FAMILIES",
    "FeatureColumn",
    "FeatureSpec",
    "FeatureTable",
    "Target",
    "features",
    "spec_from_json",
]
