"""The rule builder: nested groups of conditions, each with the users it holds for by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.segments import DEFAULT_GRID, Counts, Of, Schema
from core.store import Store
from pages._ui import format as fmt
from pages._ui import rule_builder_fields as fields
from pages._ui.rule_builder_draft import Condition, FilterDraft, Group, GroupKind, Kind, remove, starting
from pages._ui.rule_builder_read import Reading

GROUPS: dict[GroupKind, str] = {"all": "all of these hold", "any": "at least one holds", "none": "none of these holds"}
KINDS: dict[Kind, str] = {
    "did": "What they did",
    "prop": "What they are",
    "rfm": "RFM segment",
    "segment": "Saved segment",
    "order": "One thing, then another",
    "top": "The top by a measure",
    "sample": "A random share",
}


@dataclass(frozen=True)
class Bench:
    """What every part of the builder needs: the workspace and what rules may name there; `slots` fills as it draws."""

    store: Store
    schema: Schema
    slots: dict[int, DeltaGenerator] = field(default_factory=dict)

    def slot(self, uid: int) -> None:
        """A place for what a group or condition amounts to, known only once the whole draft has been drawn."""
        self.slots[uid] = st.container(width="content")


def draw(root: Group, store: Store, schema: Schema) -> Bench:
    """Draw the whole draft and put into it what the person has chosen; then `annotate`."""
    bench = Bench(store, schema)
    _group(root, root, bench, depth=0)
    return bench


def annotate(bench: Bench, reading: Reading, counts: Counts | None) -> None:
    """Beside every group and condition: the users it holds for by itself, or what it still needs."""
    for uid, slot in bench.slots.items():
        users = counts.at(reading.paths[uid]) if counts and uid in reading.paths else None
        if uid in reading.problems:
            slot.markdown(f":orange[{reading.problems[uid]}]")
        elif users is not None:
            slot.markdown(f":gray[{fmt.count(users, 'user')}]")


def fits(kind: Kind, schema: Schema) -> bool:
    """Whether the workspace has anything to ask in this way."""
    return {
        "prop": bool(schema.user),
        "segment": bool(schema.segments),
        "rfm": schema.timed and "purchase" in schema.words,
        "order": schema.timed,
    }.get(kind, True)


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
            if depth:
                bench.slot(group.uid)
            if depth:
                _button("Take group away", f"rb_{group.uid}_drop", lambda: remove(root, group.uid))
        for child in group.children:
            if isinstance(child, Group):
                _group(child, root, bench, depth + 1)
            else:
                _condition(child, root, bench)
        _add(group, bench, depth)


def _add(group: Group, bench: Bench, depth: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        key = f"rb_{group.uid}_add"
        st.menu_button(
            "Add a condition",
            [kind for kind in KINDS if fits(kind, bench.schema)],
            format_func=lambda kind: KINDS[kind],
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
    kind: Kind = st.session_state[key]
    made = starting(kind)
    if kind == "did" and "purchase" not in schema.words and schema.words:
        made.values |= {"event": schema.words[0], "measure": "events"}
    group.children.append(made)


def _condition(condition: Condition, root: Group, bench: Bench) -> None:
    with st.container(key=f"rb_condition_{condition.uid}", border=True):
        left, right = st.columns([9, 2], vertical_alignment="top")
        with left, st.container(gap="small"):
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                _DRAW[condition.kind](condition, bench)
                for place, label in _PLACES.get(condition.kind, {}).items():
                    found = condition.filters.setdefault(place, [])
                    _button(label, f"rb_{condition.uid}_{place}_filter", _more(found))
            for place, label in _PLACES.get(condition.kind, {}).items():
                of_which = label.removeprefix("Filter the").strip() if condition.kind == "order" else ""
                _filters(condition.filters[place], bench, of_which)
        with right, st.container(gap="xxsmall", horizontal_alignment="right"):
            bench.slot(condition.uid)
            _button("Remove", f"rb_{condition.uid}_drop", lambda: remove(root, condition.uid))


def _more(found: list[FilterDraft]) -> Callable[[], None]:
    return lambda: found.append(FilterDraft())


def _negation(condition: Condition, yes: str, no: str) -> None:
    picked = st.selectbox(
        "Holds or not",
        (False, True),
        int(condition.negated),
        format_func=lambda negated: no if negated else yes,
        key=f"rb_{condition.uid}_negated",
        label_visibility="collapsed",
        width=105,
    )
    condition.negated = bool(picked)


def _did(condition: Condition, bench: Bench) -> None:
    _negation(condition, "did", "did not")
    fields.event(condition, "event", bench.schema)
    if not (condition.negated and condition.values.get("plain", True)):
        fields.measured(condition)
    fields.window(condition)


def _prop(condition: Condition, bench: Bench) -> None:
    _negation(condition, "where", "not where")
    columns = sorted(bench.schema.user, key=lambda name: name == "user_id")  # the id last: it is seldom asked about
    column = fields.choose(condition, "column", "Column", columns, width=170)
    if column is not None and column in bench.schema.user:
        fields.tested(condition, bench.store, "user", bench.schema.user[column])


def _order(condition: Condition, bench: Bench) -> None:
    _negation(condition, "did", "did not")
    fields.event(condition, "first", bench.schema, "First event")
    st.markdown("then", width="content")
    fields.event(condition, "then", bench.schema, "Second event")
    limited = st.checkbox(
        "within", value=condition.values.get("limited", True), key=f"rb_{condition.uid}_limited", width="content"
    )
    condition.values["limited"] = limited
    if limited:
        fields.number(condition, "within", "How many", whole=True, least=1, width=80)
        fields.choose(condition, "within_unit", "Unit", fields.GAPS, width=100)
    same = st.checkbox(
        "same item", value=bool(condition.values.get("same_item")), key=f"rb_{condition.uid}_same", width="content"
    )
    condition.values["same_item"] = same
    fields.window(condition)


def _top(condition: Condition, bench: Bench) -> None:
    _negation(condition, "are in", "are not in")
    st.markdown("the top", width="content")
    fields.number(condition, "percent", "Per cent", least=0, width=80)
    st.markdown("% by", width="content")
    fields.event(condition, "event", bench.schema)
    fields.measure(condition)
    fields.window(condition)


def _sample(condition: Condition, _: Bench) -> None:
    _negation(condition, "are in", "are not in")
    st.markdown("a fixed random share of", width="content")
    fields.number(condition, "percent", "Per cent", least=0, width=80)
    st.markdown("%, draw", width="content")
    condition.values["salt"] = st.text_input(
        "Name of the draw",
        condition.values.get("salt") or "",
        key=f"rb_{condition.uid}_salt",
        label_visibility="collapsed",
        placeholder="name of the draw",
        help="Another name draws other users; the same name always the same.",
        width=180,
    )


def _segment(condition: Condition, bench: Bench) -> None:
    _negation(condition, "are in", "are not in")
    fields.choose(condition, "name", "Saved segment", tuple(s.name for s in bench.schema.segments.values()), width=260)


def _rfm(condition: Condition, _: Bench) -> None:
    _negation(condition, "are", "are not")
    grid = condition.values.get("grid") or DEFAULT_GRID
    current = list(condition.values.get("groups") or [])
    condition.values["groups"] = st.multiselect(
        "RFM segments",
        [*grid.distinct(), *(group for group in current if group not in grid.names)],
        current,
        key=f"rb_{condition.uid}_groups",
        label_visibility="collapsed",
        placeholder="choose RFM segments",
        width=360,
    )


def _filters(found: list[FilterDraft], bench: Bench, of_which: str) -> None:
    columns: list[tuple[Of, str]] = [("event", c) for c in bench.schema.event]
    columns += [("item", c) for c in bench.schema.item]
    for part in found:
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key=f"rb_filter_{part.uid}"):
            st.markdown(f":gray[{f'{of_which} where'.strip()}]", width="content")
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
                fields.tested(part, bench.store, picked[0], kind)
            _button("Remove filter", f"rb_{part.uid}_drop", _less(found, part))


def _less(found: list[FilterDraft], part: FilterDraft) -> Callable[[], None]:
    return lambda: found.remove(part)


def _button(label: str, key: str, act: Callable[[], None], help: str | None = None) -> None:
    st.button(label, key=key, on_click=act, type="tertiary", help=help)


_DRAW: dict[Kind, Callable[[Condition, Bench], None]] = {
    "did": _did,
    "prop": _prop,
    "order": _order,
    "top": _top,
    "sample": _sample,
    "segment": _segment,
    "rfm": _rfm,
}
_PLACES: dict[Kind, dict[str, str]] = {
    "did": {"where": "Add a filter"},
    "top": {"where": "Add a filter"},
    "order": {"first": "Filter the first", "then": "Filter the second"},
}
