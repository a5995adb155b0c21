"""Segments, movement in words: what was held fixed between the two dates, and what it means to be in no part."""

from __future__ import annotations

from collections.abc import Sequence

from core.segments import NOT_SEEN, ByAbc, ByGroup, ByLoyalty, ByRfm, BySegments, LoyaltySettings, Movement, RfmSettings
from pages._ui import format as fmt

_NOT_SEEN = f"“{NOT_SEEN.capitalize()}”: no event of any kind by the first date"


def held_fixed(found: Movement, fixed: bool) -> str:
    """What the parts are made by at each date, in plain sentences."""
    return f"{_cuts(found, fixed)} {_NOT_SEEN}; “in none”: known by then, but in no part{_why(found)}."


def _cuts(found: Movement, fixed: bool) -> str:
    until = fmt.last_day(found.end)
    own = "Each date has its own cuts, learned from the data up to it: people also move when others change."
    match found.settled:
        case ByRfm(_, settings):
            return f"The cuts are those of {until}, at both dates: {_scores(settings)}." if fixed else own
        case ByLoyalty(settings):
            return f"The thresholds are those of {until}, at both dates: {_stages(settings)}." if fixed else own
        case ByAbc():
            return (
                "Classes are shares of the net value up to each date (A brings the first 80 %, B the next 15 %), so "
                "each date has its own: people also move when others buy more."
            )
        case BySegments():
            return (
                "Each rule is asked as of each date; a user counts in the first segment that they belong to. "
                "Attributes and frozen members are as they are today."
            )
        case ByGroup():
            return (
                "A kept group is the same at every date: who was seen by then stays in its cluster, and only the newly "
                "seen come."
            )


def _why(found: Movement) -> str:
    buys = isinstance(found.settled, ByRfm | ByLoyalty | ByAbc)
    return " (they had not bought)" if buys else ""


def _scores(settings: RfmSettings) -> str:
    said = []
    if settings.recency:
        said.append(f"days since the last order {_up_to(settings.recency)}")
    if settings.frequency:
        said.append(f"orders {_up_to(settings.frequency)}")
    return "; ".join(said) or "nobody had bought by then"


def _up_to(cuts: Sequence[float]) -> str:
    """Cuts that coincide are a fraction apart, where no value lies: they are said once."""
    whole = list(dict.fromkeys(int(cut) for cut in cuts if cut > 0))
    return f"up to {', '.join(fmt.number(cut) for cut in whole)}, and more"


def _stages(settings: LoyaltySettings) -> str:
    return (
        f"new for {fmt.count(settings.new_within, 'day')} after the first order, loyal from "
        f"{fmt.count(settings.loyal_orders, 'order')}, slipping after {fmt.count(settings.slipping_after, 'day')} "
        f"without one, lost after {fmt.number(settings.lost_after)}"
    )
