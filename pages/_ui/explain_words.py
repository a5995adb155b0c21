"""Explain in words: rhythm, ranks, how an explanation is to be read. Numbers in, sentences out."""

from __future__ import annotations

from core.explain import Did, LabelledView, UserMap, UserPortrait, Why
from core.figures import event_name
from core.recommend import StoredModel
from pages._ui import format as fmt

_CLOSE, _MOST = 0.9, 0.5  # fidelity from which a measured view is a close account; the larger part
_OFTEN = 3  # days from which one can speak of what is usual
_DAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


def rhythm(person: UserPortrait) -> str:
    """When someone is there, in a sentence; "" where nothing is known.

    >>> rhythm_of(1, 14)
    'most often on Tuesdays and around 14:00 UTC'
    """
    if person.first_seen is None:
        return ""
    said = [f"First seen {fmt.day(person.first_seen)}, last seen {fmt.day(person.last_seen)}"]
    if person.active_days is not None:
        said.append(f"here on {fmt.count(person.active_days, 'day')}")
    ends = (person.first_seen, person.last_seen or person.first_seen)
    dated = all(f"{at:%H:%M:%S}" == "00:00:00" for at in ends)  # a file with days and no time of day
    usual = rhythm_of(person.weekday, None if dated and person.hour == 0 else person.hour)
    if usual and (person.active_days is None or person.active_days >= _OFTEN):
        said.append(usual)
    return ", ".join(said) + "."


def rhythm_of(weekday: int | None, hour: int | None) -> str:
    """The weekday and the hour with most events."""
    parts = [f"on {_DAYS[weekday]}"] if weekday is not None else []
    parts += [f"around {hour:02d}:00 UTC"] if hour is not None else []
    return "most often " + " and ".join(parts) if parts else ""


def rank(share: float | None) -> str:
    """The place among buyers by net revenue; `share` of them have more.

    >>> rank(0.042), rank(0.0)
    ('4.2 % of buyers brought more', 'no buyer brought more')
    """
    if share is None:
        return ""
    return "no buyer brought more" if share == 0 else f"{fmt.percent(share)} of buyers brought more"


def exactness(view: LabelledView) -> str:
    """Whether the parts are the whole score."""
    if view.exact:
        return "**Exact:** the parts add up to the score, to the last digit that matters."
    if not view.parts:
        return "**Not to be said:** this model cannot be taken apart in this way."
    how = (
        "a close account"
        if view.fidelity >= _CLOSE
        else "most of it, so go by the order and not by the digits"
        if view.fidelity >= _MOST
        else "less than half, so read it as a hint alone"
    )
    return (
        f"**Measured, not exact:** the parts account for {fmt.percent(view.fidelity, 0)} of the score: {how}. "
        "This model cannot be taken apart further in this way."
    )


def views_words(why: Why) -> str:
    """What the two views are, as far as this model has them."""
    both = "Two ways to take the same score apart: by what this user did, and by the users who took the item."
    whole = " Each is complete in itself." if why.items.exact and why.users.exact else ""
    return f"{both}{whole} The longer a bar, the more it says; a bar to the left speaks against the item."


def score_words(why: Why) -> str:
    """The score itself: small print, since it says nothing by itself."""
    base = f", of which {why.base:,.4g} is where every score begins" if why.base else ""
    return (
        f"The score is {why.score:,.4g}{base}. Scores of different models cannot be compared: go by the rank, and by "
        "the shares."
    )


def did_words(line: Did) -> str:
    """What was done, one of them.

    >>> did_words(Did(None, "purchase", None, None, None, None, None, None))
    'Purchase'
    """
    name = event_name(line.event)
    if name == line.event:
        return name
    return "Search" if name == "Searches" else name.removesuffix("s")


def counts_words(events: tuple[tuple[str, int], ...]) -> str:
    """How many of each kind of event.

    >>> counts_words((("view", 1200), ("purchase", 3)))
    '1,200 views, 3 purchases'
    """
    return ", ".join(f"{fmt.number(n)} {_kind(event, n)}" for event, n in events)


def _kind(event: str, n: int) -> str:
    many = event_name(event)
    if many == event:
        return event
    return (did_words(Did(None, event, None, None, None, None, None, None)) if n == 1 else many).lower()


def users_words(events: tuple[tuple[str, int], ...]) -> str:
    """How many users had each kind of event.

    >>> users_words((("view", 1200), ("purchase", 3)))
    '1,200 with views, 3 with purchases'
    """
    return ", ".join(
        f"{fmt.number(n)} with {event_name(event).lower() if event_name(event) != event else event}"
        for event, n in events
    )


def stress_words(stress: float) -> str:
    """How far the distances of a network can be gone by (Kruskal's stress-1), in plain words.

    >>> stress_words(0.08)
    'Distances on paper keep to the likeness well (stress 0.08; 0 = fully).'
    """
    how = (
        "well"
        if stress < 0.1
        else "roughly"
        if stress < 0.2
        else "only loosely, since so many users cannot all stand at their true distance on paper: go by the lines and "
        "the table"
    )
    return f"Distances on paper keep to the likeness {how} (stress {stress:.2f}; 0 = fully)."


def map_words(found: UserMap) -> str:
    """How true a map is, against chance."""
    told = (
        f"How true is it? Of the {found.near} users most like each one, {fmt.percent(found.kept, 0)} stand among the "
        f"{found.near} nearest on the map; by chance it would be {fmt.percent(found.by_chance)}. "
    )
    return told + (
        "Go by who stands together, not by one pair of users."
        if found.kept >= 5 * found.by_chance
        else "That is little: these users hardly fall into groups by taste."
    )


def matrix_words(model: StoredModel | None) -> str:
    """What likeness is made of."""
    of = "as in the model in use" if model is not None else "by the usual weights of events"
    return f"Likeness is made of what each user did with each item ({of}), over all the data up to their end."
