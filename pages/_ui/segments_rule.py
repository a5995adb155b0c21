"""Segments, a rule: the builder, what it amounts to, and what can be done with it."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from core.errors import Refusal
from core.segments import (
    All,
    Counts,
    Rule,
    compile_rule,
    describe,
    explain_counts,
    read_schema,
    rule_from_json,
    rule_to_text,
    saved_segments,
)
from core.store import Store
from pages._ui import format as fmt
from pages._ui import rule_builder
from pages._ui.cache import ask
from pages._ui.rule_builder_read import read
from pages._ui.segments_members import csv_of, draft, json_button, sample_table, save_form, set_draft, tell
from pages._ui.shell import refuse
from pages._ui.text import plain


def draw(store: Store, as_of: datetime | None) -> None:
    """The whole view."""
    saved = saved_segments(store)
    schema = ask(store, read_schema, saved=saved)
    root = draft(store)
    head = st.container()
    bench = rule_builder.draw(root, store, schema)
    reading = read(root)
    if reading.rule is None:
        rule_builder.annotate(bench, reading, None)
        with head:
            st.metric("Users", fmt.NONE)
            st.caption("The rule is unfinished: the condition marked below needs something.")
        return
    try:
        counts = ask(store, explain_counts, reading.rule, as_of, saved)
    except Refusal as refusal:
        rule_builder.annotate(bench, reading, None)
        with head:
            refuse(refusal)
        return
    rule_builder.annotate(bench, reading, counts)
    with head:
        _answer(counts, reading.rule)
    with st.container(horizontal=True):
        csv_of(store, reading.rule, as_of, "members", counts.users, "rule_csv")
        save_form(store, reading.rule, as_of, "", "rule_save")
        json_button(reading.rule, "rule", "rule_json")
        st.button("Start again", key="rule_clear", on_click=set_draft, args=(store, All()), type="tertiary")
    sample_table(store, reading.rule, as_of, counts.users)
    with st.expander("The rule as JSON"):
        _json(store, reading.rule)
    with st.expander("The rule as SQL"):
        query = compile_rule(reading.rule, schema, as_of or store.as_of())
        st.code(query.sql, language="sql", wrap_lines=True)
        st.caption("Values are passed beside the text, in the order of the question marks:")
        st.code("\n".join(map(repr, query.params)) or "none", language="text")


def _answer(counts: Counts, rule: Rule) -> None:
    st.metric("Users", fmt.number(counts.users), help="Known users for whom the whole rule holds.")
    share = f"{fmt.percent(counts.share)} of {fmt.count(counts.of, 'known user')}"
    st.markdown(f"{plain(_sentence(describe(rule)))}  \n:gray[{share}, counted in {counts.seconds:.2f} s]")


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:] + "."


def _json(store: Store, rule: Rule) -> None:
    text = rule_to_text(rule)
    st.code(text, language="json", height=360 if text.count("\n") > 16 else "content")
    text = st.text_area("Take a rule from JSON", key="rule_json_in", placeholder='{"did": "purchase"}', height=120)
    if st.button("Use it", key="rule_json_use", disabled=not text.strip()):
        try:
            wanted = rule_from_json(text)
        except Refusal as refusal:
            refuse(refusal)
            return
        tell("The rule has been taken over.")
        set_draft(store, wanted)
        st.rerun()
