"""Explain, who is like whom: what colours users. The choice, kept in the address, and each user's part."""

from __future__ import annotations

import streamlit as st

from core.figures import Parts
from core.segments import (
    NONE,
    ByAbc,
    ByColumn,
    ByGroup,
    ByLoyalty,
    ByRfm,
    BySegments,
    Split,
    coloured,
    groups_state,
    list_groups,
    read_schema,
    rule_to_json,
    saved_segments,
)
from core.store import Store
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.text import label

NOTHING, RFM, LOYALTY, ABC, SAVED, CLUSTERS, COLUMN = (
    "Nothing", "RFM groups", "Loyalty stages", "ABC classes", "Saved segments", "Clusters", "A column of users",
)  # fmt: skip
_BY, _AMONG, _GROUP, _COLUMN = "coloured_by", "coloured_among", "coloured_group", "coloured_column"
_AT_FIRST = 4

By = Split | ByColumn


def chooser(store: Store) -> By | None:
    """Draw the choice of what colours users; None for nothing."""
    ways = _ways(store)
    if st.session_state.get(_BY) not in (None, *ways):
        st.session_state.pop(_BY, None)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        way = st.selectbox(
            "Colour users by",
            ways,
            index=1 if len(ways) > 1 else 0,
            key=_BY,
            bind="query-params",
            width=220,
            help="Seven parts have a colour and a shape of their own; where there are more, those with the most of "
            "the users shown. The others stand together in grey.",
        )
        return _which(store, way)


def _which(store: Store, way: str) -> By | None:
    if way == SAVED:
        names = [segment.name for segment in saved_segments(store)]
        _kept(_AMONG, names, many=True)
        chosen = st.multiselect(
            "Segments, the first that fits counts",
            names,
            default=names[:_AT_FIRST],
            key=_AMONG,
            bind="query-params",
            max_selections=7,
            placeholder="Choose segments",
            width=420,
        )
        return BySegments(tuple(chosen)) if chosen else None
    if way == CLUSTERS:
        names = [group.name for group in list_groups(store, "clusters")]
        _kept(_GROUP, names)
        return ByGroup(st.selectbox("Clusters", names, key=_GROUP, bind="query-params", format_func=label, width=320))
    if way == COLUMN:
        names = _columns(store)
        _kept(_COLUMN, names)
        return ByColumn(st.selectbox("Column", names, key=_COLUMN, bind="query-params", format_func=label, width=260))
    plain: dict[str, By] = {RFM: ByRfm(), LOYALTY: ByLoyalty(), ABC: ByAbc()}
    return plain.get(way)


def _kept(key: str, names: list[str], *, many: bool = False) -> None:
    """Drop a choice that is no longer there."""
    held = st.session_state.get(key)
    lost = held is not None and (not set(held) <= set(names) if many else held not in names)
    if lost:
        st.session_state.pop(key, None)


def _ways(store: Store) -> list[str]:
    """What there is to colour by."""
    ways = [NOTHING]
    if store.as_of() is not None and "purchase" in ask(store, read_schema).words:
        ways += [RFM, LOYALTY, ABC]
    if saved_segments(store):
        ways.append(SAVED)
    if list_groups(store, "clusters"):
        ways.append(CLUSTERS)
    return [*ways, COLUMN] if _columns(store) else ways


def _columns(store: Store) -> list[str]:
    """Columns of the users file that have values to part by: no ids."""
    return [column for column, kind in ask(store, read_schema).user.items() if column != "user_id" and kind != "date"]


def parts_of(store: Store, by: By | None, users: tuple[int, ...]) -> Parts | None:
    """The part of each of these users (user_no); None where nothing colours."""
    if by is None:
        return None
    return ask(store, _parts, by, users, _state(store, by))


def _parts(store: Store, by: By, users: tuple[int, ...], state: str) -> Parts:
    found = coloured(store, by, users)
    return Parts(found.parts, found.of, found.others)


def _state(store: Store, by: By) -> str:
    """Saved segments and kept groups are no data: a change of them does not raise the version."""
    if isinstance(by, BySegments):
        return str([(s.name, str(s.as_of), rule_to_json(s.rule)) for s in saved_segments(store)]) + groups_state(store)
    return groups_state(store)


def places(parts: Parts) -> list[int]:
    """The parts that any of the users is in: those with a name, then others, then none."""
    return sorted(set(parts.of), key=lambda place: (place < 0, -place if place < 0 else place))


def words(parts: Parts) -> str:
    """How many of the users are in each part, in a sentence."""
    said = [f"{parts.name(place)}: {fmt.number(parts.of.count(place))}" for place in places(parts)]
    none = " “In none” are users whom no part takes in." if NONE in parts.of else ""
    return f"Of these users, by part: {'; '.join(said)}.{none}"
