"""The mapping of a group of files: what each column means, with the evidence, each of it to be corrected."""

from __future__ import annotations

import re
from dataclasses import replace

import streamlit as st

from core.errors import Refusal
from core.ingest import (
    ROLES,
    ColumnMap,
    Corrections,
    Evidence,
    Mapping,
    Override,
    Repeats,
    Role,
    Source,
    Type,
    remap,
    value_counts,
)
from core.store import EVENTS, NAMES, Store, known_event
from pages._ui import data_words as words
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.data_columns import along, parts_of, pseudonym_of, zone_of
from pages._ui.data_joining import overlap_of
from pages._ui.draft import Group
from pages._ui.text import label, plain

_PLAIN = {word.name: word.plain for word in EVENTS}
_MOST_VALUES = 40
_COLUMNS = "Only what the columns of ratings and counts say"


def mapping_of(store: Store, group: Group) -> Mapping:
    """Draw the mapping of a group, as proposed and since corrected; what it says now."""
    proposed = group.lead.proposal.mapping
    _disagreement(group)
    columns = _columns(store, group)
    mapping = replace(proposed, columns=tuple(columns))
    if mapping.kind != "events":
        return replace(mapping, repeats=_repeats(group, proposed.repeats))
    with st.container(border=True, key=f"{group.token}-events"):
        mapping = _events(store, group, mapping)
        mapping = along(zone_of(mapping, group.token), group.token)
        mapping = replace(mapping, returns=_returns(group, mapping))
        return overlap_of(store, group, replace(mapping, repeats=_repeats(group, proposed.repeats)))


# ---- columns


def _columns(store: Store, group: Group) -> list[ColumnMap]:
    unsure = sum(not e.sure for e in group.lead.proposal.evidence)
    if unsure:
        st.warning(f"Please check {fmt.count(unsure, 'column')} marked **check**: the file alone does not settle it.")
    mapped = {c.column: c for c in group.lead.proposal.mapping.columns}
    out = []
    for k, evidence in enumerate(group.lead.proposal.evidence):
        proposed = mapped.get(evidence.column, ColumnMap(evidence.column, "ignore"))
        left, right = st.columns((3, 8), vertical_alignment="top")
        with left:
            mark = "" if evidence.sure else " :orange-badge[check]"
            mark += f" :violet-badge[personal: {evidence.personal}]" if evidence.personal else ""
            st.markdown(f"**{plain(evidence.column)}**{mark}  \n:small[{_examples(evidence)}]")
        with right:
            meaning, reading = st.columns(2, vertical_alignment="center")
            with meaning:
                role = _role(group, k, proposed)
            column = replace(proposed, role=role)
            with reading:
                if role == "time" and not column.time_format:
                    with st.spinner("Looking how it is written"):
                        column = replace(column, time_format=ask(store, _best_time, group.lead.source, column.column))
                column = _details(group, k, column)
                out.append(pseudonym_of(column, evidence, f"{group.token}-{k}-{role}"))
            st.caption(_why(group, evidence, asked=role == proposed.role))
    return out


def _examples(evidence: Evidence) -> str:
    shown = [plain(e if len(e) <= 20 else e[:19] + "…") for e in evidence.examples[:3]]
    shown = [e.replace("@", "@\u2060") for e in shown]  # an invisible joint: else addresses become links to write to
    return ", ".join(shown) or ("empty in the first rows" if evidence.filled else "empty in every row")


def _why(group: Group, evidence: Evidence, *, asked: bool) -> str:
    if asked:
        return plain(evidence.why[:1].upper() + evidence.why[1:])
    rows = group.lead.source.rows
    filled = "every row" if evidence.filled == rows else f"{evidence.filled:,} of {fmt.count(rows, 'row')}"
    return f"Changed by you. {fmt.count(evidence.distinct, 'different value')} in {filled}"


def _role(group: Group, k: int, column: ColumnMap) -> Role:
    options = list(ROLES[group.kind])
    if column.role not in options:
        options.append(column.role)
    return st.selectbox(
        f"What {label(column.column)} means",
        options,
        index=options.index(column.role),
        format_func=lambda role: words.role_word(role, group.kind),
        key=f"{group.token}-role-{k}",
        label_visibility="collapsed",
    )


def _best_time(store: Store, source: Source, column: str) -> str | None:
    """The format that reads most values of a column that was not taken for a time; None where none reads any."""
    said = Corrections((Override(column, "time"),))
    try:
        found = remap(store, source, Mapping("events", (ColumnMap(column, "ignore"),)), said).column("time")
    except Refusal:
        return None
    return found.time_format if found else None


def _details(group: Group, k: int, column: ColumnMap) -> ColumnMap:
    key, role = f"{group.token}-{k}-{column.role}", column.role
    if role == "time":
        return replace(column, time_format=_time_format(column, key))
    if role in ("context", "attribute"):
        kind: Type = st.selectbox(
            f"How {label(column.column)} is read",
            list(words.TYPES),
            index=list(words.TYPES).index(column.type),
            format_func=words.TYPES.__getitem__,
            key=f"{key}-type",
            label_visibility="collapsed",
        )
        column = replace(column, type=kind)
        return replace(column, time_format=_time_format(column, key)) if kind == "date" else column
    if role == "count":
        options = list(dict.fromkeys([*([column.event] if column.event else []), *NAMES]))
        event = _word(column, options, f"{key}-event", f"What {label(column.column)} counts", "Which event?")
        return replace(column, event=_spelt(event) if event else None)
    if role == "consent":
        options = list(dict.fromkeys([*([column.event] if column.event else []), *words.CHANNELS]))
        event = _word(column, options, f"{key}-channel", f"Channel of {label(column.column)}", "Which channel?")
        return replace(column, event=event)
    if role == "item" and group.kind == "events":
        return parts_of(replace(column, event=None), key)
    several = role == "category" and column.type == "list"
    st.caption("Read as a list (a|b|c)" if several else words.READ_AS.get(role, ""))
    return replace(column, event=None)


def _word(column: ColumnMap, options: list[str], key: str, label: str, placeholder: str) -> str | None:
    return st.selectbox(
        label,
        options,
        index=options.index(column.event) if column.event in options else None,
        format_func=lambda word: _PLAIN.get(word, word),
        key=key,
        label_visibility="collapsed",
        placeholder=placeholder,
        accept_new_options=True,
    )


def _time_format(column: ColumnMap, key: str) -> str | None:
    own = [column.time_format] if column.time_format else []
    options = list(dict.fromkeys([*own, *words.TIME_FORMATS]))
    return st.selectbox(
        f"How the times of {label(column.column)} are written",
        options,
        index=0 if own else None,
        format_func=words.time_word,
        key=f"{key}-time",
        label_visibility="collapsed",
        placeholder="How is it written?",
        accept_new_options=True,
        help="Not in the list? Type a pattern such as %Y/%m/%d %H:%M:%S.",
    )


def _disagreement(group: Group) -> None:
    """Say so where files that share a mapping would, each alone, have been read differently."""
    lead = {c.column: (c.role, c.type, c.time_format) for c in group.lead.proposal.mapping.columns}
    other: dict[str, list[str]] = {}
    for file in group.files:
        for column in file.proposal.mapping.columns:
            if lead.get(column.column) != (column.role, column.type, column.time_format):
                other.setdefault(column.column, []).append(file.source.name)
    for name, files in other.items():
        st.warning(
            f"{plain(name)} looks different in {plain(', '.join(files))}. All {len(group.files)} files are read as "
            f"{plain(group.lead.source.name)} is; take a file out if that is wrong for it."
        )


# ---- events, returns, repeats


def _events(store: Store, group: Group, mapping: Mapping) -> Mapping:
    column = mapping.column("event")
    if column is not None:
        return replace(mapping, event=None, events=_event_values(store, group, column))
    proposed = group.lead.proposal.mapping.event
    counted = any(c.role in ("rating", "count") for c in mapping.columns)
    options = [*([_COLUMNS] if counted else []), *NAMES]
    shown = proposed or (_COLUMNS if counted else None)
    event = st.selectbox(
        "What does each row record?",
        options,
        index=options.index(shown) if shown in options else None,
        format_func=lambda word: _PLAIN.get(word, word),
        key=f"{group.token}-event-{counted}",
        placeholder="Choose: a view, a purchase, ...",
        accept_new_options=True,
        help="No column says what happened, so one answer holds for every row.",
    )
    return replace(mapping, event=None if event in (None, _COLUMNS) else _spelt(event), events={})


def _spelt(word: str) -> str:
    """An event word that a person chose or typed, as it is stored."""
    return known_event(word) or word.strip().lower()


def _event_values(store: Store, group: Group, column: ColumnMap) -> dict[str, str]:
    """Value of the event column -> word, drawn as one menu a value, the commonest first."""
    st.markdown("**What happened, in the file's words and in Limelight's**")
    proposed = group.lead.proposal.mapping.events
    counts: dict[str, int] = {}
    for file in group.files:
        for value, rows in ask(store, value_counts, file.source, column.column):
            counts[value] = counts.get(value, 0) + rows
    values = sorted(counts, key=lambda value: (-counts[value], value))
    out = {}
    places = st.columns(3)
    for k, value in enumerate(values[:_MOST_VALUES]):
        kept = proposed.get(value) or known_event(value) or value.lower()
        with places[k % 3]:
            word = st.selectbox(
                f"{label(value)} ({fmt.count(counts[value], 'row')})",
                list(dict.fromkeys([kept, *NAMES, value.lower()])),
                index=0,
                format_func=_value_word,
                key=f"{group.token}-value-{column.column}-{k}",
                accept_new_options=True,
            )
        out[value] = _spelt(word or kept)
    if len(values) > _MOST_VALUES:
        st.caption(f"The rarer values of this column are kept as they are: {len(values) - _MOST_VALUES} or more.")
    return out


def _value_word(word: str) -> str:
    return _PLAIN.get(word, f"Keep as “{word}”")


def _returns(group: Group, mapping: Mapping) -> str:
    proposed = group.lead.proposal.mapping.returns
    amounts = [c.column for c in mapping.columns if c.role in ("quantity", "value", "price")]
    order = mapping.column("order")
    if not amounts and order is None:
        return proposed
    rules = ["negative", "pattern", "none"] if order else ["negative", "none"]
    names = {
        "negative": "Rows below zero: a negative quantity, or value where there is no quantity",
        "pattern": f"Orders whose number in {plain(order.column) if order else ''} begins with ...",
        "none": "None: nothing in this file is a return",
    }
    rule = st.radio(
        "Which purchases are returns?",
        rules,
        index=rules.index(proposed.partition(":")[0]) if proposed.partition(":")[0] in rules else 0,
        format_func=names.__getitem__,
        key=f"{group.token}-returns",
        help="A return is an event of its own. Revenue and units are shown net of returns; what was wholly returned "
        "does not count as bought.",
    )
    if rule != "pattern":
        return rule
    start = proposed.partition(":")[2].removeprefix("^") or "C"
    text = st.text_input(
        "Order numbers of returns begin with", start, key=f"{group.token}-returns-text", max_chars=200, width=320
    )
    typed = text.strip()
    return f"pattern:^{typed if typed == start else re.escape(typed)}" if typed else "pattern:"


def _repeats(group: Group, proposed: Repeats) -> Repeats:
    choices: dict[Repeats, str] = {
        "keep": "Keep them: two equal lines can be two real events",
        "drop": "Leave out all but the first: the file holds lines twice by mistake",
    }
    return st.radio(
        "Rows that repeat another row exactly, in every column",
        list(choices),
        index=list(choices).index(proposed),
        format_func=choices.__getitem__,
        key=f"{group.token}-repeats",
        help="Either way the report says how many there were.",
    )
