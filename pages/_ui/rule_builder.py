"""The rule builder: nested groups of conditions, each with the users it holds for by itself and what it changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

import streamlit as st

from core.errors import Refusal
from core.segments import Counts, Of, Schema, describe
from core.store import Store
from pages._ui import format as fmt
from pages._ui import rule_builder_behaviour as behaviour
from pages._ui import rule_builder_fields as fields
from pages._ui import rule_builder_worth as worth
from pages._ui.rule_builder_fields import Bench
from pages._ui.rule_builder_kinds import MEANING, NAMES, fits, starting
from pages._ui.rule_builder_leaf import leaf
from pages._ui.rule_builder_parts import (
    Choices,
    Condition,
    FilterDraft,
    Group,
    GroupKind,
    Kind,
    copy,
    earlier,
    move,
    remove,
    switch,
)
from pages._ui.rule_builder_read import Reading
from pages._ui.rule_builder_values import tested
from pages._ui.text import plain

GROUPS: dict[GroupKind, str] = {"all": "all of these hold", "any": "at least one holds", "none": "none of these holds"}
_ACTS = {
    "copy": "Copy",
    "switch": "Switch off or on",
    "up": "Move up",
    "down": "Move down",
    "earlier": "Look at an earlier time",
}
_WITHOUT = "Users in the whole rule were this part not there: so you see what it keeps out, or brings in."
_BACK = {"now": "at the end of the data", "ago": "as it was so long ago:", "day": "as it was at the end of:"}


def draw(root: Group, store: Store, schema: Schema) -> Bench:
    """Draw the whole draft and put into it what the person has chosen; then `annotate`."""
    bench = Bench(store, schema)
    _group(root, root, bench, depth=0)
    return bench


def annotate(bench: Bench, reading: Reading, counts: Counts | None) -> None:
    """Beside every group and condition: the users it holds for, those without it, or what it still needs."""
    nodes = {node.path: node for node in counts.nodes} if counts else {}
    for uid, slot in bench.slots.items():
        node = nodes.get(reading.paths.get(uid, " "))
        if uid in reading.problems:
            slot.markdown(f":orange[{plain(reading.problems[uid])}]")
        elif node is not None:
            without = getattr(node, "without", None) if node.path else None
            more = "" if without is None else f"; without it {fmt.number(without)}"
            slot.markdown(f":gray[{fmt.count(node.users, 'user')}{more}]", help=_WITHOUT if more else None)


def _group(group: Group, root: Group, bench: Bench, depth: int) -> None:
    with st.container(border=True, key=f"rb_group_{group.uid}", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("Users for whom" if depth == 0 else "for whom", width="content")
            kinds = tuple(GROUPS)
            picked = st.selectbox(
                "How the conditions combine",
                kinds,
                kinds.index(group.kind),
                format_func=lambda kind: GROUPS[kind],
                key=f"rb_{group.uid}_kind",
                label_visibility="collapsed",
                width=200,
            )
            group.kind = picked
            if group.as_of:
                _looking(group, group.as_of)
            if depth:
                bench.slot(group.uid)
                _more_acts(group, root)
                _button("Take group away", f"rb_{group.uid}_drop", lambda: remove(root, group.uid))
        if not group.on:
            st.markdown(f":gray[Switched off: {fmt.count(len(group.children), 'part')} that count for nothing.]")
            return
        for child in group.children:
            if isinstance(child, Group):
                _group(child, root, bench, depth + 1)
            else:
                _condition(child, root, bench)
        _add(group, bench, depth)


def _looking(group: Group, choices: Choices) -> None:
    """As of which moment the group is looked at."""
    back = fields.choose(choices, "back", "Looked at", tuple(_BACK), _BACK, width=215)
    if back == "now":
        group.as_of = None
    if back == "ago":
        fields.number(choices, "n", "How long ago", whole=True, least=1, width=80)
        fields.choose(choices, "unit", "Unit", fields.UNITS, width=100)
    elif back == "day":
        held = choices.values.get("moment")
        last = (held - timedelta(microseconds=1)).date() if isinstance(held, datetime) else None
        picked = st.date_input(
            "Data up to the end of", last, min_value=date(1900, 1, 1), format="YYYY-MM-DD",
            key=fields.key_of(choices, "moment"), label_visibility="collapsed", width=140,
        )  # fmt: skip
        if (
            picked != last
        ):  # a moment within the day, as a rule from JSON may have it, stays until another day is chosen
            choices.values["moment"] = datetime.combine(picked, time()) + timedelta(days=1) if picked else None


def _add(group: Group, bench: Bench, depth: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        key = f"rb_{group.uid}_add"
        st.menu_button(
            "Add a condition",
            [kind for kind in NAMES if fits(kind, bench.schema)],
            format_func=lambda kind: f"**{NAMES[kind][0]}** :gray[:small[{NAMES[kind][1]}]]",
            key=key,
            on_click=_append,
            args=(group, key, bench.schema),
            type="secondary" if group.children else "primary",
        )
        if depth < 6:
            inner: GroupKind = "any" if group.kind == "all" else "all"
            _button(
                "Add a group",
                f"rb_{group.uid}_add_group",
                lambda: group.children.append(Group(inner)),
                help="Brackets: conditions that are combined among themselves first.",
            )


def _append(group: Group, key: str, schema: Schema) -> None:
    """The menu of kinds was used: add what was chosen."""
    group.children.append(starting(st.session_state[key], schema))


def _condition(condition: Condition, root: Group, bench: Bench) -> None:
    with st.container(key=f"rb_condition_{condition.uid}", border=True, gap="small"):
        if condition.on:
            _sentence(condition, bench)
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", width="content"):
                if condition.on:
                    for place, (label, _) in _places(condition).items():
                        _button(label, f"rb_{condition.uid}_{place}_filter", _more(condition.filters[place]))
                    st.markdown("", help=MEANING[condition.kind], width="content")
                else:
                    st.markdown(f":gray[Switched off: {plain(_said(condition))}]", width="content")
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", width="content"):
                if condition.on:
                    bench.slot(condition.uid)
                _more_acts(condition, root)
                _button("Remove", f"rb_{condition.uid}_drop", lambda: remove(root, condition.uid))


def _sentence(condition: Condition, bench: Bench) -> None:
    """The condition's fields, which wrap as words do, and under them its filters."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        _DRAW[condition.kind](condition, bench)
    if condition.kind == "sql":
        worth.sql_text(condition)
    for place, (_, of_which) in _places(condition).items():
        _filters(condition.filters.setdefault(place, []), bench, of_which)


def _said(condition: Condition) -> str:
    """A condition in a few words, finished or not."""
    try:
        return ("not: " if condition.negated else "") + describe(leaf(condition))
    except Refusal:
        return NAMES[condition.kind][0]


def _more_acts(part: Group | Condition, root: Group) -> None:
    key = f"rb_{part.uid}_more"
    acts = [act for act in _ACTS if act != "earlier" or (isinstance(part, Group) and not part.as_of)]
    st.menu_button(
        "More", acts, format_func=lambda act: _ACTS[act], key=key, on_click=_act, args=(part.uid, key, root),
        type="tertiary",
    )  # fmt: skip


def _act(uid: int, key: str, root: Group) -> None:
    """The menu of one part was used."""
    match st.session_state[key]:
        case "copy":
            copy(root, uid)
        case "switch":
            switch(root, uid)
        case "earlier":
            earlier(root, uid)
        case "up" | "down" as way:
            move(root, uid, -1 if way == "up" else 1)


def _places(condition: Condition) -> dict[str, tuple[str, str]]:
    """Where a condition takes filters: the button's label, and the words before "where"."""
    found = dict(_PLACES.get(condition.kind, {}))
    window = condition.values.get("window")
    if condition.kind in _WINDOWED and window in ("before", "after"):
        found["beside"] = (f"Filter the event {window} which", f"that {condition.values.get('beside_event')}")
    return found


def _more(found: list[FilterDraft]) -> Callable[[], None]:
    return lambda: found.append(FilterDraft())


def _filters(found: list[FilterDraft], bench: Bench, of_which: str) -> None:
    columns: list[tuple[Of, str]] = [("event", c) for c in bench.schema.event]
    columns += [("item", c) for c in bench.schema.item]
    for part in found:
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key=f"rb_filter_{part.uid}"):
            st.markdown(f":gray[{plain(f'{of_which} where'.strip())}]", width="content")
            current: tuple[Of, str] = (part.values.get("of", "event"), part.values.get("column", ""))
            offered = columns if current in columns or not current[1] else [*columns, current]
            picked = st.selectbox(
                "Filter by",
                offered,
                offered.index(current) if current in offered else 0,
                format_func=lambda column: column[1] if column[0] == "event" else f"item: {column[1]}",
                key=f"rb_{part.uid}_filter",
                label_visibility="collapsed",
                width=165,
            )
            part.values["of"], part.values["column"] = picked
            kind = bench.schema.columns(picked[0]).get(picked[1])
            if kind:
                tested(part, bench.store, picked[0], kind)
            _button("Remove filter", f"rb_{part.uid}_drop", _less(found, part))


def _less(found: list[FilterDraft], part: FilterDraft) -> Callable[[], None]:
    return lambda: found.remove(part)


def _button(label: str, key: str, act: Callable[[], None], help: str | None = None) -> None:
    st.button(label, key=key, on_click=act, type="tertiary", help=help)


_DRAW: dict[Kind, Callable[[Condition, Bench], None]] = {
    "did": behaviour.did, "moment": behaviour.moment, "regularly": behaviour.regularly, "stopped": behaviour.stopped,
    "resumed": behaviour.resumed, "order": behaviour.order, "top": behaviour.top, "prop": worth.prop,
    "sample": worth.sample, "segment": worth.segment, "group": worth.group, "rfm": worth.rfm, "abc": worth.abc,
    "loyalty": worth.loyalty, "sql": worth.sql,
}  # fmt: skip
_WINDOWED = ("did", "moment", "order", "top", "abc")
_FILTER = {"where": ("Add a filter", "")}
_PLACES: dict[Kind, dict[str, tuple[str, str]]] = {
    **dict.fromkeys(("did", "moment", "regularly", "stopped", "resumed", "top", "abc"), _FILTER),
    "order": {"first": ("Filter the first", "the first"), "then": ("Filter the second", "the second")},
}
