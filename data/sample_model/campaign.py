"""The past campaign: customers who had gone quiet, dealt by lot into contacted and control; an uplift known exactly."""

from dataclasses import dataclass

import numpy as np

from data.sample_model.catalogue import CATEGORIES
from data.sample_model.journeys import World, quantities, unit_prices
from data.sample_model.log import Log
from data.sample_model.messages import land, show
from data.sample_model.settings import (
    BOT,
    CAMPAIGNS,
    CHANNELS,
    DAY,
    GUEST,
    PURCHASE_PAUSE_DAYS,
    RESELLER,
    START_S,
    WINBACK,
    WINBACK_CONTROL,
    WINBACK_FANS,
    WINBACK_HOUR,
    WINBACK_UPLIFT,
    WINBACK_WINDOW_DAYS,
    Bools,
    Floats,
    Ints,
    at_day,
)

CATEGORY = CATEGORIES.index(WINBACK.category)
SENT_AT = at_day(WINBACK.first_day, WINBACK_HOUR)
WINDOW_END = SENT_AT + WINBACK_WINDOW_DAYS * DAY


@dataclass(frozen=True)
class Campaign:
    """One entry a member. `unprompted`: buys in the window whatever the arm; `chance`: of buying only if contacted."""

    user: Ints
    contacted: Bools
    offer: Ints
    fan: Bools
    unprompted: Bools
    chance: Floats


def make_campaign(rng: np.random.Generator, log: Log, world: World) -> Campaign:
    """Draws the members, deals the arms by lot and sets each member's chance of buying because of the message.

    The chances sum to WINBACK_UPLIFT times the number of members: that is the expected uplift, exactly. Members whose
    community likes the offered category (fans) have WINBACK_FANS times the chance of others.
    """
    member = _members(rng, log, world)
    contacted = rng.permutation(len(member)) < WINBACK.members
    offer = world.taste.draw(rng, member, np.full(len(member), WINBACK.first_day), buying=True, category=CATEGORY)
    fan = world.people.community[member] % 2 == 1
    unprompted = np.isin(member, buyers(log))
    weight = np.where(unprompted, 0.0, np.where(fan, WINBACK_FANS, 1.0))
    chance = weight * WINBACK_UPLIFT * len(member) / weight.sum()
    return Campaign(member, contacted, offer, fan, unprompted, chance)


def buyers(log: Log) -> Ints:
    """Users with a purchase in the window, which is half-open: from sending, 28 days."""
    inside = log.of_type("purchase") & (log["at"] >= SENT_AT) & (log["at"] < WINDOW_END)
    return np.unique(log["user"][inside])


def _members(rng: np.random.Generator, log: Log, world: World) -> Ints:
    """Customers who consent to email, ordered before, and not within the last PURCHASE_PAUSE_DAYS."""
    bought = log.where(log.of_type("purchase") & (log["at"] < SENT_AT))
    recent = np.unique(bought["user"][bought["at"] >= SENT_AT - PURCHASE_PAUSE_DAYS * DAY])
    people = world.people
    eligible = np.setdiff1d(np.unique(bought["user"]), recent)
    eligible = eligible[~np.isin(people.role[eligible], [GUEST, BOT, RESELLER]) & (people.consent[eligible, 0] == 1)]
    return np.sort(rng.choice(eligible, WINBACK.members + WINBACK_CONTROL, replace=False))


def campaign_events(rng: np.random.Generator, campaign: Campaign, world: World, session: int, order: int) -> Log:
    """Messages to the contacted, their opens and clicks, and the purchases that the message brought."""
    number = CAMPAIGNS.index(WINBACK.name)
    reached = campaign.user[campaign.contacted]
    at = SENT_AT + rng.integers(60, 3 * 3600, len(reached))
    sent, clicks = show(rng, reached, np.zeros(len(reached), np.int64), at, WINBACK.channel, number)
    clicks = clicks.replaced(session=session + np.arange(len(clicks)))
    won = campaign.contacted & (rng.random(len(campaign.user)) < campaign.chance)
    brought = _brought(rng, campaign.user[won], campaign.offer[won], world, session + len(clicks), order)
    return Log.join([sent, *land(rng, clicks, world, CATEGORY), *brought])


def _brought(rng: np.random.Generator, user: Ints, item: Ints, world: World, session: int, order: int) -> list[Log]:
    """View, cart and purchase of the offered item, days after the message (mean six, always within the window)."""
    delay = np.minimum(rng.exponential(6, len(user)) + 0.3, WINBACK_WINDOW_DAYS - 0.5)
    at = SENT_AT + (delay * DAY).astype(np.int64)
    same: dict[str, Ints | int] = {
        "user": user, "item": item, "session": session + np.arange(len(user)),
        "channel": CHANNELS.index("email"), "device": world.people.main_device[user],
    }  # fmt: skip
    price = unit_prices(rng, world.items, item, (at - START_S) // DAY)
    quantity = quantities(rng, price)
    return [
        Log.of("view", at, dwell=rng.integers(8, 120, len(user)), **same),
        Log.of("cart", at + 125, quantity=1, **same),
        Log.of("purchase", at + 240, order=order + np.arange(len(user)), quantity=quantity, price=price, **same),
    ]
