"""Features, one of them: how its values are spread, and whose they are."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pyarrow as pa
import streamlit as st

from core.features import Distribution, FeatureTable, distribution, ids_between, ids_with, ids_without, values_of
from core.figures import distribution_figure
from core.segments import Compare, Did, Ever, Last, Rule, count
from core.store import Store, write_rows
from pages._ui import format as fmt
from pages._ui import state
from pages._ui.cache import ask
from pages._ui.downloads import csv_button
from pages._ui.features_ask import Asked, said
from pages._ui.features_table import kind
from pages._ui.segments_members import VIEW, VIEWS, set_draft
from pages._ui.text import plain

_YES = {"true": "Yes", "false": "No"}
_COUNTED = {"orders": "purchase", "views": "view", "carts": "cart", "events": "*", "active_days": "*"}
_NAME = re.compile(r"(orders|views|carts|events|active_days)_(all|(\d+)d)")


@dataclass(frozen=True)
class Part:
    """Some of the rows: ids, who they are (the rest of "users ..."), and the rule that says the same, if any does."""

    ids: pa.Array
    words: str
    rule: Rule | None = None


def draw(store: Store, asked: Asked, table: FeatureTable) -> None:
    """Choose a feature; its distribution; a part of the rows."""
    names = [column.name for column in table.columns]
    if st.session_state.get("feature") not in names:
        st.session_state.pop("feature", None)
    name = st.selectbox("Feature", names, index=_first(names), key="feature", bind="query-params", width=420)
    found = distribution(table, name)
    column = replace(found.column, definition=said(found.column.definition, table.spec.as_of))
    found = replace(found, column=column)
    st.markdown(f"{plain(column.definition)} :small[({plain(kind(column))})]")
    if found.known < found.rows:
        left = found.rows - found.known
        st.caption(
            plain(
                f"{fmt.number(left)} of {fmt.number(found.rows)} {table.spec.table} "
                f"({fmt.percent(left / found.rows)}) have no value. {said(column.missing_meaning, table.spec.as_of)}"
            )
        )
    if not found.known:
        st.info("Nobody has a value of it. Choose another feature, or load the columns that it is made of.")
        return
    if found.quartiles:
        _quartiles(found)
    st.plotly_chart(
        distribution_figure(found, table.spec.table),
        theme="streamlit",
        key="fig_feature",
        config={"displayModeBar": False},
        alt=f"How many {table.spec.table} have which value; the quartiles stand above.",
    )
    if found.above:
        st.caption(
            f"The last bar, in grey, holds the {fmt.count(found.above, asked.one)} above {_number(found.edges[-1])}, "
            f"up to {_number(found.quartiles[-1])}."
        )
    _part(store, asked, table, found)


def _first(names: list[str]) -> int:
    """What is shown first: orders or buyers, which everyone knows."""
    known = [n for n, name in enumerate(names) if name in ("orders_all", "buyers_all")]
    return known[0] if known else 0


def _quartiles(found: Distribution) -> None:
    labels = (
        "Lowest",
        "¼ have at most",
        "Half have at most",
        "¾ have at most",
        "Highest",
    )
    with st.container(horizontal=True, gap="small"):
        for text, value in zip(labels, found.quartiles, strict=True):
            with st.container(width=160):
                st.metric(text, _number(value))
    st.caption(f"Mean {_number(found.mean)}. The dashed lines of the figure are at ¼, ½ and ¾ of those with a value.")


def _number(value: float | None) -> str:
    if value is None:
        return fmt.NONE
    return fmt.number(value, 0 if value == round(value) or abs(value) >= 1000 else 2 if abs(value) >= 1 else 3)


def _part(store: Store, asked: Asked, table: FeatureTable, found: Distribution) -> None:
    """Choose some of the rows by their value: how many, their file, and the segment where a rule can say it."""
    st.markdown(f"**Whose values are they?** Choose some of the {table.spec.table}.")
    chosen = _chosen(asked, table, found)
    if chosen is None:
        return
    number = len(chosen.ids)
    st.markdown(f"**{fmt.count(number, asked.one)}** {plain(chosen.words)}")
    with st.container(horizontal=True):
        csv_button(
            f"CSV of {fmt.count(number, asked.one)}",
            partial(_write, table.rows().column_names[0], chosen.ids),
            _file(asked, chosen.words),
            "feature_ids",
            rows=number,
            disabled=not number,
            help="Their ids, one in each line.",
        )
        rule = chosen.rule if number else None
        if (
            rule is not None
            and ask(store, count, rule) == number
            and st.button("Make it a segment", key="feature_rule")
        ):
            set_draft(store, rule)
            kept = {state.WS: state.workspace() or "", VIEW: VIEWS[1]}
            st.switch_page(state.page_path("segments"), query_params=kept)


def _chosen(asked: Asked, table: FeatureTable, found: Distribution) -> Part | None:
    name, empty = found.column.name, "without a value"
    if found.column.type != "number":
        names = values_of(table, name)
        shown = _YES if found.column.type == "boolean" else {}
        options = [*names, empty] if found.known < found.rows and empty not in names else names
        picked = st.multiselect(
            "With one of these", options, names[:1], key=f"part_{table.spec.table}_{name}",
            format_func=lambda value: shown.get(value, value), width=420,
        )  # fmt: skip
        if picked == [empty]:
            return Part(ids_without(table, name), f"without a value of {name}")
        words = " or ".join(shown.get(value, value) for value in picked if value != empty)
        return Part(ids_with(table, name, [v for v in picked if v != empty]), f"with {name} {words}") if words else None
    low, high = found.quartiles[3], found.quartiles[4]
    step = 1.0 if found.column.unit in ("events", "orders", "days") or found.whole else None
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        key = f"part_{table.spec.table}_{name}"
        least = st.number_input("From", value=low, key=f"{key}_low", width=170, step=step, format="%.6g")
        most = st.number_input("To (included)", value=high, key=f"{key}_high", width=170, step=step, format="%.6g")
    between = f"with {name} from {_number(least)} to {_number(most)}"
    return Part(ids_between(table, name, least, most), between, _rule(asked, name, least, most))


def _rule(asked: Asked, name: str, low: float, high: float) -> Rule | None:
    """The rule that chooses the same users, at the end of the data; None where no rule says it.

    Zero is left out: the table may leave out users without events, a rule does not.
    """
    match = _NAME.fullmatch(name)
    spec = asked.spec
    if spec.table != "users" or spec.as_of is not None or spec.missing != "leave" or not match or low < 1:
        return None
    compare = Compare("between", low, high)
    window = Last(int(match[3])) if match[3] else Ever()
    measure = {"orders": None, "active_days": "days"}.get(match[1], "events")
    return Did(_COUNTED[match[1]], "days" if measure == "days" else None, compare, window)


def _write(head: str, ids: pa.Array, path: Path) -> None:
    write_rows([head], ([value] for value in ids.to_pylist()), path)


def _file(asked: Asked, words: str) -> str:
    """A file name that is one everywhere."""
    return re.sub(r"[^A-Za-z0-9]+", "-", f"{asked.spec.table} {words}").strip("-").lower()[:80] + ".csv"
