"""Why a score, who a user is, who takes an item: in raw ids, titles and plain words."""

from core.explain.alike import alike, similar_users
from core.explain.counterfactual import Counterfactual, Missing, counterfactual
from core.explain.factors import Common, Pole, TasteEnd, TasteOf, tastes
from core.explain.item import item_portrait
from core.explain.many import reasons
from core.explain.network import Network, Person, Tie, network
from core.explain.ratings import rating_why
from core.explain.search import draw_user, find_items, find_users, item_users
from core.explain.taste_plane import FACTOR_MODELS, TastePlane, TastePoint, taste_plane, taste_users, turned
from core.explain.types import (
    Did,
    Found,
    GoesWith,
    ItemPortrait,
    LabelledView,
    Part,
    Recommended,
    SharedItem,
    SimilarUser,
    Spoken,
    Taste,
    Trait,
    UserPortrait,
    Why,
)
from core.explain.user import user_portrait
from core.explain.user_map import MapSpec, UserMap, prepare_map, publish_map, read_map
from core.explain.why import recommended, why

MAP_TASK = "core.explain.map_task:map_task"

__all__ = [
    "FACTOR_MODELS",
    "MAP_TASK",
    "Common",
    "Counterfactual",
    "Did",
    "Found",
    "GoesWith",
    "ItemPortrait",
    "LabelledView",
    "MapSpec",
    "Missing",
    "Network",
    "Part",
    "Person",
    "Pole",
    "Recommended",
    "SharedItem",
    "SimilarUser",
    "Spoken",
    "Taste",
    "TasteEnd",
    "TasteOf",
    "TastePlane",
    "TastePoint",
    "Tie",
    "Trait",
    "UserMap",
    "UserPortrait",
    "Why",
    "alike",
    "counterfactual",
    "draw_user",
    "find_items",
    "find_users",
    "item_portrait",
    "item_users",
    "network",
    "prepare_map",
    "publish_map",
    "rating_why",
    "read_map",
    "reasons",
    "recommended",
    "similar_users",
    "taste_plane",
    "taste_users",
    "tastes",
    "turned",
    "user_portrait",
    "why",
]
