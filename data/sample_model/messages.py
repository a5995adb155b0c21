"""Campaign messages through the year: impressions, opens, and a response that tires with every repetition."""

import numpy as np

from data.sample_model.catalogue import CATEGORIES
from data.sample_model.journeys import World, quantities, unit_prices
from data.sample_model.log import Log
from data.sample_model.people import People
from data.sample_model.settings import (
    CHANNELS,
    CLICK_BY_EXPOSURE,
    DAY,
    DAYS,
    FLIGHTS,
    LOYAL,
    NEW,
    OPEN_BY_EXPOSURE,
    REGULAR,
    START_S,
    WINDOW,
    Flight,
    Ints,
    at_day,
)

CART_AFTER_CLICK, BUY_AFTER_CART = 0.25, 0.35


def make_messages(rng: np.random.Generator, world: World, session: int, order: int) -> Log:
    """Messages of all flights and what people did with them; numbers of sessions and orders start where told."""
    parts = []
    for number, flight in enumerate(FLIGHTS):
        members = _members(rng, world.people, flight)
        times = rng.integers(1, len(CLICK_BY_EXPOSURE) + 1, len(members))
        user = np.repeat(members, times)
        exposure = np.concatenate([np.arange(n) for n in times])
        shift = rng.integers(0, 4 * 3600, len(members))
        at = at_day(flight.first_day, 8) + exposure * flight.gap * DAY + np.repeat(shift, times)
        sent, clicks = show(rng, user, exposure, at, flight.channel, number)
        clicks = clicks.replaced(session=session + np.arange(len(clicks)))
        landing = land(rng, clicks, world, CATEGORIES.index(flight.category))
        parts += [sent, *landing, _bought(rng, landing[-1], world, order)]
        session += len(clicks)
        order += len(clicks)
    return Log.join(parts)


def _members(rng: np.random.Generator, people: People, flight: Flight) -> Ints:
    """People to reach, at random: customers and lookers who had joined, for email those who consent."""
    last_day = flight.first_day + flight.gap * len(CLICK_BY_EXPOSURE)
    there = (people.joined < flight.first_day) & (people.until >= min(last_day, DAYS))
    there &= np.isin(people.role, [LOYAL, REGULAR, WINDOW, NEW])
    if flight.channel == "email":
        there &= people.consent[:, 0] == 1
    return np.asarray(rng.choice(np.flatnonzero(there), flight.members, replace=False), np.int64)


def show(
    rng: np.random.Generator, user: Ints, exposure: Ints, at: Ints, channel: str, campaign: int
) -> tuple[Log, Log]:
    """Impressions (with opens, for email) and the clicks they bring; `exposure` counts from 0.

    Whether a message is clicked depends on nothing but its number, so the true response by exposure is known.
    """
    response = np.array(CLICK_BY_EXPOSURE)[exposure]
    opening = np.array(OPEN_BY_EXPOSURE)[exposure] if channel == "email" else np.ones(len(user))
    opened = rng.random(len(user)) < opening
    clicked = opened & (rng.random(len(user)) < response / opening)
    read_at = at + np.minimum(rng.exponential(3 * 3600, len(user)), 20 * 3600).astype(np.int64) + 5
    ways = {"channel": CHANNELS.index(channel), "campaign": campaign}
    sent = [Log.of("impression", at, user=user, **ways)]
    if channel == "email":
        sent.append(Log.of("open", read_at[opened], user=user[opened], **ways))
    click_at = read_at[clicked] + rng.integers(3, 40, int(clicked.sum()))
    return Log.join(sent), Log.of("click", click_at, user=user[clicked], **ways)


def land(rng: np.random.Generator, clicks: Log, world: World, category: int) -> list[Log]:
    """Where a click on a message leads: to an item of the offered category, its view, now and then the cart (last)."""
    day = (clicks["at"] - START_S) // DAY
    item = world.taste.draw(rng, clicks["user"], day, buying=False, category=category)
    clicks = clicks.replaced(item=item, device=world.people.main_device[clicks["user"]])
    same = {name: clicks[name] for name in ("user", "session", "item", "channel", "device", "campaign")}
    dwell = np.clip(rng.lognormal(3.3, 0.8, len(clicks)), 2, 900).astype(np.int64)
    view = Log.of("view", clicks["at"] + 1, dwell=dwell, **same)
    carted = rng.random(len(clicks)) < CART_AFTER_CLICK
    cart = Log.of("cart", clicks["at"] + dwell + 2, quantity=1, **same).where(carted)
    return [clicks, view, cart]


def _bought(rng: np.random.Generator, carts: Log, world: World, order: int) -> Log:
    """Purchases out of the carts that a message filled."""
    bought = carts.where(rng.random(len(carts)) < BUY_AFTER_CART)
    price = unit_prices(rng, world.items, bought["item"], (bought["at"] - START_S) // DAY)
    return Log.of(
        "purchase", bought["at"] + rng.integers(30, 200, len(bought)), quantity=quantities(rng, price), price=price,
        order=order + np.arange(len(bought)),
        **{name: bought[name] for name in ("user", "session", "item", "channel", "device", "campaign")},
    )  # fmt: skip
