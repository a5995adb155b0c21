"""Visitors that are not customers: bots that never buy, and resellers who buy by the crate."""

import numpy as np

from data.sample_model.days import Clock
from data.sample_model.journeys import World
from data.sample_model.log import Log
from data.sample_model.settings import BOT, CHANNELS, DAYS, DEVICES, OUTAGE_DAYS, RESELLER, Ints, at_day

RUNS, PAGES = (3, 7), (40, 95)
NIGHT = 0.8
RESELLER_ORDERS, RESELLER_PIECES, RESELLER_DISCOUNT = (7, 13), (20, 61), 0.85


def make_bots(rng: np.random.Generator, world: World, session: int) -> Log:
    """Runs of views at nearly equal intervals over items at random, mostly between one and five at night."""
    parts = []
    for user in world.people.having(BOT):
        pace = rng.uniform(3.0, 9.0)
        for _ in range(rng.integers(*RUNS)):
            pages = int(rng.integers(*PAGES))
            hour = rng.uniform(1, 4.7) if rng.random() < NIGHT else rng.uniform(6, 23)
            steps = np.cumsum(np.maximum(pace + rng.normal(0, 0.4, pages), 1.0)).astype(np.int64)
            on_sale = np.flatnonzero(world.items.launched < 0)
            parts.append(Log.of(
                "view", at_day(_day(rng), hour) + steps, user=int(user), session=session,
                item=rng.choice(on_sale, pages, replace=False), dwell=rng.integers(1, 4, pages),
                channel=CHANNELS.index("direct"), device=DEVICES.index("desktop"),
            ))  # fmt: skip
            session += 1
    return Log.join(parts)


def make_resellers(rng: np.random.Generator, world: World, clock: Clock, session: int, order: int) -> Log:
    """Regular orders of many pieces of a few cheap items, at a trade price."""
    parts = []
    cheap = np.flatnonzero((world.items.price < 2_500) & (world.items.launched < 0) & ~world.items.over)
    for user in world.people.having(RESELLER):
        wanted = rng.choice(cheap, 4, replace=False)
        number = int(rng.integers(*RESELLER_ORDERS))
        days = clock.to_days((np.arange(number) + rng.uniform(0.2, 0.8, number)) * DAYS / number)
        for day in days.astype(np.int64):
            item = rng.choice(wanted, int(rng.integers(1, 4)), replace=False)
            parts += _crates(rng, int(user), item, at_day(_open(int(day)), rng.uniform(8, 17)), session, order, world)
            session += 1
            order += 1
    return Log.join(parts)


def _crates(
    rng: np.random.Generator, user: int, item: Ints, start: int, session: int, order: int, world: World
) -> list[Log]:
    at = start + 40 * np.arange(len(item))
    same: dict[str, Ints | int] = {
        "user": user, "session": session, "item": item,
        "channel": CHANNELS.index("direct"), "device": DEVICES.index("desktop"),
    }  # fmt: skip
    pieces = rng.integers(*RESELLER_PIECES, len(item))
    price = np.round(world.items.price[item] * RESELLER_DISCOUNT).astype(np.int64)
    paid = np.full(len(item), start + 400)
    return [
        Log.of("view", at, dwell=rng.integers(5, 30, len(item)), **same),
        Log.of("cart", at + 30, quantity=pieces, **same),
        Log.of("purchase", paid, quantity=pieces, price=price, order=order, **same),
    ]


def _day(rng: np.random.Generator) -> int:
    return _open(int(rng.integers(0, DAYS)))


def _open(day: int) -> int:
    """The day, or the one after the outage where it falls into it."""
    return OUTAGE_DAYS[-1] + 1 if day in OUTAGE_DAYS else day
