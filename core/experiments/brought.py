"""A past campaign brought in: a file that says who was contacted and who was held back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from core.errors import Refusal
from core.experiments.stored import Plan, keep
from core.experiments.tables import USER, bad_line, read_moment, read_rows
from core.experiments.types import ArmName, SavedList
from core.progress import Step, no_step
from core.store import Query, Store, Writer

ARM_WORDS: dict[str, ArmName] = {
    **dict.fromkeys(("contacted", "treatment", "treated", "test", "target", "exposed", "mailed", "sent"), "contacted"),
    **dict.fromkeys(("control", "holdout", "hold_out", "held_out", "held_back", "unexposed"), "control"),
}
"""What files call the two groups. Letters of a test (A, B) are not here: which is which cannot be known."""

_Members = dict[str, tuple[ArmName, str | None]]
_COLUMNS = {
    "user_id": USER,
    "arm": ("arm", "group", "treatment_group", "variant", "cell", "test_group"),
    "sent_at": ("sent_at", "sent", "send_time", "sent_time", "sent_date", "send_date", "mailed_at"),
    "offer_item": ("offer_item", "item_id", "item_1", "item", "product_id", "sku"),
}


def bring_list(  # noqa: PLR0913  # all that a past campaign's file does not say
    store: Store | Writer,
    name: str,
    path: Path,
    *,
    sent_at: datetime | None = None,
    days: int = 28,
    event: str = "purchase",
    items: Sequence[str] = (),
    holdout: float | None = None,
    replace: bool = False,
    step: Step = no_step,
) -> SavedList:
    """Keep a past campaign as a saved list: a CSV (TSV, ...) with user_id, arm, and optionally sent_at, offer_item.

    Ids are trimmed and otherwise kept as they stand; the data need not know them. A row said twice counts once; a user
    in both groups is refused. The earliest sent_at of the file is the list's, for all users: who was sent to later
    had less time, as had the control group that was dealt with them.

    Args:
        store: or a writer, to keep the list with all else that it does, or not at all.
        sent_at: UTC; instead of the file's.
        days, event, items: what counts as a response, as in SavedList.
        holdout: share of the users that was planned to be held back by lot; None = not known.

    Raises Refusal `list_exists`, `bad_list`, `bad_line`, `no_sent_at`, and those of `tables.read_rows`.
    """
    first, members = _read(path, step)
    if sent_at is None and first is None:
        raise Refusal("no_sent_at", f"{path.name} does not say when it was sent.", "Give the moment beside the file.")
    plan = Plan(name, sent_at or first or datetime.min, days, event, tuple(items), holdout)
    if isinstance(store, Writer):
        return _keep(store, plan, members, replace=replace)
    with store.atomic(data=False, step=step) as writer:
        return _keep(writer, plan, members, replace=replace)


def _read(path: Path, step: Step) -> tuple[datetime | None, _Members]:
    """The earliest sent_at, and the group and offer of each user."""
    members: _Members = {}
    first: datetime | None = None
    for line, cells in read_rows(path, _COLUMNS, needs=("user_id", "arm")):
        if line % 10_000 == 0:
            step.check()
        user_id, arm = cells["user_id"], _arm(path, line, cells["arm"])
        known = members.setdefault(user_id, (arm, cells.get("offer_item") or None))
        if known[0] != arm:
            raise bad_line(path, line, f"puts user {user_id!r} in the group {arm}, who was in {known[0]} before")
        if cells.get("sent_at"):
            at = read_moment(path, line, cells["sent_at"])
            first = at if first is None else min(first, at)
    if not members:
        raise Refusal("empty_file", f"{path.name} names no user.", "Give one row a user, with user_id and arm.")
    return first, members


def _keep(writer: Writer, plan: Plan, members: _Members, *, replace: bool) -> SavedList:
    offers = [None if item is None else json.dumps([item], ensure_ascii=False) for _, item in members.values()]
    table = pa.table(
        {
            "user_id": pa.array(members.keys(), pa.string()),
            "arm": pa.array([arm for arm, _ in members.values()], pa.string()),
            "items": pa.array(offers, pa.string()),
        }
    )
    with writer.table("incoming_members", table):
        rows = Query("SELECT arm, user_id, NULL::INTEGER AS rank, items::JSON AS items FROM incoming_members")
        return keep(writer, plan, rows, {}, replace=replace)


def _arm(path: Path, line: int, word: str) -> ArmName:
    arm = ARM_WORDS.get(word.lower().replace("-", "_").replace(" ", "_"))
    if arm is None:
        raise bad_line(path, line, f"has the group {word[:40]!r}; a group is contacted or control")
    return arm
