"""Quality, a repair by hand: which rows, and what becomes of them."""

from __future__ import annotations

import streamlit as st

from core.errors import Refusal
from core.quality import (
    Action,
    Cap,
    ColumnOf,
    Exclude,
    Fill,
    Merge,
    Param,
    Repair,
    Returns,
    Scope,
    Selection,
    check_repair,
    columns_of,
    fill_methods,
    scope_of,
)
from core.store import Store
from pages._ui import quality_repair
from pages._ui import quality_words as words
from pages._ui.cache import ask
from pages._ui.shell import refuse

_HOW = {"condition": "by a condition", "ids": "by their ids", "missing": "without a value"}
_TABLES: tuple[Scope, ...] = ("events", "users", "items")
_DO = {
    "exclude": "leave them out",
    "cap": "hold a value within limits",
    "fill": "fill a value",
    "returns": "count purchases as returns",
    "merge": "count ids as part of others",
}
_KEY = "by_hand"


def draw(store: Store) -> None:
    """The form; below it the preview."""
    with st.container(border=True, key="quality_by_hand"):
        st.markdown("**Add a repair by hand**")
        try:
            repair = _repair(store)
            if repair is not None:
                check_repair(repair)
                quality_repair.confirm(store, _KEY, repair)
        except Refusal as refusal:
            refuse(refusal)


def _repair(store: Store) -> Repair | None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        how = st.selectbox("Rows", list(_HOW), format_func=_HOW.__getitem__, key=f"{_KEY}_how", width=170)
        tables = _TABLES[1:] if how == "ids" else _TABLES
        table: Scope = st.selectbox("Of", tables, format_func=str.capitalize, key=f"{_KEY}_of_{how}", width=130)
        selection = _selection(store, how, table)
    if selection is None:
        return None
    action = _action(store, how, table, selection)
    return None if action is None else Repair(selection, action)


def _selection(store: Store, how: str, table: Scope) -> Selection | None:
    if how == "ids":
        text = st.text_area(f"Ids of {table}, one a line", key=f"{_KEY}_ids_{table}", height=100, width=420)
        ids = _lines(text)
        if ids:
            return Selection.of("ids", table=table, ids=ids)
        _wait(f"Name the {table} to go on.")
        return None
    columns = {c.name: c for c in ask(store, columns_of) if c.table == table}
    name = st.selectbox("Whose", list(columns), format_func=words.column_word, key=f"{_KEY}_column_{table}", width=180)
    if how == "missing":
        return Selection.of("missing", table=table, column=name)
    return _condition(columns[name])


def _condition(column: ColumnOf) -> Selection | None:
    key = f"{_KEY}_{column.table}_{column.name}"
    op = st.selectbox("Condition", column.ops, format_func=words.OPS.__getitem__, key=f"{key}_op", width=190)
    value: Param = None
    if op in ("missing", "present"):
        pass
    elif op == "between":
        both = [st.text_input(end, key=f"{key}_{end}", width=140).strip() for end in ("From", "To")]
        if not all(both):
            _wait("Give the lowest and the highest value.")
            return None
        value = tuple(both)
    else:
        hint = {"number": "a number, as 12.5", "time": "a day, as 2026-03-31", "yes_no": "yes or no"}.get(
            column.type, ""
        )
        text = st.text_input(
            "Values, parted by commas" if op == "in" else "Value", key=f"{key}_value", width=220, placeholder=hint
        ).strip()
        if not text:
            _wait("Give the value to compare with.")
            return None
        value = tuple(part.strip() for part in text.split(",") if part.strip()) if op == "in" else text
    return Selection.of("where", table=column.table, column=column.name, op=op, value=value)


def _action(store: Store, how: str, table: Scope, selection: Selection) -> Action | None:
    possible = [do for do in _DO if _fits(do, how, table)]
    do = st.segmented_control(
        "What becomes of them?", possible, default=possible[0], required=True, format_func=_DO.__getitem__,
        key=f"{_KEY}_do_{how}_{table}",
    )  # fmt: skip
    if do == "returns":
        return Returns()
    if do == "merge" and table != "events":
        return _merge(table)
    if do == "cap":
        numbers = [c.name for c in ask(store, columns_of) if c.table == table and c.type == "number"]
        if not numbers:
            _wait(f"The {table} have no column of numbers.")
            return None
        column = st.selectbox("Hold", numbers, format_func=words.column_word, key=f"{_KEY}_cap_{table}", width=200)
        cap = quality_repair.cap_fields(
            store, f"{_KEY}_cap_{table}_{column}", Repair(selection, Exclude()), Cap(column)
        )
        if cap.low is not None or cap.high is not None:
            return cap
        _wait("Give a lowest or a highest value.")
        return None
    if do == "fill":
        return _fill(store, how, table, selection)
    return Exclude()


def _fill(store: Store, how: str, table: Scope, selection: Selection) -> Action | None:
    if how == "missing":
        column = str(selection.get("column"))
    else:
        names = [c.name for c in ask(store, columns_of) if c.table == table and c.name not in ("user", "item")]
        column = st.selectbox("Column", names, format_func=words.column_word, key=f"{_KEY}_fill_{table}", width=200)
    methods = ask(store, fill_methods, scope_of(selection), column)
    if not methods:
        _wait(f"{words.column_word(column).capitalize()} names rows, or holds lists: nothing can stand for it.")
        return None
    fill = Fill(column, methods[0])
    made = quality_repair.fill_fields(store, f"{_KEY}_fill_{table}_{column}", Repair(selection, fill), fill)
    if made.method != "constant" or made.value:
        return made
    _wait("Give the value to fill with.")
    return None


def _merge(table: Scope) -> Action | None:
    text = st.text_area(
        "The one to keep, a line of its own; the ids above become part of it",
        key=f"{_KEY}_merge_{table}",
        height=70,
        max_chars=1000,
    )
    keep = _lines(text)
    if len(keep) != 1:
        _wait("Name the one id that is kept.")
        return None
    ids = [one for one in _lines(st.session_state.get(f"{_KEY}_ids_{table}", "")) if one != keep[0]]
    if not ids or table == "events":
        _wait("Name at least one other id above.")
        return None
    return Merge(table, tuple((one, keep[0]) for one in ids))


def _fits(do: str, how: str, table: Scope) -> bool:
    if do == "returns":
        return table == "events"
    if do == "merge":
        return how == "ids"
    return not (do == "cap" and how == "missing")


def _lines(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


def _wait(text: str) -> None:
    """Say what is missing before there is a repair."""
    st.caption(text)
