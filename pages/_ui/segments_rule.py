"""Segments, a rule: the builder, what it amounts to, and what can be done with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import streamlit as st

from core.errors import Refusal
from core.segments import (
    All,
    BadRule,
    Counts,
    Rule,
    Schema,
    Sql,
    compile_rule,
    describe,
    explain_counts,
    read_schema,
    rule_from_json,
    rule_to_text,
    saved_segments,
    walk,
)
from core.store import Store
from pages._ui import format as fmt
from pages._ui import rule_builder, segments_address
from pages._ui.cache import ask
from pages._ui.rule_builder_kinds import MISSING
from pages._ui.rule_builder_read import Reading, read
from pages._ui.segments_members import csv_of, draft, json_button, sample_table, save_form, set_draft, tell
from pages._ui.shell import refuse
from pages._ui.text import plain

_LAST = "_rule_last_count"


def draw(store: Store, as_of: datetime | None) -> None:
    """The whole view."""
    saved = saved_segments(store)
    schema = ask(store, read_schema, saved=saved)
    root = draft(store)
    head = st.container()
    bench = rule_builder.draw(root, store, schema)
    with st.expander("How missing values count"):
        st.markdown(MISSING)
    reading = read(root)
    if reading.rule is None:
        rule_builder.annotate(bench, reading, None)
        with head:
            _unfinished(store)
        return
    too_long = segments_address.show(store, reading.rule)
    try:
        counts = ask(store, explain_counts, reading.rule, as_of, saved)
    except Refusal as refusal:
        beside = _beside(refusal, reading, schema, as_of or store.as_of())
        rule_builder.annotate(bench, beside, None)
        with head:
            refuse(refusal)
        return
    rule_builder.annotate(bench, reading, counts)
    st.session_state[_LAST] = (str(store.path), counts.users)
    with head:
        _answer(counts, reading.rule, schema)
    with st.container(horizontal=True, vertical_alignment="center"):
        csv_of(store, reading.rule, as_of, "members", counts.users, "rule_csv")
        save_form(store, reading.rule, as_of, "", "rule_save")
        json_button(reading.rule, "rule", "rule_json")
        st.button("Start again", key="rule_clear", on_click=set_draft, args=(store, All()), type="tertiary")
    st.caption(_link(too_long))
    members = st.container()
    with st.expander("The rule as JSON"):
        _json(store, reading.rule)
    with st.expander("The rule as SQL"):
        query = compile_rule(reading.rule, schema, as_of or store.as_of())
        st.code(query.sql, language="sql", wrap_lines=True)
        st.caption("Values are passed beside the text, in the order of the question marks:")
        st.code("\n".join(map(repr, query.params)) or "none", language="text")
    with members:
        sample_table(store, reading.rule, as_of, counts.users)


def _unfinished(store: Store) -> None:
    path, users = st.session_state.get(_LAST, ("", 0))
    st.metric("Users", fmt.NONE)
    before = f" Before this change it held for {fmt.count(users, 'user')}." if path == str(store.path) else ""
    st.caption(f"The rule is unfinished: the condition marked below needs something.{before}")


def _beside(refusal: Refusal, reading: Reading, schema: Schema, end: datetime | None) -> Reading:
    """The reading with the refusal beside the condition that it is about, where that can be told."""
    path = refusal.path if isinstance(refusal, BadRule) else None
    if path is None and reading.rule is not None:  # from the database, which knows no paths: only SQL is so refused
        path = next((at for at, r in walk(reading.rule) if isinstance(r, Sql) and _refused(r, schema, end)), None)
    uid = None if path is None else reading.at(path)
    said = refusal.problem if isinstance(refusal, BadRule) else refusal.message
    said = f"{said[:1].upper()}{said[1:].rstrip('.')}."
    return reading if uid is None else replace(reading, problems={uid: said})


def _refused(rule: Rule, schema: Schema, end: datetime | None) -> bool:
    try:
        compile_rule(rule, schema, end)
    except Refusal:
        return True
    return False


def _link(too_long: int | None) -> str:
    if too_long is None:
        return "The address of this page holds the rule: copy it, and it opens the same view for a colleague."
    return (
        f"The rule is too long for an address ({fmt.count(too_long, 'character')}, at most "
        f"{fmt.number(segments_address.LONGEST)}). To share it, save it as a segment and copy the address there, or "
        "send the rule as JSON."
    )


def _answer(counts: Counts, rule: Rule, schema: Schema) -> None:
    st.metric("Users", fmt.number(counts.users), help="Known users for whom the whole rule holds.")
    share = f"{fmt.percent(counts.share)} of {fmt.count(counts.of, 'known user')}"
    st.markdown(f"{plain(_sentence(describe(rule, schema)))}  \n:gray[{share}, counted in {counts.seconds:.2f} s]")


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
