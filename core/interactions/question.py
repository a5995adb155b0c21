"""How behaviour becomes weights: the question that the matrix answers, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from core.errors import Refusal
from core.store import EVENTS

_MOST = 1e6
_MOST_DAYS = 36_500.0


@dataclass(frozen=True)
class MatrixSpec:
    """weight(u, i) = sum over the events of u with i of event weight x decay; ratings: the latest per pair alone.

    Attributes:
        weights: (event, weight) where they differ from the vocabulary's (core.store.EVENTS; an event that is not in
            the vocabulary weighs 1); 0 leaves an event out. Returns never enter. Sorted by event, each once.
            A rating weighs its event weight x rating / the top of the scale (the 99th percentile of all ratings; those
            above it count as it).
        half_life: days after which an event counts half, before `until`; None = no decay.
        window: only events of the last so many days before `until`; None = all.
        until: UTC, end of the data (not included); None = just after the last event.
        least_user_items: users with fewer distinct items are left out.
        least_item_users: items with fewer distinct users are left out. The two are repeated until both hold.

    Raises Refusal `bad_matrix` when a value is out of range.

    >>> MatrixSpec(weights=(("view", 0.0),)).weight("view"), MatrixSpec().weight("purchase"), MatrixSpec().weight("own")
    (0.0, 8.0, 1.0)
    """

    weights: tuple[tuple[str, float], ...] = ()
    half_life: float | None = None
    window: float | None = None
    until: datetime | None = None
    least_user_items: int = 1
    least_item_users: int = 1

    def __post_init__(self) -> None:
        events = [event for event, _ in self.weights]
        object.__setattr__(self, "weights", tuple(sorted((str(e), float(w)) for e, w in self.weights)))
        if len(set(events)) < len(events):
            raise _bad("an event is weighted twice", "Give each event one weight.")
        if not all(0 <= weight <= _MOST for _, weight in self.weights):
            raise _bad("a weight is below 0 or above a million", "Give weights from 0 (leave out) upwards.")
        for days, what in ((self.half_life, "half-life"), (self.window, "window")):
            if days is not None and not 0 < days <= _MOST_DAYS:
                raise _bad(f"the {what} is {days} days", "Give days above 0, or none.")
        if not (1 <= self.least_user_items <= 1000 and 1 <= self.least_item_users <= 100_000):
            raise _bad("the least activity is out of range", "Give 1 or more.")

    def weight(self, event: str) -> float:
        """The weight of one event of this kind, before decay."""
        if event == "return":
            return 0.0
        return dict(self.weights).get(event, _DEFAULT.get(event, 1.0))

    def as_json(self) -> dict[str, Any]:
        """The question as plain JSON; `from_json` reads it."""
        told = asdict(self)
        return {
            **told,
            "weights": dict(self.weights),
            "until": None if self.until is None else self.until.isoformat(),
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> MatrixSpec:
        """What `as_json` wrote; missing keys have their defaults."""
        until = told.get("until")
        return cls(
            **{
                **{k: v for k, v in told.items() if k in cls.__dataclass_fields__},
                "weights": tuple((told.get("weights") or {}).items()),
                "until": None if until is None else datetime.fromisoformat(until),
            }
        )


_DEFAULT = {word.name: word.weight for word in EVENTS}


def _bad(what: str, hint: str) -> Refusal:
    return Refusal("bad_matrix", f"The settings cannot be used: {what}.", hint)
