"""Uniqueness: events that are equal to an earlier one in every column."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from core.quality import said
from core.quality.ask import one, remember
from core.quality.event_examples import EXAMPLES, behind
from core.quality.types import Asked, Exclude, Finding, Kind, Param, Repair, Selection
from core.store import Query, flat, ident

Halves = npt.NDArray[np.uint32]


def detect(asked: Asked) -> list[Finding]:
    """The finding `repeat`, and `repeat_in_file` where the files say another figure."""
    chosen = _repeats(asked)
    n = len(chosen)
    if not n:
        return []
    noted = one(asked, _NOTED)
    row = one(asked, Query("SELECT count(*) AS n, count(at_utc) AS timed FROM events"))
    first = tuple(chosen.slice(0, EXAMPLES).to_pylist())
    stand = behind(asked, Query(f"event_no IN ({', '.join('?' * len(first))})", first))
    selection = Selection("repeat")
    timed = row["timed"] >= row["n"] / 2
    meaning = (
        "Equal in every column that the workspace keeps: user, item, event, time, order, quantity, value and the rest; "
        "the first of each is not counted. "
        + (
            "Most are the same row written twice."
            if timed
            else "Most events have no time, so these may as well be things that were done again."
        )
    )
    found = Finding(
        "repeat", "serious" if timed else "look",
        f"{said.of_all(n, row['n'], 'events')} {'repeats' if n == 1 else 'repeat'} an earlier one exactly.",
        meaning, "events", n, row["n"], selection=selection, examples=stand.examples,
        facts={"rows_repeated_in_files": int(noted["kept"]), "rows_dropped_as_repeats": int(noted["dropped"])},
        repairs=(Repair(selection, Exclude()),), users=_users(asked, chosen),
    )  # fmt: skip
    return [found, *_in_files(int(noted["kept"]), int(noted["rows"]), n)]


def _in_files(kept: int, rows: int, n: int) -> list[Finding]:
    if not kept or kept == n:
        return []
    meaning = (
        "Equal in every cell of the file, as counted by the load; the first of each is not counted. It is another "
        "figure than that of equal events, which do not look at columns that were left out or are kept elsewhere."
    )
    title = (
        f"{said.of_all(kept, rows, 'rows of the files')} {'repeats' if kept == 1 else 'repeat'} an earlier row exactly."
    )
    return [Finding("repeat_in_file", "note", title, meaning, "rows", kept, rows)]


_NOTED = Query(
    "SELECT coalesce(sum(rows_repeated), 0)::BIGINT AS kept, coalesce(sum(rows_loaded), 0)::BIGINT AS rows, "
    "coalesce(sum(rows_duplicate - rows_overlap), 0)::BIGINT AS dropped "
    "FROM batches SEMI JOIN live_batches USING (batch_no) WHERE kind = 'events'"
)


# ---- the selection


def _choose(asked: Asked, params: Mapping[str, Param]) -> pa.Array:
    return _repeats(asked)


KINDS: tuple[Kind, ...] = (Kind("repeat", "events", "events equal to an earlier one", {}, _choose),)


def _repeats(asked: Asked) -> pa.Array:
    """Numbers of the second and later of equal events, in order.

    Half of each event's hash is compared first, sorted outside the database: grouping values that nearly all differ
    costs it twice as much. What agrees by chance is told apart by its values then.
    """

    def make() -> pa.Array:
        names = ", ".join(ident(name) for name in ("user_no", "item_no", *asked.columns["events"]))
        half = f"(hash({names}) >> 32)::UINTEGER"
        table = asked.reader.read(Query(f"SELECT event_no, {half} AS h FROM events"), step=asked.step)
        halves = flat(table["h"])
        ordered = np.sort(halves)
        twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
        if not len(twice):
            return pa.array([], pa.int64())
        maybe = flat(table["event_no"])[_where_in(halves, twice)]
        among = Query("")
        if len(maybe) <= _MOST_ROWS:
            among = Query("WHERE event_no IN (SELECT unnest(CAST(? AS BIGINT[])))", (json.dumps(maybe.tolist()),))
        query = (
            Query(
                f"SELECT event_no FROM (SELECT event_no, row_number() OVER (PARTITION BY {names} ORDER BY event_no) "
                "AS place FROM events "
            )
            + among
            + ") WHERE place > 1 ORDER BY event_no"
        )
        return asked.reader.read(query, step=asked.step)["event_no"].combine_chunks()

    return remember(asked, "repeats", make)


_MOST_ROWS = 2_000_000  # more than this, and nearly every event is looked at anyway
_BITS = (1 << 22) - 1


def _where_in(halves: Halves, wanted: Halves) -> npt.NDArray[np.int64]:
    """Places of those that are among `wanted`: told by their lower bits first, which a small table answers."""
    low = np.zeros(_BITS + 1, np.bool_)
    low[wanted & _BITS] = True
    near = np.flatnonzero(low[halves & _BITS])
    return near[np.isin(halves[near], wanted)]


def _users(asked: Asked, chosen: pa.Array) -> int | None:
    """Distinct users behind the repeats; None where there are too many to look up by number."""
    if len(chosen) > 200_000:
        return None
    listed = "[" + ",".join(map(str, chosen.to_pylist())) + "]"
    query = Query(
        "SELECT count(DISTINCT user_no) AS n FROM events WHERE event_no IN (SELECT unnest(CAST(? AS BIGINT[])))",
        (listed,),
    )
    return int(one(asked, query)["n"])
