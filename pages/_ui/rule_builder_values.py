"""The test of one column, and the values it is held against: chosen, typed, or pasted from a spreadsheet."""

from __future__ import annotations

import calendar
import csv
from typing import Any

import streamlit as st

from core.segments import OPS, ColumnKind, Of, Value, common_values
from core.store import Store
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.rule_builder_fields import OPS_WORDS, choose, day, key_of, number, said, several
from pages._ui.rule_builder_parts import Choices
from pages._ui.text import plain

TESTS = {
    **OPS_WORDS, "is": "is", "is_not": "is not", "contains": "contains", "not_contains": "does not contain",
    "starts": "starts with", "ends": "ends with", "matches": "matches pattern",
    "last_days": "in the last … days", "next_days": "in the next … days", "since": "on or after", "after": "after",
    "before": "before", "during": "between dates", "anniversary_within": "comes round within",
    "in_month": "in the month", "any_of": "has any of", "all_of": "has all of",
    "none_of": "has none of", "missing": "is missing", "known": "is known",
}  # fmt: skip
PATTERN = (
    "A regular expression, found anywhere in the text; capitals matter.  \n"
    "`^A` starts with A · `com$` ends with com · `[0-9]{4}` four digits · `red|blue` either · `.` any character · "
    "`\\.` a dot · `(?i)` at the start: capitals do not matter."
)
_MONTHS = {n: calendar.month_name[n] for n in range(1, 13)}
_MANY = 40
"""More chosen values than these are told, not shown one by one."""


def tested(part: Choices, store: Store, of: Of, kind: ColumnKind) -> None:
    """The test of a column, and the values it is held against."""
    known = [op for op in OPS[kind] if op != "missing"]
    if part.values.get("kind", kind) != kind:  # another column was chosen: its values are of another kind
        _forget(part, "op", "values", "value", "upper", "start", "end")
    part.values["kind"] = kind
    op = str(choose(part, "op", "Test", (*known, "known", "missing"), TESTS, width=150))
    if op in ("missing", "known"):
        return
    if kind == "number" and op not in ("is", "is_not"):
        number(part, "value" if op == "between" else "values", "Number", width=100)
        if op == "between":
            said("and")
            number(part, "upper", "Upper number", width=100)
    elif kind == "date":
        _date_values(part, op)
    elif op in ("is", "is_not", "any_of", "all_of", "none_of"):
        _values(part, store, of, kind)
    else:
        _text(part, pattern=op == "matches")


def _forget(part: Choices, *names: str) -> None:
    for name in names:
        part.values.pop(name, None)
        st.session_state.pop(key_of(part, name), None)
    for name in ("several", "text", "many"):
        st.session_state.pop(key_of(part, name), None)


def _date_values(part: Choices, op: str) -> None:
    if op in ("last_days", "next_days", "anniversary_within"):
        number(part, "values", "Days", whole=True, least=1, width=80)
        if op == "anniversary_within":
            st.markdown("days", width="content", help="Birthdays and other yearly days, counted from the data's end.")
    elif op == "in_month":
        if not isinstance(part.values.get("values"), list):
            part.values["values"] = []
        several(part, "values", "Months", tuple(_MONTHS), _MONTHS, width=260)
    elif op == "during":
        day(part, "start", "First day")
        said("to")
        day(part, "end", "Last day (included)")
    else:
        day(part, "values", "Day")


def _text(part: Choices, *, pattern: bool) -> None:
    current = part.values.get("values")
    part.values["values"] = st.text_input(
        "Text",
        current if isinstance(current, str) else "",
        key=key_of(part, "text"),
        label_visibility="collapsed",
        placeholder="pattern" if pattern else "text",
        width=200,
    )
    if pattern:
        st.markdown("", help=PATTERN, width="content")


def _values(part: Choices, store: Store, of: Of, kind: ColumnKind) -> None:
    """Values to choose from those that occur, to type in, or to paste."""
    current = part.values.get("values")
    chosen = current if isinstance(current, list) else []
    if len(chosen) > _MANY:
        first = ", ".join(shown(v) for v in chosen[:3])
        said(f"{fmt.count(len(chosen), 'value')}: {plain(first)}, …")
        st.button("Clear", key=key_of(part, "clear"), on_click=_put, args=(part, []), type="tertiary")
    else:
        found = ask(store, common_values, of, part.values["column"])
        words = {shown(v.value): _counted(v, of) for v in found}
        texts = [shown(v) for v in chosen]
        picked = st.multiselect(
            "Values",
            [*words, *(v for v in texts if v not in words)],
            texts,
            format_func=lambda option: words.get(option, option),
            key=key_of(part, "several"),
            label_visibility="collapsed",
            placeholder="choose or type" if kind != "boolean" else "choose",
            accept_new_options=kind != "boolean",
            width=300,
        )
        part.values["values"] = [v for v in (_typed(text, kind) for text in picked) if v is not None]
    if kind != "boolean":
        _paste(part, kind)


def _paste(part: Choices, kind: ColumnKind) -> None:
    with st.popover("Paste a list", type="tertiary", key=key_of(part, "paste")):
        st.text_area(
            "Values, one a line or with commas between",
            key=key_of(part, "many"),
            height=140,
            placeholder="A column copied from a spreadsheet",
        )
        st.button("Add them", key=key_of(part, "add_many"), on_click=_add_many, args=(part, kind))
        lost = part.values.pop("lost", None)
        if lost:
            st.markdown(f":orange[Left out, not numbers: {plain(lost)}]")


def _add_many(part: Choices, kind: ColumnKind) -> None:
    """Callback: what was pasted joins what is chosen, each value once."""
    texts = pasted(st.session_state.get(key_of(part, "many")) or "")
    typed = [(text, _typed(text, kind)) for text in texts]
    lost = [text for text, value in typed if value is None]
    if lost:
        part.values["lost"] = ", ".join(lost[:5]) + (f" and {len(lost) - 5:,} more" if len(lost) > 5 else "")
    current = part.values.get("values")
    before = current if isinstance(current, list) else []
    _put(part, [*dict.fromkeys([*before, *(value for _, value in typed if value is not None)])])
    st.session_state[key_of(part, "many")] = ""


def _put(part: Choices, values: list[Any]) -> None:
    """Make these the chosen values, in the draft and in the list that shows them."""
    part.values["values"] = values
    st.session_state.pop(key_of(part, "several"), None)
    if len(values) <= _MANY:
        st.session_state[key_of(part, "several")] = [shown(v) for v in values]


def pasted(text: str) -> list[str]:
    """The values in a pasted text, each once: one a line, or in one line parted by tabs, commas or semicolons.

    Quotes hold a value with a comma together; in several lines a comma at the end of a line is dropped.

    >>> pasted("France\\nCôte d'Ivoire,\\n\\nFrance"), pasted('a, "b, c"; d')
    (['France', "Côte d'Ivoire"], ['a', 'b, c; d'])
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) == 1:
        mark = next((m for m in "\t,;" if m in lines[0]), ",")
        lines = next(csv.reader(lines, delimiter=mark, skipinitialspace=True), [])
    else:
        lines = [line.rstrip(",;") for line in lines]
    bare = [line.strip() for line in lines]
    unquoted = [v[1:-1].replace('""', '"') if len(v) > 1 and v[0] == v[-1] == '"' else v for v in bare]
    return [*dict.fromkeys(value for value in unquoted if value)]


def _typed(text: str, kind: ColumnKind) -> Any:
    if kind == "boolean":
        return text == "true"
    if kind != "number":
        return text
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None


def shown(value: object) -> str:
    """A value as the list of values shows it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def _counted(value: Value, of: Of) -> str:
    return f"{shown(value.value)}  ({value.rows:,} {of}{'' if value.rows == 1 else 's'})"
