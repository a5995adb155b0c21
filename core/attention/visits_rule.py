"""What a visit is: the rule by which events are put together, and the ones that never make a visit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from core.behaviour import NOT_ACTIVE
from core.errors import Refusal
from core.store import Query, Store

By = Literal["auto", "gap", "own"]
Used = Literal["gap", "own"]

NO_VISIT = (*NOT_ACTIVE, "return")
"""Events that are in no visit: impressions are done to a user, returns are booked by the shop."""

KEY_EVENTS = ("cart", "purchase")
OWN_SHARE = 0.9
"""The data's own sessions are used where at least this share of known users' events carries one."""

LONG = 10
"""Seconds from which a visit is engaged by its length."""

SESSION = Query("CASE WHEN session IS NULL THEN 0 ELSE greatest(hash(session), 1) END")
"""The session of an event as a number, 0 = none. Two sessions of one user share one with a chance of 1 in 10^19."""

_LEAST, _MOST = 1, 240


@dataclass(frozen=True)
class VisitRule:
    """How events become visits.

    Attributes:
        gap_minutes: a pause of so many minutes or more ends a visit; 1 to 240.
        by: "own" = the data's own session ids, "gap" = pauses, "auto" = own where OWN_SHARE of known users' events
            carry one, else pauses.
        key_events: event types one of which makes a visit engaged.

    Raises Refusal `bad_visit_rule`.
    """

    gap_minutes: int = 30
    by: By = "auto"
    key_events: tuple[str, ...] = KEY_EVENTS

    def __post_init__(self) -> None:
        if self.gap_minutes != int(self.gap_minutes) or not _LEAST <= self.gap_minutes <= _MOST:
            raise Refusal(
                "bad_visit_rule",
                f"A pause of {self.gap_minutes!r} minutes cannot end a visit.",
                f"Choose whole minutes from {_LEAST} to {_MOST}; 30 is usual.",
            )
        if self.by not in get_args(By):
            raise Refusal("bad_visit_rule", f"Visits cannot be told by {self.by!r}.", "Known: auto, gap, own.")


DEFAULT_RULE = VisitRule()


@dataclass(frozen=True)
class Choice:
    """Which rule the data are read by, and why.

    Attributes:
        used: "own" or "gap". events: events of known users that may be in visits; with_session: those that carry a
            session id; dwelt: whether any of them says how long it lasted.
    """

    used: Used
    events: int
    with_session: int
    dwelt: bool

    @property
    def share_with_session(self) -> float:
        """Of known users' events; 0 without events."""
        return self.with_session / self.events if self.events else 0.0


def may_visit() -> Query:
    """The SQL condition for an event that may be in a visit, whoever did it."""
    return Query(f"event NOT IN ({', '.join('?' * len(NO_VISIT))})", NO_VISIT)


def choose_rule(store: Store, rule: VisitRule) -> Choice:
    """What `rule` comes to on these data. Raises Refusal `no_own_sessions` where "own" is asked and there is none."""
    asked = (
        Query(
            "SELECT count(*) AS n, count(session) AS own, count(dwell) AS dwelt FROM events "
            "WHERE user_no IS NOT NULL AND at_utc < ? AND ",
            (store.as_of(),),
        )
        + may_visit()
    )
    (found,) = store.rows(asked)
    n, own = int(found["n"]), int(found["own"])
    if rule.by == "own" and not own:
        raise Refusal(
            "no_own_sessions",
            "No event of a known user carries a session id.",
            "Tell visits by pauses, or load a file with a session column mapped.",
        )
    by_own = rule.by == "own" or (rule.by == "auto" and n > 0 and own >= OWN_SHARE * n)
    return Choice("own" if by_own else "gap", n, own, int(found["dwelt"]) > 0)
