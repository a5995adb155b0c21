"""Small worlds of users with consent and contacts, a model whose scores are given, and a plain twin of the gates."""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any, Self

import numpy as np
import pyarrow as pa

from core.campaigns import Campaign, TargetList
from core.interactions import Array, Interactions, build
from core.progress import Step, no_step
from core.recommend import Explanation, Spec, View
from core.recommend.base import Model
from core.store import Query, Store
from tests.behaviour.world import LOADED_AT, E
from tests.campaigns.shop import put_contacts

USER_TYPES = {
    "consent_email": pa.bool_(), "consent_sms": pa.bool_(),
}  # fmt: skip
_SQL = {"consent_email": "BOOLEAN", "consent_sms": "BOOLEAN"}
CONSENT = ("consent_email", "consent_sms")


@dataclass(frozen=True)
class World:
    """Users with their columns, items with their categories, and what happened.

    Attributes:
        users: id -> columns of USER_TYPES; users of events alone have none.
        items: id -> categories.
        events: one a line.
        consent: the columns loaded as consent; the others are not known to be.
    """

    users: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    items: Mapping[str, Sequence[str]] = field(default_factory=dict)
    events: Sequence[E] = ()
    consent: Sequence[str] = CONSENT

    def user_ids(self) -> list[str]:
        """Every id, sorted."""
        return sorted({*self.users, *(e.user for e in self.events if e.user is not None)})

    def item_ids(self) -> list[str]:
        """Every id, sorted."""
        return sorted({*self.items, *(e.item for e in self.events if e.item is not None)})


def prepare(store: Store) -> Store:
    """Add the columns that worlds use."""
    with store.atomic() as writer:
        for column, kind in _SQL.items():
            writer.run(f"ALTER TABLE users ADD COLUMN {column} {kind}")
        writer.run("ALTER TABLE items ADD COLUMN category VARCHAR[]")
    return store


def put(store: Store, world: World, *, shuffle: int | None = None) -> Store:
    """Make the workspace hold exactly this world; `shuffle`: rows and numbers in an order drawn by this seed."""
    mixed = np.random.default_rng(shuffle)

    def order(things: Sequence[Any]) -> list[Any]:
        return list(things) if shuffle is None else [things[k] for k in mixed.permutation(len(things))]

    users, items, events = order(world.user_ids()), order(world.item_ids()), order(list(world.events))
    facts = [world.users.get(u, {}) for u in users]
    tables = {
        "users": pa.table(
            {"user_no": pa.array(range(len(users)), pa.int32()), "user_id": pa.array(users, pa.string())}
            | {name: pa.array([f.get(name) for f in facts], kind) for name, kind in USER_TYPES.items()}
        ),
        "items": pa.table(
            {
                "item_no": pa.array(range(len(items)), pa.int32()),
                "item_id": pa.array(items, pa.string()),
                "category": pa.array([list(world.items.get(i, ())) for i in items], pa.list_(pa.string())),
            }
        ),
        "events": _events(events, {u: n for n, u in enumerate(users)}, {i: n for n, i in enumerate(items)}),
    }
    with store.atomic() as writer:
        for table in ("events", "users", "items", "batches", "columns", "contact_facts"):
            writer.run(f"DELETE FROM {table}")
        row = "INSERT INTO batches VALUES (1, 'events', '[]', '{}', ?, ?, 0, 0, 0, 0, ?, ?, NULL, 'append', 0, 0)"
        n = len(events)
        writer.run(Query(row, (n, n, n, LOADED_AT)))
        for column in world.consent:
            writer.run(Query("INSERT INTO columns VALUES ('users', ?, 'consent')", (column,)))
        put_contacts(writer, [(f.get(c), n, c) for n, f in enumerate(facts) for c in ("email", "phone")])
        for name, rows in tables.items():
            with writer.table("incoming", rows):
                writer.run(f"INSERT INTO {name} BY NAME SELECT * FROM incoming")
    return store


def _events(events: Sequence[E], users: Mapping[str, int], items: Mapping[str, int]) -> pa.Table:
    def numbers(ids: list[str | None], known: Mapping[str, int]) -> pa.Array:
        return pa.array([None if i is None else known[i] for i in ids], pa.int32())

    return pa.table(
        {
            "user_no": numbers([e.user for e in events], users),
            "item_no": numbers([e.item for e in events], items),
            "event": pa.array([e.event for e in events], pa.string()),
            "at_utc": pa.array([e.moment for e in events], pa.timestamp("us")),
            "order_id": pa.array([e.order for e in events], pa.string()),
            "quantity": pa.array([e.quantity for e in events], pa.float64()),
            "value": pa.array([e.value for e in events], pa.float64()).cast(pa.decimal128(18, 4)),
            "batch_no": pa.array([1] * len(events), pa.int32()),
        }
    )


class Given(Model):
    """A model whose scores are written down: (user, item) -> score; NaN where nothing is.

    `base`: what it says that a score is without any part; None = it cannot take scores apart.
    """

    base: float | None = None

    def __init__(self, store: Store, campaign: Campaign, scores: Mapping[tuple[str, str], float]) -> None:
        assert campaign.model is not None
        super().__init__(campaign.model)
        self.x = build(store, campaign.matrix)
        self._scores = np.full(self.x.shape, np.nan)
        users, items = (_rows(m) for m in (self.x.users, self.x.items))
        for (user, item), score in scores.items():
            if user in users and item in items:
                self._scores[users[user], items[item]] = score

    def fit(self, x: Interactions, *, seed: int = 0, step: Step = no_step) -> Self:
        raise NotImplementedError

    def explain(self, user: int, item: int) -> Explanation:
        score, one = float(self._scores[user, item]), np.zeros(1, dtype=np.int64)
        base = np.nan if self.base is None else self.base
        view = View("items", one, np.array([score - base]), exact=self.base is not None, how="as written")
        return Explanation(user, item, score, base, view, replace(view, of="users"))

    def arrays(self) -> dict[str, Array]:
        raise NotImplementedError

    def load(self, x: Interactions, arrays: Mapping[str, Array]) -> Self:
        raise NotImplementedError

    def _score(self, users: Array, items: Array | None) -> Array:
        return self._scores[users] if items is None else self._scores[np.ix_(users, items)]


def _rows(ids: Any) -> dict[str, int]:
    return {raw: row for row, raw in enumerate(ids.ids.to_pylist())}


MODEL = Spec("popular", (("count", "users"),))


def named(store: Store, user_nos: Array) -> list[str]:
    """Raw ids in the order of the numbers."""
    known = {row["user_no"]: row["user_id"] for row in store.rows(Query("SELECT user_no, user_id FROM users"))}
    return [known[int(no)] for no in user_nos]


def items_named(store: Store, item_nos: Array) -> list[list[str]]:
    """Raw item ids of rows of offers, without the places that are empty."""
    known = {row["item_no"]: row["item_id"] for row in store.rows(Query("SELECT item_no, item_id FROM items"))}
    return [[known[int(no)] for no in row if no >= 0] for row in item_nos]


def told(store: Store, made: TargetList) -> dict[str, Any]:
    """A list in raw ids, so that two workspaces can be compared."""
    arms = {
        arm: list(
            zip(
                named(store, members.user_no),
                members.ranks.tolist(),
                np.nan_to_num(members.scores, nan=-999.0).tolist(),
                items_named(store, members.offers),
                strict=True,
            )
        )
        for arm, members in (("contacted", made.contacted), ("control", made.control))
    }
    dropped = {stage: sorted(named(store, users)) for stage, users in made.dropped.items()}
    facts = {name: value for name, value in made.facts.items() if name != "version"}
    return {**arms, "dropped": dropped, "stages": made.stages, "notes": made.notes, "facts": facts}


def draw(kind: str, salt: str, user: str) -> int:
    """The hash as anybody can compute it: the first 16 hexadecimal digits of SHA-256."""
    return int(hashlib.sha256(f"{kind}:{salt}:{user}".encode()).hexdigest()[:16], 16)


def kept(world: World, campaign: Campaign, as_of: datetime) -> set[tuple[str, str]]:
    """(user, item) that count as bought for a campaign, by going through the events one after the other."""
    since = as_of - timedelta(days=campaign.bought_days or 0) if campaign.bought == "days" else datetime.min
    units: dict[tuple[str, str], float] = defaultdict(float)
    returned, taken = set(), set()
    for e in world.events:
        if e.user is None or e.item is None or e.moment is None or e.moment >= as_of:
            continue
        pair = (e.user, e.item)
        if e.event == "purchase":
            units[pair] += 1 if e.quantity is None else e.quantity
            if e.moment >= since:
                taken.add(pair)
        if e.event == "return":
            units[pair] += -1 if e.quantity is None else e.quantity
            returned.add(pair)
    return {pair for pair in taken if pair not in returned or units[pair] > 0}


def fates(
    world: World,
    campaign: Campaign,
    scores: Mapping[tuple[str, str], float],
    suppressed: Sequence[str],
    as_of: datetime,
    ids: Sequence[str] = (),
) -> dict[str, str]:
    """What becomes of each user asked for, worked out one user at a time: a stage, "contacted" or "control"."""
    items = {i for i in world.item_ids() if i in campaign.items or campaign.category in world.items.get(i, ())}
    active = {e.user for e in world.events if e.event not in ("return", "impression") and e.item}
    own = kept(world, campaign, as_of)
    given = {text.strip() for text in suppressed}
    lower = {text.lower() for text in given}
    result: dict[str, str] = {}
    ranked: list[tuple[float, int, str]] = []
    for user in world.user_ids():
        facts = world.users.get(user, {})
        if campaign.ask == "ids" and user not in ids:
            continue
        known = [s for i in items if not math.isnan(s := scores.get((user, i), math.nan))] if user in active else []
        by_score = campaign.ask in ("item", "category")
        wanted = world.consent if campaign.channel is None else [f"consent_{campaign.channel}"]
        agreed = all(facts.get(c) is True for c in wanted) if world.consent else campaign.assume_consent
        if by_score and not known:
            result[user] = "candidates"
        elif not agreed:
            result[user] = "consent"
        elif user in given or {(facts.get("email") or " ").lower(), user.lower() if "@" in user else " "} & lower:
            result[user] = "suppressed"
        elif by_score and campaign.bought != "keep" and any((user, i) in own for i in items):
            result[user] = "bought"
        else:
            worth = sum(known) if by_score else _worth(world, user, as_of)
            ranked.append((-worth, draw("lot", campaign.salt, user), user))
    ranked.sort()
    contacted = 0
    limit = len(ranked) if campaign.share is None else math.ceil(Fraction(str(campaign.share)) * len(ranked))
    for place, (_, _, user) in enumerate(ranked):
        if place >= limit or contacted == campaign.size:
            result[user] = "size"
            continue
        held = draw("holdout", campaign.salt, user) < campaign.holdout * 2**64
        result[user] = "control" if held else "contacted"
        contacted += not held
    return result


def _worth(world: World, user: str, as_of: datetime) -> float:
    mine = [e for e in world.events if e.user == user and e.moment is not None and e.moment < as_of]
    return sum(e.value or 0.0 for e in mine if e.event in ("purchase", "return"))


def found(store: Store, made: TargetList) -> dict[str, str]:
    """What became of each user, as the list says it; fails where a user has two fates."""
    groups: dict[str, list[str]] = {stage: named(store, users) for stage, users in made.dropped.items()}
    held = groups.pop("holdout")
    control = named(store, made.control.user_no)
    assert sorted(held) == sorted(control)
    groups |= {"contacted": named(store, made.contacted.user_no), "control": control}
    result: dict[str, str] = {}
    for fate, users in groups.items():
        for user in users:
            assert user not in result, f"{user} has two fates"
            result[user] = fate
    return result
