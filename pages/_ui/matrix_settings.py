"""How behaviour counts: the settings of a MatrixSpec as fields, and the spec that they say."""

from __future__ import annotations

import streamlit as st

from core.behaviour import contents
from core.figures import event_name
from core.interactions import MatrixSpec
from core.store import Store
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.text import label, plain

_NEVER = ("return",)


def matrix_settings(store: Store, key: str, start: MatrixSpec | None = None) -> MatrixSpec:
    """Draw the settings with `start` filled in, and return what they say now.

    Fields are kept under keys that begin with `key`. A callback calls `matrix_read` with the same arguments: it
    sees what was typed just before the button was pressed. Only weights that differ from the vocabulary's stand in
    the spec, so that equal questions are equal values.
    """
    begin = start or MatrixSpec()
    _weights(store, key, begin)
    timed = store.as_of() is not None
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        if timed:
            _time(key, begin)
        _least(key, begin)
    if not timed:
        st.caption("These data have no times, so that all events count alike, however old they are.")
    return matrix_read(store, key, begin)


def matrix_read(store: Store, key: str, start: MatrixSpec | None = None) -> MatrixSpec:
    """What the fields of `matrix_settings` say; `start` where they have not been drawn."""
    begin, usual, said = start or MatrixSpec(), MatrixSpec(), st.session_state
    present = _events(store)
    weights = {event: float(said.get(f"{key}_w_{event}", begin.weight(event))) for event in present}
    others = {event: weight for event, weight in begin.weights if event not in present}
    kept = {event: weight for event, weight in {**others, **weights}.items() if weight != usual.weight(event)}
    half_life, window = (said.get(f"{key}_{name}", getattr(begin, name)) for name in ("half_life", "window"))
    return MatrixSpec(
        weights=tuple(kept.items()),
        half_life=None if half_life is None else float(half_life),
        window=None if window is None else float(window),
        until=begin.until,
        least_user_items=int(said.get(f"{key}_least_user", begin.least_user_items)),
        least_item_users=int(said.get(f"{key}_least_item", begin.least_item_users)),
    )


def matrix_words(spec: MatrixSpec, events: tuple[str, ...] = ()) -> str:
    """The settings as a sentence; `events` are those of the data, whose usual weights are told as well."""
    told = [f"{event_name(e)} count {spec.weight(e):g}" for e in events if e not in _NEVER and spec.weight(e)]
    left = [event_name(e).lower() for e in events if e not in _NEVER and not spec.weight(e)]
    parts = [", ".join(told)] if told else []
    if left:
        parts.append(f"{', '.join(left)} are left out")
    if spec.half_life:
        parts.append(f"an event counts half after {spec.half_life:g} days")
    if spec.window:
        parts.append(f"only the last {spec.window:g} days of the data count")
    if spec.least_user_items > 1:
        parts.append(f"users with fewer than {spec.least_user_items} items are left out")
    if spec.least_item_users > 1:
        parts.append(f"items with fewer than {spec.least_item_users} users are left out")
    return "; ".join(parts) + "." if parts else "Nothing counts."


def _events(store: Store) -> tuple[str, ...]:
    """The event types of the data that models can use."""
    return tuple(kind.event for kind in ask(store, contents) if kind.known and kind.event not in _NEVER)


def _weights(store: Store, key: str, begin: MatrixSpec) -> None:
    st.caption(
        "**How much one event counts.** A purchase that counts 8 says as much as eight views. 0 leaves a kind of event "
        "out. Purchases that were wholly returned never count; ratings count by their height, the latest of each item."
    )
    counted = {kind.event: kind.known for kind in ask(store, contents)}
    with st.container(horizontal=True, gap="small"):
        for event in _events(store):
            st.number_input(
                label(event_name(event)),
                0.0,
                1_000_000.0,
                float(begin.weight(event)),
                1.0,
                format="%g",
                key=f"{key}_w_{event}",
                width=140,
                help=plain(f"{fmt.count(counted[event], 'event')} of this kind by known users. 0 = left out."),
            )


def _time(key: str, begin: MatrixSpec) -> None:
    st.number_input(
        "Days until an event counts half",
        0.1,
        36_500.0,
        begin.half_life,
        1.0,
        format="%g",
        key=f"{key}_half_life",
        width=240,
        placeholder="never: old counts as new",
        help="Half-life: with 30, an event of 30 days before the end of the data counts half, one of 60 days a "
        "quarter. Shorter suits fashions and news, longer suits lasting tastes. Empty = all events count in full.",
    )
    st.number_input(
        "Only the last … days",
        0.1,
        36_500.0,
        begin.window,
        1.0,
        format="%g",
        key=f"{key}_window",
        width=190,
        placeholder="all the data",
        help="Window: events before it do not count at all. It ends with the data, not today. Empty = all of them.",
    )


def _least(key: str, begin: MatrixSpec) -> None:
    st.number_input(
        "Least items per user",
        1,
        1000,
        begin.least_user_items,
        key=f"{key}_least_user",
        width=190,
        help="Users who had to do with fewer different items are left out: little can be learnt from them.",
    )
    st.number_input(
        "Least users per item",
        1,
        100_000,
        begin.least_item_users,
        key=f"{key}_least_item",
        width=190,
        help="Items that fewer users had to do with are left out: they can then never be recommended.",
    )
