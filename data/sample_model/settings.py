"""Sizes, dates and names of the invented shop; every planted number that is set by hand stands here."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

START = datetime(2025, 10, 1, tzinfo=UTC)
DAYS = 365
DAY = 86_400
START_S = int(START.timestamp())
END_S = START_S + DAYS * DAY
MISSING = -1

EVENTS = (
    "view", "click", "search", "favourite", "cart", "purchase", "return", "rating", "share", "comment", "impression",
    "open",
)  # fmt: skip
CHANNELS = ("direct", "organic_search", "paid_search", "email", "social", "referral", "store")
CHANNEL_MIX = np.array([0.24, 0.26, 0.16, 0.12, 0.15, 0.07])
CHANNEL_CONVERSION = np.array([1.2, 1.0, 0.85, 1.5, 0.45, 1.1])
DEVICES = ("mobile", "desktop", "app", "tablet", "till")
DEVICE_MIX = np.array([0.50, 0.30, 0.14, 0.06])
DEVICE_CONVERSION = np.array([0.80, 1.25, 1.30, 1.00])
BASE_CONVERSION = 0.28
STORE_SHARE = 0.12
WEATHER = ("sunny", "cloudy", "rain", "snow")
RAIN_DWELL = 1.15

OUTAGE_DAYS = (132, 133)
SPIKE_DAY = 223
BLACK_FRIDAY_DAYS = range(54, 62)

ROLES = ("loyal", "regular", "lapsing", "new", "one-off", "window", "bot", "reseller", "guest")
LOYAL, REGULAR, LAPSING, NEW, ONE_OFF, WINDOW, BOT, RESELLER, GUEST = range(9)
SHARES = (0.10, 0.24, 0.07, 0.12, 0.20, 0.27)
N_USERS, N_BOTS, N_RESELLERS, N_GUESTS = 8_000, 40, 10, 1_800
N_ITEMS, N_COMMUNITIES = 1_200, 8

CLICK_BY_EXPOSURE = (0.120, 0.092, 0.070, 0.054, 0.041, 0.031, 0.024, 0.018)
OPEN_BY_EXPOSURE = (0.42, 0.38, 0.34, 0.30, 0.27, 0.24, 0.22, 0.20)


@dataclass(frozen=True)
class Flight:
    """A series of messages about one category: the nth reaches its members `gap` days after the one before."""

    name: str
    channel: str
    category: str
    first_day: int
    members: int
    gap: int = 3


FLIGHTS = (
    Flight("autumn-light", "email", "Lighting", 19, 820),
    Flight("gift-weeks", "social", "Toys & Games", 54, 820),
    Flight("spring-garden", "email", "Garden", 138, 820),
    Flight("paper-days", "social", "Stationery", 187, 820),
    Flight("summer-table", "email", "Kitchen & Table", 236, 820),
    Flight("craft-holidays", "social", "Craft", 278, 820),
)
WINBACK = Flight("come-back-candles", "email", "Candles & Scent", 321, 1_200)
CAMPAIGNS = (*(flight.name for flight in FLIGHTS), WINBACK.name)
WINBACK_CONTROL = 300
WINBACK_WINDOW_DAYS = 28
WINBACK_UPLIFT = 0.08
WINBACK_FANS = 2.0
WINBACK_HOUR = 6
PURCHASE_PAUSE_DAYS = 45

PARTS = (
    "days", "catalogue", "people", "contacts", "taste", "visits", "journeys", "aftermath", "messages", "campaign",
    "oddities", "dirt",
)  # fmt: skip


def generators(seed: int) -> dict[str, np.random.Generator]:
    """One independent generator for each part, so that a change in one part does not move the draws of the others.

    New parts go to the end of `PARTS`: a child's stream depends on its place alone.
    """
    children = np.random.SeedSequence(seed).spawn(len(PARTS))
    return {name: np.random.default_rng(child) for name, child in zip(PARTS, children, strict=True)}


def at_day(day: float, hour: float = 0.0) -> int:
    """Seconds since 1970 of an hour of a day, counted from the first day of the data."""
    return START_S + int(day * DAY + hour * 3600)


def iso(seconds: int) -> str:
    """UTC time as it stands in the files."""
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_day(day: int) -> str:
    """Date of a day counted from the first day of the data."""
    return iso(START_S + day * DAY)[:10]
