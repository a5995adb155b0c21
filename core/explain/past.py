"""What a user did with each item, in one question: for the notes and verbs of explanations."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from core.explain.tables import before
from core.explain.words import noted, number
from core.interactions import Array
from core.progress import Step, no_step
from core.store import EVENTS, Query, Store

_WEIGHTS = {word.name: (word.weight, place) for place, word in enumerate(EVENTS)}
# An order is counted once however many lines it has; purchases with neither order nor time are one order together.
_ORDERS = (
    "count(DISTINCT order_id) + count(DISTINCT CASE WHEN order_id IS NULL "
    "THEN coalesce(CAST(at_utc AS DATE), DATE '0001-01-01') END)"
)


@dataclass(frozen=True)
class Deed:
    """One kind of event of a user with an item: how often (orders, for purchases), when last (UTC), the last rating."""

    event: str
    n: int
    units: float
    last: datetime | None
    rating: float | None


@dataclass(frozen=True)
class Past:
    """All that a user did with one item, the weightiest first; impressions are not done by the user."""

    deeds: tuple[Deed, ...]

    @property
    def returned(self) -> bool:
        """Bought, and all of it returned: it does not count as bought."""
        units = {deed.event: deed.units for deed in self.deeds}
        return "return" in units and "purchase" in units and units["purchase"] + units["return"] <= 0

    def strongest(self, used: Collection[str] | None) -> str | None:
        """The weightiest event that counts for a model (`used`; None = any); None where there is none."""
        for deed in self.deeds:
            counts = used is None or deed.event in used
            if counts and deed.event != "return" and not (deed.event == "purchase" and self.returned):
                return deed.event
        return None

    def note(self) -> str:
        """In words, as in `Part.note`."""
        told: list[str] = []
        returned = self.returned
        for deed in self.deeds:
            if deed.event == "return" and returned:
                continue
            said = noted(deed.event, deed.n, deed.last if not told else None)
            if deed.event == "rating" and deed.rating is not None:
                said = said.replace("rated once", f"rated {number(deed.rating)}")
                said = said if deed.n == 1 else f"{said}, the last {number(deed.rating)}"
            told.append(said + " and all of it returned" if deed.event == "purchase" and returned else said)
        return "; ".join(told)


def pasts(store: Store, user_no: int, end: datetime | None) -> dict[int, Past]:
    """item_no -> what the user did with the item before `end` (None = ever)."""
    asked = Query(" AND user_no = ?", (user_no,))
    return {item_no: past for (_, item_no), past in _asked(store, asked, end).items()}


def pasts_of_pairs(
    store: Store, user_nos: Array, item_nos: Array, end: datetime | None, *, step: Step = no_step
) -> dict[tuple[int, int], Past]:
    """(user_no, item_no) -> what that user did with that item before `end`, of these pairs, in one question.

    `user_nos` and `item_nos` are of one length; pairs without an event are left out.
    """
    if not len(user_nos):
        return {}
    asked = Query(
        " AND (user_no, item_no) IN (SELECT unnest(string_split(?, ','))::INTEGER, "
        "unnest(string_split(?, ','))::INTEGER)",
        (",".join(map(str, user_nos.tolist())), ",".join(map(str, item_nos.tolist()))),
    )
    return _asked(store, asked, end, step)


def _asked(store: Store, asked: Query, end: datetime | None, step: Step = no_step) -> dict[tuple[int, int], Past]:
    query = (
        Query(
            "SELECT user_no, item_no, event, CASE event "
            f"WHEN 'purchase' THEN {_ORDERS} ELSE count(*) END AS n, "
            "sum(coalesce(quantity, CASE event WHEN 'return' THEN -1 ELSE 1 END)) AS units, max(at_utc) AS last, "
            "max({'t': coalesce(at_utc, TIMESTAMP '0001-01-01'), 'r': rating}) FILTER (rating IS NOT NULL) AS latest "
            "FROM events WHERE event <> 'impression' AND item_no IS NOT NULL"
        )
        + asked
        + before(end)
        + " GROUP BY user_no, item_no, event"
    )
    found: dict[tuple[int, int], list[Deed]] = {}
    for row in store.rows(query, step=step):
        rating = row["latest"]["r"] if row["latest"] else None
        deed = Deed(str(row["event"]), int(row["n"]), float(row["units"]), row["last"], rating)
        found.setdefault((int(row["user_no"]), int(row["item_no"])), []).append(deed)
    return {pair: Past(tuple(sorted(deeds, key=_by_weight))) for pair, deeds in found.items()}


def _by_weight(deed: Deed) -> tuple[float, int, str]:
    weight, place = _WEIGHTS.get(deed.event, (1.0, 0))
    return (-weight, -place, deed.event)
