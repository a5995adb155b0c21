"""When people come: orders by each customer's own rhythm, visits that only look, and the channel and device of each."""

from dataclasses import dataclass

import numpy as np

from data.sample_model.days import Clock, busyness, seconds_of_day
from data.sample_model.people import SLOW_FACTOR, SLOWS_BEFORE_STOP, People
from data.sample_model.settings import (
    BASE_CONVERSION,
    CHANNEL_CONVERSION,
    CHANNEL_MIX,
    CHANNELS,
    DAY,
    DAYS,
    DEVICE_CONVERSION,
    DEVICE_MIX,
    DEVICES,
    GUEST,
    LAPSING,
    NEW,
    ONE_OFF,
    START_S,
    STORE_SHARE,
    Bools,
    Floats,
    Ints,
)

LONGEST = 30
APART = 3 * 3600
GUEST_ORDERS = 0.12


@dataclass(frozen=True)
class Visits:
    """One entry a visit, in order of time: its start (seconds since 1970), who comes, whether it ends in an order."""

    start: Ints
    user: Ints
    buys: Bools
    channel: Ints
    device: Ints

    @property
    def day(self) -> Ints:
        """Day of each visit, counted from the first day of the data."""
        return (self.start - START_S) // DAY

    @property
    def in_store(self) -> Bools:
        """Whether the visit is one to the shop itself, of which only the receipt is known."""
        return np.equal(self.channel, CHANNELS.index("store"))


def make_visits(rng: np.random.Generator, days_rng: np.random.Generator, people: People) -> Visits:
    """All visits of the year by shoppers and guests."""
    user_b, day_b = _orders(rng, people, Clock(busyness(days_rng, spike=2.5)))
    user_l, day_l = _looks(rng, people, Clock(busyness(days_rng, spike=7.5)))
    user = np.concatenate([user_b, user_l])
    day = np.floor(np.concatenate([day_b, day_l])).astype(np.int64)
    buys = np.arange(len(user)) < len(user_b)
    guest = people.role[user] == GUEST
    buys = np.where(guest, rng.random(len(user)) < GUEST_ORDERS, buys)
    store = buys & (rng.random(len(user)) < STORE_SHARE) & np.isin(people.country[user], [0, 3]) & ~guest
    start = START_S + day * DAY + seconds_of_day(rng, day, store)
    order = np.lexsort((user, start))
    start, user, buys, store = start[order], user[order], buys[order], store[order]
    keep = _not_crowded(start, user, buys)
    start, user, buys, store = start[keep], user[keep], buys[keep], store[keep]
    channel = np.where(store, CHANNELS.index("store"), _channels(rng, people, user, buys))
    device = np.where(store, DEVICES.index("till"), _devices(rng, people, user, buys))
    return Visits(start, user, buys, np.asarray(channel, np.int64), np.asarray(device, np.int64))


def _orders(rng: np.random.Generator, people: People, clock: Clock) -> tuple[Ints, Floats]:
    """Who orders on which day (with fraction): gamma gaps in busy time; lapsing customers slow down, then stop."""
    steady = np.flatnonzero(people.rhythm > 0)
    rhythm, shape = people.rhythm[steady], people.cv[steady] ** -2.0
    gaps = rng.gamma(shape[:, None], (rhythm / shape)[:, None], (len(steady), LONGEST))
    gaps[:, 0] *= np.where(people.role[steady] == NEW, 0.35, rng.random(len(steady)))
    moments = clock.to_busy(people.since[steady])[:, None] + np.cumsum(gaps, axis=1)
    slow = clock.to_busy(people.until[steady] - SLOWS_BEFORE_STOP)[:, None]
    late = (people.role[steady] == LAPSING)[:, None] & (moments > slow)
    moments = np.where(late, slow + (moments - slow) * SLOW_FACTOR, moments)
    days = clock.to_days(moments)
    rows, place = np.nonzero((days < people.until[steady][:, None]) & (days < DAYS))
    once = people.having(ONE_OFF)
    last = np.minimum(people.until[once], DAYS - 0.01)
    when = clock.to_days(rng.uniform(clock.to_busy(people.since[once]), clock.to_busy(last)))
    return np.concatenate([steady[rows], once]), np.concatenate([days[rows, place], when])


def _looks(rng: np.random.Generator, people: People, clock: Clock) -> tuple[Ints, Floats]:
    """Visits without an order, at random in busy time while the person is there; a guest comes once."""
    begin, end = clock.to_busy(people.since), clock.to_busy(np.minimum(people.until, DAYS))
    number = rng.poisson(people.looks * (end - begin) / DAYS)
    number = np.where(people.role == GUEST, 1, number)
    user = np.repeat(np.arange(len(number)), number)
    begin = np.where(people.role == GUEST, 0.0, begin)
    days = clock.to_days(rng.uniform(begin[user], np.minimum(end[user], DAYS - 0.01)))
    return user, days


def _not_crowded(start: Ints, user: Ints, buys: Bools) -> Bools:
    """Drops visits without an order that start within three hours of another visit of the same person."""
    order = np.lexsort((~buys, start, user))
    same = np.diff(user[order]) == 0
    close = same & (np.diff(start[order]) < APART)
    crowded = np.zeros(len(user), bool)
    before, after = order[:-1][close], order[1:][close]
    crowded[np.where(buys[after], before, after)] = True
    return ~crowded | buys


def _channels(rng: np.random.Generator, people: People, user: Ints, buys: Bools) -> Ints:
    """Channel by each person's own habits; visits with an order lean towards channels that convert well."""
    habits = rng.dirichlet(CHANNEL_MIX * 8, len(people.role))
    return _lean(rng, habits[user], CHANNEL_CONVERSION, buys)


def _devices(rng: np.random.Generator, people: People, user: Ints, buys: Bools) -> Ints:
    """Device: mostly the person's main one; visits with an order lean towards devices that convert well."""
    habits = np.tile(DEVICE_MIX * 0.35, (len(people.role), 1))
    habits[np.arange(len(people.role)), people.main_device] += 0.65
    return _lean(rng, habits[user], DEVICE_CONVERSION, buys)


def _lean(rng: np.random.Generator, habits: Floats, conversion: Floats, buys: Bools) -> Ints:
    """Bayes' rule: habits times the chance of an order (or of none) in each channel or device."""
    chance = np.clip(BASE_CONVERSION * conversion, 0, 1)
    edges = np.cumsum(habits * np.where(buys[:, None], chance, 1 - chance), axis=1)
    return np.asarray((rng.random(len(habits)) * edges[:, -1] > edges[:, :-1].T).sum(axis=0), np.int64)
