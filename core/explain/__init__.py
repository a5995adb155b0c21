"""Why a score, who a user is, who takes an item: in raw ids, titles and plain words."""

from core.explain.alike import alike, similar_users
from core.explain.factors import Common, Pole, TasteEnd, TasteOf, tastes
from core.explain.item import item_portrait
from core.explain.many import reasons
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
    Taste,
    Trait,
    UserPortrait,
    Why,
)
from core.explain.user import user_portrait
from core.explain.why import recommended, why

__all__ = [
    "Common",
    "Did",
    "Found",
    "GoesWith",
    "ItemPortrait",
    "LabelledView",
    "Part",
    "Pole",
    "Recommended",
    "SharedItem",
    "SimilarUser",
    "Taste",
    "TasteEnd",
    "TasteOf",
    "Trait",
    "UserPortrait",
    "Why",
    "alike",
    "draw_user",
    "find_items",
    "find_users",
    "item_portrait",
    "item_users",
    "reasons",
    "recommended",
    "similar_users",
    "tastes",
    "user_portrait",
    "why",
]
