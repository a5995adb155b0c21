"""What is searched for, and what comes of it within the visit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.attention.visits_kept import microseconds
from core.attention.visits_rule import DEFAULT_RULE, VisitRule, choose_rule
from core.attention.visits_strands import Bools, strands
from core.behaviour import EVERYTHING, NO_TIMES, Window, resolve, share_interval
from core.errors import Refusal
from core.progress import Step, no_step
from core.segments import read_schema
from core.store import Query, Store, ident

EVENT = "search"
NAMES = (
    "query", "search_term", "search_query", "searchterm", "search", "term", "keyword", "keywords", "search_text", "q",
)  # fmt: skip
NO_SEARCHES = (
    f"The data hold no event “{EVENT}”. Load searches as events of this type, with the words in a column of their own."
)
NO_COLUMN = (
    "The data hold searches, but no column with the words that were searched for. Load the searches again with that "
    "column kept as a column of the events (named “query”, say)."
)
NOT_FOUND = ("view", "click", "cart", "purchase")
"""A search after which none of these comes, before the next search of the visit, found nothing that was looked at."""


@dataclass(frozen=True, eq=False)
class Searches:
    """What was searched for in a window.

    Terms are told apart without upper and lower case and without spaces around and doubled inside.

    Attributes:
        window, rule: as asked. column: where the words stand. searches: with words; wordless: without. users: known.
        found: searches in a visit. looked, carted, bought: of those, followed by a view, click, cart or purchase before
            the next search; by a cart, by a purchase, within the visit.
        table: per term, most searches first: term, searches, users (known), followed (searches in a visit, of which
            what follows can be told), looked, carted, bought (int), not_found (share of followed without a look), low,
            high (Wilson, 95 %), carted_share, bought_share, bought_low, bought_high (NaN where followed is 0).
        problem: why nothing can be shown.
    """

    window: Window
    rule: VisitRule
    column: str | None
    searches: int
    wordless: int
    users: int
    followed: int
    looked: int
    carted: int
    bought: int
    table: pd.DataFrame
    problem: str | None = None


def searches(
    store: Store,
    rule: VisitRule = DEFAULT_RULE,
    window: Window = EVERYTHING,
    column: str | None = None,
    *,
    step: Step = no_step,
) -> Searches:
    """The terms of the searches in `window`; `column` None = found by search_column. Raises `no_such_column`."""
    window = resolve(store, window)

    def none(problem: str, column: str | None = None) -> Searches:
        return Searches(window, rule, column, 0, 0, 0, 0, 0, 0, 0, pd.DataFrame(), problem)

    if window.end is None:
        return none(NO_TIMES)
    column = search_column(store, column)
    if column is None:
        return none(NO_COLUMN if _any(store) else NO_SEARCHES)
    asked = Query(f"SELECT event_no, user_no, {_term(column)} AS term FROM events WHERE event = ? AND ", (EVENT,))
    rows = store.read(asked + window.condition() + " ORDER BY event_no", step=step).to_pandas()
    rows["user_no"] = rows["user_no"].astype("Int64")
    worded = rows[rows["term"].notna()].reset_index(drop=True)
    if worded.empty:
        return none("Nobody searched for anything in this period.", column)
    worded[["followed", "looked", "carted", "bought"]] = _followed(
        store, rule, window, worded["event_no"].to_numpy(), step
    )
    known = worded[worded["user_no"].notna()].groupby("term")["user_no"].nunique()
    table = worded.groupby("term").agg(
        searches=("event_no", "size"), **{name: (name, "sum") for name in ("followed", "looked", "carted", "bought")}
    )
    table.insert(1, "users", known.reindex(table.index).fillna(0).astype("int64"))
    table = table.reset_index().sort_values(["searches", "term"], ascending=[False, True], ignore_index=True)
    return Searches(
        window,
        rule,
        column,
        len(worded),
        len(rows) - len(worded),
        int(worded["user_no"].nunique()),
        int(worded["followed"].sum()),
        int(worded["looked"].sum()),
        int(worded["carted"].sum()),
        int(worded["bought"].sum()),
        _rated(table),
    )


def searches_users(store: Store, term: str, window: Window = EVERYTHING, column: str | None = None) -> Query:
    """The known users (`user_no`) who searched for `term` in the window. Raises Refusal `no_such_column`."""
    window = resolve(store, window)
    found = search_column(store, column)
    if found is None:
        raise Refusal("no_such_column", NO_COLUMN, "Load the words that were searched for.")
    asked = Query("SELECT DISTINCT user_no FROM events WHERE user_no IS NOT NULL AND event = ?", (EVENT,))
    return asked + Query(f" AND {_term(found)} = ? AND ", (term,)) + window.condition()


def search_column(store: Store, column: str | None = None) -> str | None:
    """The text column of events with the words searched for: as named, or by its name, or the one searches have.

    The last: filled in at least half the searches and in fewer than one of twenty other events. None where there is
    none. Raises Refusal `no_such_column`.
    """
    apart = ("channel", "device", "campaign", "session", "order_id")
    texts = [name for name, kind in read_schema(store).event.items() if kind == "text" and name not in apart]
    if column is not None:
        if column not in texts:
            known = ", ".join(texts) or "none"
            raise Refusal("no_such_column", f"Events have no text column {column!r}.", f"Known: {known}.")
        return column
    if not texts or not _any(store):
        return None
    counts = ", ".join(f"count({ident(name)}) AS c{n}" for n, name in enumerate(texts))
    rows = store.rows(Query(f"SELECT event = ? AS searched, count(*) AS n, {counts} FROM events GROUP BY 1", (EVENT,)))
    share = {bool(row["searched"]): [row[f"c{n}"] / row["n"] for n in range(len(texts))] for row in rows}
    named = [n for n, name in enumerate(texts) if name.lower() in NAMES and share[True][n] > 0]
    other = share.get(False, [0.0] * len(texts))
    alone = [n for n in range(len(texts)) if share[True][n] >= 0.5 and other[n] < 0.05]
    best = sorted(named, key=lambda n: NAMES.index(texts[n].lower())) or sorted(alone, key=lambda n: -share[True][n])
    return texts[best[0]] if best else None


def _any(store: Store) -> bool:
    return bool(store.rows(Query("SELECT 1 AS one FROM events WHERE event = ? LIMIT 1", (EVENT,))))


def _term(column: str) -> str:
    return f"nullif(lower(trim(regexp_replace({ident(column)}, '\\s+', ' ', 'g'))), '')"


def _followed(
    store: Store, rule: VisitRule, window: Window, numbers: npt.NDArray[np.int64], step: Step
) -> npt.NDArray[np.bool_]:
    """(n, 4), for searches with these numbers (rising): whether in a visit, and looked, carted, bought after."""
    marks = np.zeros((len(numbers), 4), dtype=np.bool_)
    since = microseconds(window.start) if window.start is not None else None
    for strand in strands(store, rule, choose_rule(store, rule), step=step):
        searched = strand.of(EVENT)
        place = np.flatnonzero(searched)
        if since is not None:
            place = place[strand.at[place] >= since]
        of = strand.numbers[place]
        row = np.searchsorted(numbers, of)
        there = row < len(numbers)
        there[there] = numbers[row[there]] == of[there]
        place, row = place[there], row[there]
        last = strand.begins[np.searchsorted(strand.begins, place, side="right")]
        until = np.minimum(last, _next(searched, place))
        marks[row, 0] = True
        marks[row, 1] = _next(strand.of(*NOT_FOUND), place) < until
        marks[row, 2] = _next(strand.of("cart"), place) < last
        marks[row, 3] = _next(strand.of("purchase"), place) < last
    return marks


def _next(marks: Bools, place: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The first marked place after each `place`; the length of `marks` where none follows."""
    there = np.append(np.flatnonzero(marks), len(marks))
    found: npt.NDArray[np.int64] = there[np.searchsorted(there, place, side="right").clip(max=len(there) - 1)]
    return found


def _rated(table: pd.DataFrame) -> pd.DataFrame:
    whole = table["followed"].where(table["followed"] > 0).astype("float64")
    low, high = share_interval(table["followed"] - table["looked"], table["followed"])
    bought_low, bought_high = share_interval(table["bought"], table["followed"])
    return table.assign(
        not_found=(table["followed"] - table["looked"]) / whole,
        low=low,
        high=high,
        carted_share=table["carted"] / whole,
        bought_share=table["bought"] / whole,
        bought_low=bought_low,
        bought_high=bought_high,
    )
