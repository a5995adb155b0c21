"""The whole shop put together: one clean log of everything that happened, before anything goes wrong with the file."""

from dataclasses import dataclass

import numpy as np

from data.sample_model.aftermath import make_aftermath, within_reach
from data.sample_model.campaign import SENT_AT, WINDOW_END, Campaign, campaign_events, make_campaign
from data.sample_model.catalogue import make_catalogue
from data.sample_model.days import Clock, busyness, weather
from data.sample_model.journeys import World, make_journeys, name_searches
from data.sample_model.log import COLUMNS, Log
from data.sample_model.messages import make_messages
from data.sample_model.oddities import make_bots, make_resellers
from data.sample_model.people import COUNTRIES, make_people
from data.sample_model.settings import END_S, Ints
from data.sample_model.taste import Taste
from data.sample_model.visits import make_visits

ROOM = 1_000_000


@dataclass(frozen=True)
class Shop:
    """The clean log in order of time, with the world and the past campaign that made it."""

    log: Log
    world: World
    campaign: Campaign


def make_shop(streams: dict[str, np.random.Generator]) -> Shop:
    """Simulates the year. Each part draws from its own stream; numbers of sessions and orders keep a million apart."""
    items = make_catalogue(streams["catalogue"])
    people = make_people(streams["people"])
    taste = Taste(streams["taste"], items, people.community)
    world = World(people, items, taste, weather(streams["days"], len(COUNTRIES)))
    visits = make_visits(streams["visits"], streams["days"], people)
    visited = name_searches(make_journeys(streams["journeys"], visits, world), items)
    organic = Log.join([visited, within_reach(make_messages(streams["messages"], world, ROOM, ROOM))])
    campaign = make_campaign(streams["campaign"], organic, world)
    prompted = campaign_events(streams["campaign"], campaign, world, 2 * ROOM, 2 * ROOM)
    after = make_aftermath(streams["aftermath"], organic, people, items, 3 * ROOM, _in_window(organic, campaign))
    odd = streams["oddities"]
    bots = make_bots(odd, world, 4 * ROOM)
    resellers = make_resellers(odd, world, Clock(busyness(odd, spike=1.0)), 5 * ROOM, 5 * ROOM)
    log = Log.join([organic, prompted, after, bots, resellers]).by_time()
    log = log.where(log["at"] < END_S)
    return Shop(_numbered(_distinct(log)), world, campaign)


def _in_window(log: Log, campaign: Campaign) -> Ints:
    """Orders of the campaign's members within its window: spared from returns, so that any reading counts them."""
    inside = (log["at"] >= SENT_AT) & (log["at"] < WINDOW_END) & np.isin(log["user"], campaign.user)
    return np.unique(log["order"][inside & log.of_type("purchase")])


def _distinct(log: Log) -> Log:
    """Without rows equal to another in every column, so that every exact repeat in the file is a planted one."""
    _, first = np.unique(np.stack([log[name] for name in COLUMNS], axis=1), axis=0, return_index=True)
    return log.where(np.sort(first))


def _numbered(log: Log) -> Log:
    """Sessions and orders numbered in order of their first event."""
    new = {}
    for name in ("session", "order"):
        values, first, place = np.unique(log[name], return_index=True, return_inverse=True)
        first = np.where(values < 0, -1, first)
        rank = np.empty(len(values), np.int64)
        rank[np.argsort(first, kind="stable")] = np.arange(len(values))
        new[name] = rank[place] - int(bool((values < 0).any()))
    return log.replaced(**new)
