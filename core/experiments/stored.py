"""Lists kept in the workspace: who was contacted, who was held back, from when on and how long responses count."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from core.campaigns import Members, TargetList
from core.errors import Refusal
from core.experiments.types import ARMS, ArmName, SavedList
from core.store import Query, Store, Writer

MOST_DAYS = 3650
_LONGEST_NAME = 200
_ALL = Query(
    "SELECT l.*, coalesce(m.contacted, 0) AS contacted, coalesce(m.control, 0) AS control FROM saved_lists l LEFT JOIN "
    "(SELECT name, count(*) FILTER (arm = 'contacted') AS contacted, count(*) FILTER (arm = 'control') AS control "
    "FROM saved_members GROUP BY name) m USING (name) ORDER BY l.created_at DESC, l.name"
)


@dataclass(frozen=True)
class Plan:
    """How a list will be read, checked when it is made; fields as in SavedList.

    Raises Refusal `bad_list`.
    """

    name: str
    sent_at: datetime
    days: int = 28
    event: str = "purchase"
    items: tuple[str, ...] = ()
    holdout: float | None = None

    def __post_init__(self) -> None:
        name = self.name
        checks = [
            (not name or name != name.strip() or len(name) > _LONGEST_NAME or not name.isprintable(),
             f"{name[:50]!r} is no name for it", "Give a name on one line, without spaces around it."),
            (not 1 <= self.days <= MOST_DAYS, f"a window of {self.days} days", f"Give 1 to {MOST_DAYS} days."),
            (not self.event.strip(), "no event is named", "Name what counts as a response: purchase."),
            (self.holdout is not None and not 0 <= self.holdout < 1,
             f"a planned control group of {self.holdout}", "Give a share from 0 to below 1, such as 0.1."),
        ]  # fmt: skip
        for bad, wrong, hint in checks:
            if bad:
                raise Refusal("bad_list", f"The list cannot be kept: {wrong}.", hint)
        if self.sent_at.tzinfo is not None:
            object.__setattr__(self, "sent_at", self.sent_at.astimezone(UTC).replace(tzinfo=None))


def save_list(  # noqa: PLR0913  # a list, and how it will be read
    writer: Writer,
    name: str,
    target: TargetList,
    told: Mapping[str, Any],
    *,
    sent_at: datetime,
    days: int = 28,
    event: str = "purchase",
    items: Sequence[str] = (),
    replace: bool = False,
) -> SavedList:
    """Keep a list that was made, both groups, with the offers and the rank of each user.

    Call it inside `Store.atomic(data=False)`. `told` is the list's manifest; the planned share of the control group
    is the campaign's. With `replace` it takes the place of a list of that name, upper and lower case alike.
    Raises Refusal `list_exists`, `bad_list`.
    """
    plan = Plan(name, sent_at, days, event, tuple(items), target.campaign.holdout)
    parts = [_members(arm, members) for arm, members in (("contacted", target.contacted), ("control", target.control))]
    with writer.table("incoming_members", pa.concat_tables(parts)):
        rows = Query(
            """
            WITH offered AS (
                SELECT arm, user_no, to_json(list(i.item_id ORDER BY place)) AS items FROM (
                    SELECT arm, user_no, unnest(offers) AS item_no, generate_subscripts(offers, 1) AS place
                    FROM incoming_members
                ) JOIN items i USING (item_no) GROUP BY arm, user_no
            )
            SELECT m.arm, u.user_id, m.rank, o.items FROM incoming_members m JOIN users u USING (user_no)
            LEFT JOIN offered o ON o.arm = m.arm AND o.user_no = m.user_no ORDER BY m.arm, m.rank, u.user_id
            """
        )
        return keep(writer, plan, rows, told, replace=replace)


def keep(writer: Writer, plan: Plan, members: Query, told: Mapping[str, Any], *, replace: bool) -> SavedList:
    """Write a list and its members (`members` yields arm, user_id, rank, items). Raises Refusal `list_exists`."""
    old = next((s for s in _read(writer) if _same(s.name, plan.name)), None)
    if old and not replace:
        raise Refusal(
            "list_exists", f"There is a saved list {old.name!r} already.", "Choose another name, or replace it."
        )
    if old:
        _remove(writer, old.name)
    now = datetime.now(UTC).replace(tzinfo=None)
    values = (plan.name, now, plan.sent_at, plan.days, plan.event, _json(plan.items), plan.holdout, _json(told))
    writer.run(Query("INSERT INTO saved_lists VALUES (?, ?, ?, ?, ?, ?::JSON, ?, ?::JSON)", values))
    insert = Query("INSERT INTO saved_members SELECT ?, arm, user_id, rank, items FROM (", (plan.name,))
    writer.run(insert + members + ")")
    return next(s for s in _read(writer) if s.name == plan.name)


def list_saved(store: Store) -> list[SavedList]:
    """Every saved list, newest first."""
    return _read(store)


def get_saved(store: Store, name: str) -> SavedList:
    """The saved list of that name, upper and lower case alike. Raises Refusal `no_such_list`."""
    return _named(_read(store), name)


def delete_saved(store: Store, name: str) -> SavedList:
    """Take a saved list away; the list that is gone. Raises Refusal `no_such_list`."""
    with store.atomic(data=False) as writer:
        gone = _named(_read(writer), name)
        _remove(writer, gone.name)
    return gone


def saved_users(name: str, arm: ArmName) -> Query:
    """user_no of an arm's users whom the workspace knows now; `name` as in SavedList.name.

    Raises Refusal `no_such_arm`.
    """
    if arm not in ARMS:
        raise Refusal("no_such_arm", f"There is no group {arm!r}.", f"Name one of {', '.join(ARMS)}.")
    return Query(
        "SELECT u.user_no FROM users u SEMI JOIN (SELECT user_id FROM saved_members WHERE name = ? AND arm = ?) m "
        "USING (user_id)",
        (name, arm),
    )


# ---- inside


def _members(arm: str, members: Members) -> pa.Table:
    """arm, user_no, rank, offers (list of item_no, those that are there)."""
    offers = np.asarray(members.offers, dtype=np.int32)
    there = offers >= 0
    ends = np.concatenate([[0], np.cumsum(there.sum(axis=1))]).astype(np.int32)
    return pa.table(
        {
            "arm": pa.array([arm] * len(members), pa.string()),
            "user_no": pa.array(members.user_no, pa.int32()),
            "rank": pa.array(members.ranks, pa.int32()),
            "offers": pa.ListArray.from_arrays(pa.array(ends), pa.array(offers[there])),
        }
    )


def _read(store: Store | Writer) -> list[SavedList]:
    return [
        SavedList(
            **{
                **row,
                "items": tuple(json.loads(row["items"])),
                "manifest": json.loads(row["manifest"]),
            }
        )
        for row in store.rows(_ALL)
    ]


def _named(saved: Sequence[SavedList], name: str) -> SavedList:
    found = next((s for s in saved if _same(s.name, name)), None)
    if found is None:
        known = ", ".join(s.name for s in saved) or "none yet"
        raise Refusal("no_such_list", f"There is no saved list {name!r}.", f"Saved lists: {known}.")
    return found


def _remove(writer: Writer, name: str) -> None:
    for table in ("saved_members", "saved_lists"):
        writer.run(Query(f"DELETE FROM {table} WHERE name = ?", (name,)))


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.strip().casefold()


def _json(told: Any) -> str:
    return json.dumps(told, ensure_ascii=False, sort_keys=True, default=str)
