"""The ten items with the most net revenue, with and without the rows of findings."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.progress import Step
from core.quality.types import Asked
from core.store import Query, Scratch, ident

TOP = 10
"""How many items the top list has."""
HIT = "quality_hit"
"""The temporary table of the events that findings choose, each with its mask (core.quality.effect)."""

Numbers = npt.NDArray[np.int64]


class Top:
    """Net revenue per item, and which items come into the top list and drop out of it without some events.

    Only items with a purchase or return that has a value can be in it; of equal ones the lower item_no is first.
    """

    def __init__(self, scratch: Scratch, asked: Asked) -> None:
        table = scratch.read(Query(_REVENUE.format(", ", "events", "item_no")), step=asked.step)
        self._items: Numbers = table["item_no"].to_numpy()
        self._revenue: Numbers = table["revenue"].to_numpy()
        self._valued: Numbers = table["valued"].to_numpy()
        self._title = next((c for (t, c), role in asked.roles.items() if t == "items" and role == "title"), None)

    def changes(self, scratch: Scratch, bits: int, step: Step) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
        """Of each bit, the labels that leave and that enter, the best first; call it while the events hit are kept."""
        hit = scratch.read(Query(_REVENUE.format(", m, ", HIT, "item_no, m")), step=step)
        place = np.searchsorted(self._items, hit["item_no"].to_numpy())
        mask, revenue, valued = (hit[name].to_numpy() for name in ("m", "revenue", "valued"))
        before = self._best(self._revenue, self._valued)
        changes = []
        for bit in range(bits):
            mine = (mask >> bit & 1).astype(bool)
            after = before
            if mine.any():
                less, fewer = self._revenue.copy(), self._valued.copy()
                np.subtract.at(less, place[mine], revenue[mine])
                np.subtract.at(fewer, place[mine], valued[mine])
                after = self._best(less, fewer)
            changes.append(([i for i in before if i not in after], [i for i in after if i not in before]))
        labels = self._labels(scratch, {i for pair in changes for part in pair for i in part}, step)
        return [(tuple(labels[i] for i in leave), tuple(labels[i] for i in enter)) for leave, enter in changes]

    def _best(self, revenue: Numbers, valued: Numbers) -> list[int]:
        among = np.flatnonzero(valued > 0)
        if len(among) > TOP:
            least = np.partition(revenue[among], -TOP)[-TOP]
            among = among[revenue[among] >= least]
        order = np.lexsort((self._items[among], -revenue[among]))[:TOP]
        return [int(item) for item in self._items[among[order]]]

    def _labels(self, scratch: Scratch, items: set[int], step: Step) -> dict[int, str]:
        if not items:
            return {}
        label = f"coalesce({ident(self._title)}::VARCHAR, item_id)" if self._title else "item_id"
        marks = ", ".join("?" * len(items))
        query = Query(f"SELECT item_no, {label} AS label FROM items WHERE item_no IN ({marks})", tuple(sorted(items)))
        return {int(row["item_no"]): str(row["label"]) for row in scratch.rows(query, step=step)}


_REVENUE = (
    "SELECT item_no{0}CAST(sum(value) * 10000 AS BIGINT) AS revenue, count(*) AS valued FROM {1} WHERE item_no IS NOT "
    "NULL AND value IS NOT NULL AND event IN ('purchase', 'return') GROUP BY {2} ORDER BY item_no"
)
