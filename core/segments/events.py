"""Rules' own words for events, and kept groups made of users found elsewhere, for the rooms that look at behaviour."""

from __future__ import annotations

from datetime import datetime

from core.errors import Refusal
from core.segments.conditions import Setting, step_condition
from core.segments.groups import check_group_name, write_group
from core.segments.parts import EventStep
from core.segments.schema import Schema
from core.store import Query, Store


def event_query(step: EventStep, schema: Schema, as_of: datetime | None) -> Query:
    """The SQL condition on `events e` that an event is of this kind and passes its filters.

    True, false, or NULL where a tested value is missing: a WHERE takes that as false. Without a bound in time.
    Raises BadRule where a word or a column does not exist, or holds a kind of value that does not admit its test.
    """
    return step_condition(step, Setting(schema, as_of), "")


def keep_users(store: Store, name: str, users: Query, words: str) -> int:
    """Keep the users that `users` yields (`user_no`, distinct or not) as a group `name` of kind "list"; how many.

    So that whoever stands behind a figure can be a segment (`InGroup(name)`), also where no rule says the same. The
    members are settled: later loads add nobody. `words`: what they are, in a sentence.
    Raises Refusal `group_exists`, `bad_name`, `nobody`; BadRule for a name that cannot be one.
    """
    check_group_name(name)
    with store.atomic(data=False) as writer:
        members = store.read(
            Query("SELECT u.user_id FROM users u WHERE u.user_no IN (") + users + ") ORDER BY u.user_id"
        )
        if not members.num_rows:
            raise Refusal("nobody", "Nobody stands behind this figure, so there is no group to keep.")
        spec = {"from": "figure", "words": words}
        write_group(writer, name, "list", members, words=words, spec=spec, as_of=store.as_of(), version=store.version)
    return int(members.num_rows)
