"""Features, the table itself and what its columns mean."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from core.features import FAMILIES, FeatureColumn, FeatureTable, first_rows, missing_shares
from core.store import Store
from pages._ui import format as fmt
from pages._ui.features_ask import Asked, said
from pages._ui.text import plain

_ROWS = 100
_BY_ID = "their id"


def families(table: FeatureTable) -> dict[str, list[FeatureColumn]]:
    """Family -> its columns, in the order of the table."""
    found: dict[str, list[FeatureColumn]] = {}
    for column in table.columns:
        found.setdefault(column.family, []).append(column)
    return found


def kind(column: FeatureColumn) -> str:
    """Family, type and unit in one line: "recency · number · days"."""
    unit = column.unit if column.unit else None
    return " · ".join(part for part in (column.family, _TYPES[column.type], unit) if part)


_TYPES = {"number": "number", "category": "one of several words", "boolean": "yes or no"}


def table(store: Store, asked: Asked, made: FeatureTable) -> None:
    """The first rows, by id or by a feature."""
    of = families(made)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        names = [_BY_ID, *(column.name for column in made.columns)]
        if st.session_state.get("sort_by") not in names:
            st.session_state.pop("sort_by", None)
        by = st.selectbox("Sorted by", names, key="sort_by", bind="query-params", width=280)
        order = st.segmented_control(
            "First come", ("Highest", "Lowest"), default="Highest", required=True, key="first", bind="query-params",
            disabled=by == _BY_ID,
        )  # fmt: skip
        shown = st.pills(
            "Only the family",
            list(of),
            key=f"family_{made.spec.table}",
            bind="query-params",
            format_func=lambda name: f"{name} {len(of[name])}",
            wrap=True,
        )
    feature = None if by in (None, _BY_ID) else by
    rows = first_rows(
        made, feature, rising=order == "Lowest", most=_ROWS, families=(shown,) if shown in of else ()
    ).to_pandas()
    rows = rows.round({c.name: _digits(c) for c in made.columns if c.type == "number" and c.name in rows})
    marks = {column.name for column in made.columns if column.name.endswith(("_missing", "_filled"))}
    st.dataframe(
        _marked(rows, marks),
        hide_index=True,
        height=430,
        placeholder=fmt.NONE,
        column_config={
            rows.columns[0]: st.column_config.TextColumn(asked.one.capitalize(), pinned=True, width="small"),
            **{c.name: _column(c, made, rows, pinned=c.name == feature) for c in made.columns if c.name in rows},
        },
    )
    total = made.rows().num_rows
    which = f"The first {fmt.number(len(rows))} of {fmt.number(total)} {made.spec.table}"
    if len(rows) == total:
        which = f"All {fmt.count(total, asked.one)}"
    how = "by their id" if feature is None else f"by {feature}, {str(order).lower()} first"
    filled = " Shaded values were filled in; the column that marks them stands beside theirs." if marks else ""
    st.caption(
        plain(f"{which}, {how}. {fmt.NONE} means: no value.{filled}")
        + " A column's heading says its family and definition when you point at it; all stand under **What they mean**."
    )


def _column(column: FeatureColumn, made: FeatureTable, rows: pd.DataFrame, *, pinned: bool) -> Any:
    help_ = f"**{kind(column)}**\n\n{plain(said(column.definition, made.spec.as_of))}"
    if column.missing_meaning:
        help_ += f"\n\n{fmt.NONE}: {plain(said(column.missing_meaning, made.spec.as_of))}"
    pin = pinned or None
    if column.type == "boolean":
        return st.column_config.CheckboxColumn(column.name, help=help_, pinned=pin)
    if column.type == "category":
        return st.column_config.TextColumn(column.name, help=help_, pinned=pin)
    values = rows[column.name].dropna()
    year = (
        column.unit.startswith("unit of")
        and len(values)
        and bool(((values % 1 == 0) & values.between(1000, 2999)).all())
    )
    return st.column_config.NumberColumn(column.name, help=help_, pinned=pin, format="%d" if year else "localized")


def _digits(column: FeatureColumn) -> int:
    """As many as a reader can use; the files hold all of them."""
    return {"days": 1, "money": 2, "hours": 1}.get(column.unit, 3)


def _marked(rows: pd.DataFrame, marks: set[str]) -> Any:
    """The rows with those values shaded that a column NAME_missing or NAME_filled marks as put in."""
    pairs = [(mark.rpartition("_")[0], mark) for mark in marks if mark in rows and mark.rpartition("_")[0] in rows]
    if not pairs:
        return rows
    styles = pd.DataFrame("", index=rows.index, columns=rows.columns)
    for name, mark in pairs:
        styles.loc[rows[mark].fillna(False).astype(bool), name] = "background-color: rgba(201, 143, 0, 0.22)"
    return rows.style.apply(lambda _: styles, axis=None)


def definitions(store: Store, asked: Asked, made: FeatureTable) -> None:
    """Each column in words, family by family."""
    wanted = st.text_input(
        "Find a feature", key="find_feature", bind="query-params", placeholder="orders, night, missing …", width=320
    )
    words = (wanted or "").casefold().split()
    shares = missing_shares(made)
    of = {
        family: fitting
        for family, columns in families(made).items()
        if (fitting := [c for c in columns if all(word in _text(c) for word in words)])
    }
    if not of:
        st.info(plain(f"No feature has “{wanted}” in its name, family or definition."))
        return
    found = sum(len(columns) for columns in of.values())
    many = made.spec.table
    st.caption(
        f"{fmt.count(found, 'feature')}. “Missing” is the share of the {fmt.number(made.rows().num_rows)} {many} that "
        "have no value, and what that means."
    )
    for family, columns in of.items():
        with st.expander(f"**{family.capitalize()}** ({len(columns)}): {FAMILIES[many][family]}", expanded=bool(words)):
            st.table(
                pd.DataFrame(
                    {
                        "Feature": [f"**{plain(c.name)}**" for c in columns],
                        "Type, unit": [plain(kind(c).partition(" · ")[2]) for c in columns],
                        "Definition": [plain(said(c.definition, made.spec.as_of)) for c in columns],
                        "Missing": [_gap(said(c.missing_meaning, made.spec.as_of), shares[c.name]) for c in columns],
                    }
                ),
                hide_index=True,
            )


def _gap(meaning: str, share: float) -> str:
    return f"**{fmt.percent(share)}** {plain(meaning)}" if share else "none"


def _text(column: FeatureColumn) -> str:
    return f"{column.name} {kind(column)} {column.definition} {column.missing_meaning}".casefold()
