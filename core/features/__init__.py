"""A table of users and one of items for later models: each column defined, and nothing in it from after its moment."""

from core.features.files import features_manifest, write_features
from core.features.select import ChosenFeature, FeatureChoice, select
from core.features.shown import (
    Distribution,
    distribution,
    first_rows,
    ids_between,
    ids_with,
    ids_without,
    missing_shares,
    values_of,
)
from core.features.table import features
from core.features.target import target
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
    "ChosenFeature",
    "Distribution",
    "FeatureChoice",
    "FeatureColumn",
    "FeatureSpec",
    "FeatureTable",
    "Target",
    "distribution",
    "features",
    "features_manifest",
    "first_rows",
    "ids_between",
    "ids_with",
    "ids_without",
    "missing_shares",
    "select",
    "spec_from_json",
    "target",
    "values_of",
    "write_features",
]
