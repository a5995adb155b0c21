"""What follows a purchase: returns, ratings, comments, shares."""

import numpy as np

from data.sample_model.catalogue import Catalogue
from data.sample_model.journeys import return_odds
from data.sample_model.log import Log
from data.sample_model.people import People
from data.sample_model.settings import DAY, END_S, GUEST, MISSING, OUTAGE_DAYS, START_S, Ints

RATES, COMMENTS, SHARES = 0.21, 0.26, 0.05
WHOLE_RETURN = 0.85


def make_aftermath(
    rng: np.random.Generator, log: Log, people: People, items: Catalogue, next_session: int, spared: Ints
) -> Log:
    """Returns (no session: booked by the shop) and opinions of the purchases in `log`; none of `spared` orders."""
    bought = log.where(log.of_type("purchase"))
    known = bought.where(people.role[bought["user"]] != GUEST)
    parts = [_returns(rng, bought, items, spared), *_opinions(rng, known, people, items, next_session)]
    shares = known.where(rng.random(len(known)) < SHARES)
    first = next_session + len(known)
    parts.append(_later(rng, shares, "share", people, np.arange(len(shares)) + first, 0.5))
    return within_reach(Log.join(parts))


def within_reach(log: Log) -> Log:
    """Without what falls after the last day or into the outage."""
    day = (log["at"] - START_S) // DAY
    return log.where((log["at"] < END_S) & ~np.isin(day, OUTAGE_DAYS))


def _returns(rng: np.random.Generator, bought: Log, items: Catalogue, spared: Ints) -> Log:
    sent_back = rng.random(len(bought)) < return_odds(items)[bought["item"]]
    lines = bought.where(sent_back & ~np.isin(bought["order"], spared))
    part = np.asarray(rng.integers(1, lines["quantity"] + 1), np.int64)
    whole = rng.random(len(lines)) < WHOLE_RETURN
    delay = ((2 + rng.gamma(2.0, 4.0, len(lines))) * DAY).astype(np.int64)
    return Log.of(
        "return", lines["at"] + delay, user=lines["user"], item=lines["item"], order=lines["order"],
        quantity=np.where(whole, lines["quantity"], part), price=lines["price"], channel=lines["channel"],
    )  # fmt: skip


def _opinions(rng: np.random.Generator, known: Log, people: People, items: Catalogue, session: int) -> list[Log]:
    """Ratings of one to five stars around the item's quality, some with a comment a minute or two later."""
    rows = np.flatnonzero(rng.random(len(known)) < RATES)
    stars = np.clip(np.round(items.quality[known["item"][rows]] + rng.normal(0, 0.9, len(rows))), 1, 5).astype(np.int64)
    rated = _later(rng, known.where(rows), "rating", people, session + rows, 5.0).replaced(rating=stars)
    spoken = rated.where(rng.random(len(rated)) < COMMENTS)
    comments = Log.of(
        "comment", spoken["at"] + rng.integers(30, 150, len(spoken)),
        **{name: spoken[name] for name in ("user", "session", "item", "channel", "device")},
    )  # fmt: skip
    return [rated, comments]


def _later(rng: np.random.Generator, lines: Log, event: str, people: People, session: Ints, least_days: float) -> Log:
    """An event about each line some days afterwards, in a session of its own on the person's main device."""
    delay = ((least_days + rng.gamma(1.5, 4.0, len(lines))) * DAY).astype(np.int64)
    return Log.of(
        event, lines["at"] + delay, user=lines["user"], session=session, item=lines["item"],
        channel=np.where(lines["channel"] == 6, MISSING, lines["channel"]), device=people.main_device[lines["user"]],
    )  # fmt: skip
