"""How many users go from one kind of event to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from core.behaviour.contents import contents
from core.behaviour.window import EVERYTHING, NO_TIMES, Window, resolve
from core.errors import Refusal
from core.store import Query, Store, joined

Order = Literal["ordered", "any"]
STEPS = ("view", "cart", "purchase")


@dataclass(frozen=True, eq=False)
class Funnel:
    """Known users who came through each step of a way, in the window.

    Attributes:
        window: as asked, with its end filled in.
        steps: event types, from first to last.
        order: "ordered" = each step at the same time as the one before or later; "any" = all the steps so far, in
            whatever order. The steps may concern different items and lie far apart.
        table: step (str), users (int, came so far), share_of_first, share_of_previous (float; NaN where that is
            zero), lost (int, reached the step before and not this), did (int, users with such an event at all).
        problem: why nothing can be shown.
    """

    window: Window
    steps: tuple[str, ...]
    order: Order
    table: pd.DataFrame
    problem: str | None = None


def funnel(
    store: Store, steps: tuple[str, ...] | None = None, window: Window = EVERYTHING, order: Order = "ordered"
) -> Funnel:
    """The users who came to each of `steps` (by default those of view, cart and purchase that the data hold).

    Raises Refusal `bad_steps` when `steps` names fewer than two event types, or one of them twice.
    """
    window = resolve(store, window)
    present = [kind.event for kind in contents(store)]
    if steps is None:
        steps = tuple(step for step in STEPS if step in present)
        if len(steps) < 2:
            return _none(window, steps, order, _too_few(present))
    _check(steps)
    if order == "ordered" and window.end is None:
        return _none(window, steps, order, NO_TIMES + " Without times, look at the steps in any order.")
    counts = [f"(SELECT count(*) FROM s{i}) AS s{i}" for i in range(len(steps))]
    counts += [f"(SELECT count(*) FROM way WHERE did{i}) AS did{i}" for i in range(len(steps))]
    row = store.rows(Query("WITH ") + _ways(steps, window, order) + f" SELECT {', '.join(counts)}")[0]
    users = pd.Series([int(row[f"s{i}"]) for i in range(len(steps))], dtype="int64")
    previous = users.shift(1)
    shown = pd.DataFrame(
        {
            "step": pd.Series(steps, dtype="object"),
            "users": users,
            "share_of_first": users / (float(users.iloc[0]) or float("nan")),
            "share_of_previous": (users / previous.where(previous > 0)).astype("float64"),
            "lost": (previous - users).fillna(0).astype("int64"),
            "did": pd.Series([int(row[f"did{i}"]) for i in range(len(steps))], dtype="int64"),
        }
    )
    return Funnel(
        window,
        steps,
        order,
        shown,
        None if users.iloc[0] else f"No known user has the event “{steps[0]}” in this period.",
    )


def funnel_users(
    store: Store,
    steps: tuple[str, ...],
    step: int,
    window: Window = EVERYTHING,
    order: Order = "ordered",
    *,
    lost: bool = False,
) -> Query:
    """The users (`user_no`) who came to `steps[step]`; with `lost`, those who came to the step before and no further.

    Raises Refusal `bad_steps`, and `no_such_step` for a step that the funnel has not (or lost before the first).
    """
    _check(steps)
    if not (1 if lost else 0) <= step < len(steps):
        raise Refusal("no_such_step", f"The funnel has no step {step + 1} to ask for.", f"It has {len(steps)} steps.")
    window = resolve(store, window)
    steps = steps[: step + 1]
    ways = Query("WITH ") + _ways(steps, window, order)
    last = (
        f" SELECT user_no FROM s{step - 1} EXCEPT SELECT user_no FROM s{step}"
        if lost
        else f" SELECT user_no FROM s{step}"
    )
    return Query("SELECT user_no FROM (") + ways + last + ")"


def _ways(steps: tuple[str, ...], window: Window, order: Order) -> Query:
    """CTEs: `way` (user_no, did0, did1, ...), and s0, s1, ... (user_no): who came through the steps so far.

    In order, s0, s1, ... hold at_utc as well, the earliest moment at which the user had come so far: taking each
    step as early as possible finds a way wherever there is one.
    """
    known = Query("user_no IS NOT NULL AND ") + window.condition()
    did = Query("SELECT user_no, min(at_utc) FILTER (event = ?) AS at_utc", (steps[0],))
    for i, step in enumerate(steps):
        did += Query(f", bool_or(event = ?) AS did{i}", (step,))
    did += (
        Query(f" FROM events WHERE event IN ({', '.join('?' * len(steps))}) AND ", steps) + known + " GROUP BY user_no"
    )
    ways = [Query("way AS MATERIALIZED (") + did + ")"]
    for i, step in enumerate(steps):
        if order == "any":
            done = " AND ".join(f"did{j}" for j in range(i + 1))
            way = Query(f"SELECT user_no FROM way WHERE {done}")
        elif i == 0:
            way = Query("SELECT user_no, at_utc FROM way WHERE at_utc IS NOT NULL")
        else:
            events = Query("SELECT user_no, at_utc AS next FROM events WHERE event = ? AND ", (step,)) + known
            way = Query("SELECT user_no, min(next) AS at_utc FROM (") + events
            way += f") JOIN s{i - 1} USING (user_no) WHERE next >= at_utc GROUP BY user_no"
        ways.append(Query(f"s{i} AS MATERIALIZED (") + way + ")")
    return joined(", ", ways)


def _check(steps: tuple[str, ...]) -> None:
    if len(steps) < 2 or len(set(steps)) < len(steps):
        raise Refusal(
            "bad_steps", f"{', '.join(steps) or 'Nothing'}: a funnel needs two or more different event types."
        )


def _too_few(present: list[str]) -> str:
    held = ", ".join(present) or "none"
    return f"A funnel needs two of the event types {', '.join(STEPS)}; these data hold: {held}."


def _none(window: Window, steps: tuple[str, ...], order: Order, problem: str) -> Funnel:
    return Funnel(window, steps, order, pd.DataFrame(), problem)
