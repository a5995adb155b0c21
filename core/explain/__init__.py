"""Why a score, who a user is, who takes an item: in raw ids, titles and plain words."""

from core.explain.alike import alike, similar_users
from core.explain.counterfactual import Counterfactual, Missing, counterfactual
from core.explain.factors import Common, Pole, TasteEnd, TasteOf, tastes
from core.explain.item import item_portrait
from core.explain.many import reasons
from core.explain.network import Network, Person, Tie, network
from core.explain.ratings import rating_why
from core.explain.search import draw_user, find_items, find_users, item_users
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
from core.explain.why import recommended, why

MAP_TASK = "core.explain.map_task:map_task"

__all__ = [
    "MAP_TASK",
    "Common",
    "Counterfactual",
    "Did",
    "Found",
    "GoesWith",
    "ItemPortrait",
    "LabelledView",
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
    "Tie",
    "Trait",
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
    "rating_why",
    "reasons",
    "recommended",
    "similar_users",
    "tastes",
    "user_portrait",
    "why",
]
