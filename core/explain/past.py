"""What a user did with each item, in one question: for the notes and verbs of explanations."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from core.explain.tables import before
from core.explain.words import noted, number
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
    query = (
        Query(
            f"SELECT item_no, event, CASE event WHEN 'purchase' THEN {_ORDERS} ELSE count(*) END AS n, "
            "sum(coalesce(quantity, CASE event WHEN 'return' THEN -1 ELSE 1 END)) AS units, max(at_utc) AS last, "
            "max({'t': coalesce(at_utc, TIMESTAMP '0001-01-01'), 'r': rating}) FILTER (rating IS NOT NULL) AS latest "
            "FROM events WHERE event <> 'impression' AND item_no IS NOT NULL AND user_no = ?",
            (user_no,),
        )
        + before(end)
        + " GROUP BY item_no, event"
    )
    found: dict[int, list[Deed]] = {}
    for row in store.rows(query):
        rating = row["latest"]["r"] if row["latest"] else None
        deed = Deed(str(row["event"]), int(row["n"]), float(row["units"]), row["last"], rating)
        found.setdefault(int(row["item_no"]), []).append(deed)
    return {no: Past(tuple(sorted(deeds, key=_by_weight))) for no, deeds in found.items()}


def _by_weight(deed: Deed) -> tuple[float, int, str]:
    weight, place = _WEIGHTS.get(deed.event, (1.0, 0))
    return (-weight, -place, deed.event)
