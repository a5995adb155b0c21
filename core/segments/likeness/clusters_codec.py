"""Clusterings as JSON and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from core.segments.likeness.types import Cluster, Clustering, ClusterSpec, Trait, Tried


def clustering_to_json(answer: Clustering) -> dict[str, Any]:
    """Plain JSON; `clustering_from_json` gives an equal one back. It names the users on the map."""
    return {**asdict(answer), "spec": answer.spec.as_json()}


def clustering_from_json(raw: Mapping[str, Any]) -> Clustering:
    """What `clustering_to_json` wrote."""
    made = dict(raw)
    made["spec"] = ClusterSpec.from_json(raw["spec"])
    made["clusters"] = tuple(
        Cluster(**{**one, "traits": tuple(Trait(**trait) for trait in one["traits"])}) for one in raw["clusters"]
    )
    made["tried"] = tuple(Tried(**one) for one in raw["tried"])
    for key in ("map_x", "map_y", "map_part", "map_ids", "features", "notes"):
        made[key] = tuple(raw[key])
    return Clustering(**made)
