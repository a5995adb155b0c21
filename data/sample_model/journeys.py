"""What people do on a visit: look, click, search, keep, put in the cart, buy."""

from dataclasses import dataclass

import numpy as np

from data.sample_model.catalogue import CATEGORIES, SUBCATEGORIES, Catalogue
from data.sample_model.log import Log
from data.sample_model.people import People
from data.sample_model.settings import BLACK_FRIDAY_DAYS, RAIN_DWELL, WEATHER, Bools, Floats, Ints
from data.sample_model.taste import Taste
from data.sample_model.visits import Visits

LINES, LOOKS_BUYING, LOOKS_ONLY = 0.45, 1.35, 1.85
CLICK_BOUGHT, CLICK, KEEP, CART_CLICKED, CART_UNCLICKED = 0.82, 0.20, 0.055, 0.33, 0.02
SEARCH = 0.12
DWELL_MEDIAN, DWELL_SPREAD, OVER_DWELL = 26.0, 0.9, 1.8
TYPING_SLIPS = ("", "", "", " sale", "s", " gift")
QUERIES = tuple(
    f"{word.lower()}{slip}" for category, sub in SUBCATEGORIES for word in (sub, category) for slip in TYPING_SLIPS
)


@dataclass(frozen=True)
class World:
    """What a journey depends on besides the visit: people, items, their tastes, and the weather by country and day."""

    people: People
    items: Catalogue
    taste: Taste
    weather: Ints


@dataclass(frozen=True)
class _Looks:
    """One entry for each item looked at (or, in the shop, bought), in the order of the visit."""

    visit: Ints
    item: Ints
    bought: Bools


def make_journeys(rng: np.random.Generator, visits: Visits, world: World) -> Log:
    """Events of all visits. Session and order numbers are the visit's row."""
    looks = _looks(rng, visits, world.taste)
    store = visits.in_store[looks.visit]
    online = _Looks(looks.visit[~store], looks.item[~store], looks.bought[~store])
    at, dwell = _times(rng, visits, online, world)
    parts = [*_browsing(rng, visits, online, at, dwell)]
    end = np.array(visits.start)
    np.maximum.at(end, online.visit, at + dwell)
    pause = rng.integers(20, 240, len(end))
    parts.append(_purchases(rng, visits, looks, end + pause, world.items))
    return Log.join(parts)


def _looks(rng: np.random.Generator, visits: Visits, taste: Taste) -> _Looks:
    """Items bought and items only looked at, each item at most once a visit, in random order."""
    size = len(visits.start)
    lines = np.where(visits.buys, 1 + np.minimum(rng.poisson(LINES, size), 6), 0)
    seen = np.where(visits.buys, rng.poisson(LOOKS_BUYING, size), 1 + rng.poisson(LOOKS_ONLY, size))
    seen = np.where(visits.in_store, 0, seen)
    buying, looking = np.repeat(np.arange(size), lines), np.repeat(np.arange(size), seen)
    day = visits.day
    item = np.concatenate([
        taste.draw(rng, visits.user[buying], day[buying], buying=True),
        taste.draw(rng, visits.user[looking], day[looking], buying=False),
    ])  # fmt: skip
    visit = np.concatenate([buying, looking])
    bought = np.arange(len(visit)) < len(buying)
    _, first = np.unique(visit * len(taste.items.sub) + item, return_index=True)
    visit, item, bought = visit[first], item[first], bought[first]
    order = np.lexsort((rng.random(len(visit)), visit))
    return _Looks(visit[order], item[order], bought[order])


def _times(rng: np.random.Generator, visits: Visits, looks: _Looks, world: World) -> tuple[Ints, Ints]:
    """Start (seconds since 1970) and length in seconds of each look; longer in the rain and on over-watched items."""
    country = world.people.country[visits.user[looks.visit]]
    wet = world.weather[country, visits.day[looks.visit]] >= WEATHER.index("rain")
    factor = np.where(wet, RAIN_DWELL, 1.0) * np.where(world.items.over[looks.item], OVER_DWELL, 1.0)
    dwell = np.clip(rng.lognormal(np.log(DWELL_MEDIAN), DWELL_SPREAD, len(factor)) * factor, 2, 900).astype(np.int64)
    step = dwell + rng.integers(2, 25, len(dwell))
    passed = np.cumsum(step) - step
    first = np.concatenate([[True], np.diff(looks.visit) > 0])
    offset = passed - np.maximum.accumulate(np.where(first, passed, 0))
    return visits.start[looks.visit] + offset, dwell


def _browsing(rng: np.random.Generator, visits: Visits, looks: _Looks, at: Ints, dwell: Ints) -> list[Log]:
    """Views, clicks, searches, favourites and carts of the visits online."""
    size = len(at)
    clicked = rng.random(size) < np.where(looks.bought, CLICK_BOUGHT, CLICK)
    kept = rng.random(size) < KEEP * np.where(clicked, 2.0, 0.7)
    carted = looks.bought | (rng.random(size) < np.where(clicked, CART_CLICKED, CART_UNCLICKED))
    searched = rng.random(size) < SEARCH

    def events(name: str, rows: Bools, share: float, **more: Ints) -> Log:
        visit = looks.visit[rows]
        return Log.of(
            name, at[rows] + (dwell[rows] * share).astype(np.int64), user=visits.user[visit], session=visit,
            channel=visits.channel[visit], device=visits.device[visit], **more,
        )  # fmt: skip

    everything = np.ones(size, bool)
    one = np.ones(int(carted.sum()), np.int64)
    return [
        events("search", searched, 0.0, item=looks.item[searched], query=rng.integers(0, 12, int(searched.sum()))),
        events("view", everything, 0.0, item=looks.item, dwell=dwell),
        events("click", clicked, 0.3, item=looks.item[clicked]),
        events("favourite", kept, 0.6, item=looks.item[kept]),
        events("cart", carted, 0.95, item=looks.item[carted], quantity=one),
    ]


def name_searches(log: Log, items: Catalogue) -> Log:
    """Gives searches the words of the subcategory that was found, and takes the item away: a search has none."""
    search = log.of_type("search")
    query = np.where(search, items.sub[log["item"]] * 12 + log["query"], log["query"])
    return log.replaced(
        query=query,
        item=np.where(search, -1, log["item"]),
        at=log["at"] - np.where(search, 1 + log["at"] % 4, 0),
    )


def unit_prices(rng: np.random.Generator, items: Catalogue, item: Ints, day: Ints) -> Ints:
    """Price paid in pence: 15 % off around Black Friday, 10 % off in one line of eight at other times."""
    sale = np.isin(day, list(BLACK_FRIDAY_DAYS))
    off = np.where(sale, 0.85, np.where(rng.random(len(item)) < 0.125, 0.90, 1.0))
    return np.asarray(np.round(items.price[item] * off), np.int64)


def quantities(rng: np.random.Generator, price: Ints) -> Ints:
    """Pieces a line: cheap things are bought several at a time."""
    return np.asarray(1 + rng.poisson(np.where(price < 1500, 0.6, 0.08)), np.int64)


def return_odds(items: Catalogue) -> Floats:
    """Chance that a line is sent back, by category."""
    odds = np.full(len(CATEGORIES), 0.05)
    for name, chance in (("Textiles", 0.11), ("Furniture", 0.10), ("Lighting", 0.08), ("Stationery", 0.02)):
        odds[CATEGORIES.index(name)] = chance
    return odds[items.category]


def _purchases(rng: np.random.Generator, visits: Visits, looks: _Looks, at: Ints, items: Catalogue) -> Log:
    """The lines of each order, all at the moment of paying."""
    visit, item = looks.visit[looks.bought], looks.item[looks.bought]
    price = unit_prices(rng, items, item, visits.day[visit])
    return Log.of(
        "purchase", at[visit], user=visits.user[visit], session=visit, item=item, order=visit,
        quantity=quantities(rng, price), price=price, channel=visits.channel[visit], device=visits.device[visit],
    )  # fmt: skip
