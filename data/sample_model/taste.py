"""Who likes what: eight communities with favourite subcategories, a personal style on top, and draws from both."""

import numpy as np

from data.sample_model.catalogue import (
    CATEGORIES,
    CATEGORY_OF,
    N_SUBS,
    OVER_BUYS,
    OVER_VIEWS,
    UNDER_BUYS,
    UNDER_VIEWS,
    Catalogue,
    attention_of_day,
)
from data.sample_model.settings import N_COMMUNITIES, Floats, Ints

FAVOURITES = (0.46, 0.20, 0.12)
STYLES = 4
STYLE_STRENGTH = 0.45
WANDER = (0.08, 0.32)


def community_shares() -> Floats:
    """Share of each subcategory in what a community likes, (N_COMMUNITIES, N_SUBS), rows sum to 1.

    Each community has a favourite category of its own, a second that is another's favourite, and a third (furniture or
    candles) that four communities share; within the first two, two subcategories of four take most.
    """
    by_category = np.full((N_COMMUNITIES, len(CATEGORIES)), (1 - sum(FAVOURITES)) / len(CATEGORIES))
    within = np.full((N_COMMUNITIES, N_SUBS), 0.25)
    for c in range(N_COMMUNITIES):
        second, third = (c + 3) % 8, 8 + c % 2
        for category, share in zip((c, second, third), FAVOURITES, strict=True):
            by_category[c, category] += share
        for category, first in ((c, 0), (second, 1)):
            subs = np.flatnonzero(np.equal(CATEGORY_OF, category))
            within[c, subs] = np.roll([0.40, 0.36, 0.14, 0.10], first + c)
    return np.asarray(by_category[:, CATEGORY_OF] * within, np.float64)


class Taste:
    """How much each user is drawn to each item, and items drawn accordingly."""

    def __init__(self, rng: np.random.Generator, items: Catalogue, community: Ints) -> None:
        """`community` has one entry a user; -1 wanders over the whole range."""
        shares = community_shares()
        everyone = shares.mean(axis=0)
        mass = np.bincount(items.sub, items.popularity, minlength=N_SUBS)
        within = items.popularity / mass[items.sub]
        wander = np.where(community < 0, 1.0, rng.uniform(*WANDER, len(community)))[:, None]
        liked = (1 - wander) * shares[np.maximum(community, 0)] + wander * everyone
        style = rng.normal(size=(len(community), STYLES)) @ rng.normal(size=(STYLES, len(items.sub)))
        self.weights: Floats = liked[:, items.sub] * within * np.exp(STYLE_STRENGTH * style)
        self.items = items
        self.looked = np.where(items.over, OVER_VIEWS, np.where(items.under, UNDER_VIEWS, 1.0))
        self.bought = np.where(items.over, OVER_BUYS, np.where(items.under, UNDER_BUYS, 1.0))

    def draw(self, rng: np.random.Generator, user: Ints, day: Ints, *, buying: bool, category: int = -1) -> Ints:
        """One item for each pair of user and day, by taste, popularity and the attention of that day.

        `category` keeps the draw within one category; `buying` draws what is bought, otherwise what is looked at.
        """
        chosen = np.empty(len(user), np.int64)
        uniform = rng.random(len(user))
        fixed = (self.bought if buying else self.looked) * (1.0 if category < 0 else self.items.category == category)
        for today in np.unique(day):
            rows = np.flatnonzero(day == today)
            people, where = np.unique(user[rows], return_inverse=True)
            edges = np.cumsum(self.weights[people] * (fixed * attention_of_day(self.items, int(today))), axis=1)
            edges /= edges[:, -1:]
            flat = (edges + np.arange(len(people))[:, None]).ravel()
            place = np.searchsorted(flat, uniform[rows] + where, side="right")
            chosen[rows] = np.minimum(place - where * edges.shape[1], edges.shape[1] - 1)
        return chosen
