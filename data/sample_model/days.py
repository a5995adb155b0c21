"""The shop's year: how busy each day is, at which hours people come, what the weather was."""

import numpy as np

from data.sample_model.settings import DAYS, OUTAGE_DAYS, SPIKE_DAY, Bools, Floats, Ints

WEEKDAY = np.array([1.00, 0.94, 0.95, 0.98, 1.00, 1.06, 1.17])
FIRST_WEEKDAY = 2
HOURS = np.array([2, 1, 1, 1, 1, 2, 4, 7, 9, 10, 11, 12, 13, 12, 11, 11, 12, 13, 15, 18, 20, 18, 11, 5], float)
WEEKEND_HOURS = np.array([4, 2, 1, 1, 1, 1, 2, 4, 8, 13, 16, 17, 16, 15, 15, 15, 15, 15, 15, 16, 16, 14, 10, 6], float)
SHOP_HOURS = np.array([0] * 9 + [3, 5, 7, 9, 8, 7, 7, 8, 6] + [0] * 6, float)


def weekdays(days: Ints) -> Ints:
    """Day of the week of each day counted from the start; Monday is 0."""
    return (days + FIRST_WEEKDAY) % 7


def busyness(rng: np.random.Generator, *, spike: float) -> Floats:
    """How busy each day is, 1 on average: a peak in November and December, weekends, one spike, two days of outage."""
    day = np.arange(DAYS)
    season = 1 + 0.85 * np.exp(-0.5 * ((day - 61) / 17) ** 2) + 0.12 * np.sin(2 * np.pi * (day - 170) / DAYS)
    season[(day >= 84) & (day <= 100)] *= 0.8
    level = season * WEEKDAY[weekdays(day)] * rng.lognormal(0, 0.05, DAYS)
    level[SPIKE_DAY] *= spike
    level[list(OUTAGE_DAYS)] *= 0.015
    return np.asarray(level * DAYS / level.sum(), np.float64)


class Clock:
    """Turns busy time, in which a steady customer keeps a steady rhythm, into days of the calendar and back."""

    def __init__(self, level: Floats) -> None:
        self.busy = np.concatenate([[0.0], np.cumsum(level)])
        self.days = np.arange(DAYS + 1, dtype=float)

    def to_days(self, busy: Floats) -> Floats:
        """Calendar days (with fraction) of moments in busy time."""
        return np.asarray(np.interp(busy, self.busy, self.days, left=-1.0, right=DAYS + 1.0), np.float64)

    def to_busy(self, days: Floats) -> Floats:
        """Busy time passed by each calendar day."""
        return np.asarray(np.interp(days, self.days, self.busy), np.float64)


def seconds_of_day(rng: np.random.Generator, days: Ints, in_store: Bools) -> Ints:
    """Seconds of the day for each visit: evenings on weekdays, late mornings at weekends, opening hours in the shop."""
    weekend = weekdays(days) >= 5
    hour = rng.choice(24, len(days), p=HOURS / HOURS.sum())
    hour = np.where(weekend, rng.choice(24, len(days), p=WEEKEND_HOURS / WEEKEND_HOURS.sum()), hour)
    hour = np.where(in_store, rng.choice(24, len(days), p=SHOP_HOURS / SHOP_HOURS.sum()), hour)
    return np.asarray(hour * 3600 + rng.integers(0, 3600, len(days)), np.int64)


def weather(rng: np.random.Generator, countries: int) -> Ints:
    """Weather of each country and day, as a number into WEATHER; a day keeps yesterday's weather half of the time."""
    day = np.arange(DAYS)
    cold = 0.5 + 0.5 * np.cos(2 * np.pi * (day - 105) / DAYS)
    odds = np.stack([0.45 - 0.25 * cold, np.full(DAYS, 0.30), 0.25 + 0.10 * cold, 0.15 * cold])
    edges = np.cumsum(odds / odds.sum(axis=0), axis=0)
    fresh = (rng.random((countries, 1, DAYS)) > edges).sum(axis=1)
    keep = rng.random((countries, DAYS)) < 0.5
    source = np.where(keep, -1, day)
    source[:, 0] = 0
    return np.asarray(np.take_along_axis(fresh, np.maximum.accumulate(source, axis=1), axis=1), np.int64)
