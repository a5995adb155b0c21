"""Segments compared and watched: profiles, overlap, movement, size over time."""

from core.segments.watch.coloured import NONE, OTHERS, ByColumn, Coloured, coloured, these_users
from core.segments.watch.flows import Flows, PartFlow, flows
from core.segments.watch.movement import movement, rfm_cuts, settled_split
from core.segments.watch.over_time import is_constant, moments, sizes
from core.segments.watch.overlap import overlap
from core.segments.watch.profile import profiles
from core.segments.watch.splits import (
    ByAbc,
    ByGroup,
    ByLoyalty,
    ByRfm,
    BySegments,
    Split,
    named_parts,
    part_rule,
    split_parts,
    split_query,
)
from core.segments.watch.types import (
    NOT_SEEN,
    Band,
    Intersection,
    ItemLift,
    Movement,
    Overlap,
    Pair,
    Profile,
    Profiles,
    SizePoint,
    Unit,
)

__all__ = [
    "NONE",
    "NOT_SEEN",
    "OTHERS",
    "Band",
    "ByAbc",
    "ByColumn",
    "ByGroup",
    "ByLoyalty",
    "ByRfm",
    "BySegments",
    "Coloured",
    "Flows",
    "Intersection",
    "ItemLift",
    "Movement",
    "Overlap",
    "Pair",
    "PartFlow",
    "Profile",
    "Profiles",
    "SizePoint",
    "Split",
    "Unit",
    "coloured",
    "flows",
    "is_constant",
    "moments",
    "movement",
    "named_parts",
    "overlap",
    "part_rule",
    "profiles",
    "rfm_cuts",
    "settled_split",
    "sizes",
    "split_parts",
    "split_query",
    "these_users",
]
