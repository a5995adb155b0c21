"""Why a user belongs to a segment, or does not: each condition, whether it holds, and the figure that shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.errors import Refusal
from core.segments.asked import asked
from core.segments.compile import condition
from core.segments.conditions import Setting, marks
from core.segments.evidence import evidence
from core.segments.members import Member, sample
from core.segments.rule import At, InSegment, Rule, Segment, children
from core.segments.schema import read_schema
from core.segments.stored import saved_segments
from core.segments.words import describe, say_end
from core.store import Query, Store, joined

MOST_USERS = 50
MOST_LEAVES = 60
_INSIDE = 3  # conditions of a segment named in a rule that are told


@dataclass(frozen=True)
class Reason:
    """One condition of a rule, asked of one user.

    Attributes:
        path: where it stands in the rule ("all[0].not"); the condition itself, not its negation.
        words: the condition in plain words.
        holds: whether it holds for the user.
        evidence: the figure that shows it, in words with its unit ("4 orders, the last on 3 Dec 2011").
    """

    path: str
    words: str
    holds: bool
    evidence: str

    @property
    def negated(self) -> bool:
        """Whether the rule asks that it does not hold: it stands under an odd number of nots."""
        return self.path.split(".").count("not") % 2 == 1


def reasons(
    store: Store,
    rule: Rule,
    user_ids: Sequence[str],
    as_of: datetime | None = None,
    saved: tuple[Segment, ...] | None = None,
) -> dict[str, tuple[Reason, ...]]:
    """Each known user of `user_ids` (at most 50) -> a reason for every condition of the rule, in reading order.

    Of a rule of more than 60 conditions the first 60 are told. `saved`: as for explain_counts. Raises BadRule, Refusal
    `too_many_users`.
    """
    if len(user_ids) > MOST_USERS:
        raise Refusal(
            "too_many_users", f"{len(user_ids):,} users are too many to tell of.", f"Ask for {MOST_USERS} at most."
        )
    found = list(dict.fromkeys(user_ids))
    if not found:
        return {}
    schema = read_schema(store, saved=saved_segments(store) if saved is None else saved)
    setting = Setting(schema, as_of or store.as_of())
    known = store.rows(Query(f"SELECT user_no, user_id FROM users WHERE user_id IN ({marks(found)})", tuple(found)))
    users = {int(row["user_no"]): str(row["user_id"]) for row in known}
    leaves = [part for part in asked(rule, setting) if not isinstance(part[1], At) and _is_leaf(part[1])][:MOST_LEAVES]
    told: dict[str, list[Reason]] = {user: [] for user in found if user in users.values()}
    if not users or not leaves:
        return dict.fromkeys(told, ())
    flags = _flags(store, leaves, tuple(users))
    for place, (path, leaf, at) in enumerate(leaves):
        holds = {number: bool(flags[number][f"c{place}"]) for number in users}
        shown = _shown(store, leaf, at, path, holds)
        moment = f"as of {say_end(at.as_of)}: " if at.as_of != setting.as_of and at.as_of else ""
        words = describe(leaf, schema)
        for number, user in users.items():
            told[user].append(Reason(path, words, holds[number], moment + shown[number]))
    return {user: tuple(each) for user, each in told.items()}


def sample_with_reasons(
    store: Store, rule: Rule, n: int = 20, as_of: datetime | None = None, saved: tuple[Segment, ...] | None = None
) -> tuple[tuple[Member, tuple[Reason, ...]], ...]:
    """`sample`, at most 50, with the reasons of each member. Raises BadRule."""
    drawn = sample(store, rule, min(n, MOST_USERS), as_of, saved)
    why = reasons(store, rule, [member.user_id for member in drawn], as_of, saved)
    return tuple((member, why.get(member.user_id, ())) for member in drawn)


def _is_leaf(rule: Rule) -> bool:
    """Conditions; an All of nothing asks nothing."""
    return not children(rule) and type(rule).__name__ != "All"


def _flags(store: Store, leaves: list[tuple[str, Rule, Setting]], users: tuple[int, ...]) -> dict[int, dict[str, bool]]:
    flags = [condition(leaf, at, path) + f" AS c{n}" for n, (path, leaf, at) in enumerate(leaves)]
    query = Query("SELECT u.user_no, ") + joined(", ", flags)
    query += Query(f" FROM users u WHERE u.user_no IN ({marks(users)})", users)
    return {int(row.pop("user_no")): row for row in store.rows(query)}


def _shown(store: Store, leaf: Rule, at: Setting, path: str, holds: dict[int, bool]) -> dict[int, str]:
    if isinstance(leaf, InSegment):
        return _in_segment(store, leaf, at, path, holds)
    return evidence(store, leaf, at, path, holds)


def _in_segment(store: Store, leaf: InSegment, at: Setting, path: str, holds: dict[int, bool]) -> dict[int, str]:
    """The first conditions of the segment's own rule, each with what shows it."""
    found = at.schema.segment(leaf.name, path)
    within = Setting(at.schema, found.as_of or at.as_of, (*at.inside, found.name.casefold()))
    inside = [part for part in asked(found.rule, within) if _is_leaf(part[1])]
    told: dict[int, list[str]] = {number: [] for number in holds}
    for step, inner, moment in inside[:_INSIDE]:
        if isinstance(inner, InSegment):  # told by its name alone: segments may stand in segments
            continue
        flags = _flags(store, [(step, inner, moment)], tuple(holds))
        shown = evidence(store, inner, moment, step, {number: bool(flags[number]["c0"]) for number in holds})
        for number, words in shown.items():
            told[number].append(words)
    more = f"; {len(inside) - _INSIDE:,} more conditions" if len(inside) > _INSIDE else ""
    return {n: ("a member" if holds[n] else "no member") + _after(words, more) for n, words in told.items()}


def _after(words: list[str], more: str) -> str:
    return f": {'; '.join(words)}{more}" if words else ""
