"""The conditions on what users are, are worth, and belong to."""

from __future__ import annotations

import streamlit as st

from core.segments import DEFAULT_GRID, Grid, Rfm, RfmSettings, Schema
from pages._ui import rule_builder_fields as fields
from pages._ui.rule_builder_draft import CUTS
from pages._ui.rule_builder_fields import Bench, key_of, negation, said, several
from pages._ui.rule_builder_parts import Condition
from pages._ui.rule_builder_values import tested
from pages._ui.text import plain

CLASSES = {"A": "A", "B": "B", "C": "C"}
STAGES = {stage: stage for stage in ("new", "active", "loyal", "returned", "slipping", "lost")}
SCORES = {5: "fifths (1 to 5)", 4: "quarters (1 to 4)", 3: "thirds (1 to 3)"}
MONETARY = {
    "apart": "shown beside, not in the names", "with_frequency": "averaged with frequency", "none": "not scored",
}  # fmt: skip
_CUT_LABELS = {"recency": "Recency, days", "frequency": "Frequency, orders", "money": "Money"}
_THRESHOLDS = {
    "new_within": "New: days since the first order",
    "loyal_orders": "Loyal: orders from",
    "slipping_after": "Slipping: days after the last order",
    "lost_after": "Lost: days after the last order",
}
_KINDS = {"clusters": "clusters", "lookalike": "look-alikes", "list": "list", "frozen": "frozen members"}


def prop(condition: Condition, bench: Bench) -> None:
    """A column of the users file."""
    negation(condition, "where", "not where")
    columns = sorted(bench.schema.user, key=lambda name: name == "user_id")  # the id last: it is seldom asked about
    column = fields.choose(condition, "column", "Column", columns, width=170)
    if column is not None and column in bench.schema.user:
        tested(condition, bench.store, "user", bench.schema.user[column])


def sample(condition: Condition, _: Bench) -> None:
    """A fixed random share."""
    negation(condition, "are in", "are not in")
    said("a fixed random share of")
    fields.number(condition, "percent", "Per cent", least=0, width=80)
    said("%, draw")
    condition.values["salt"] = st.text_input(
        "Name of the draw",
        condition.values.get("salt") or "",
        key=f"rb_{condition.uid}_salt",
        label_visibility="collapsed",
        placeholder="name of the draw",
        help="Another name draws other users; the same name always the same.",
        width=180,
    )


def segment(condition: Condition, bench: Bench) -> None:
    """A saved segment."""
    negation(condition, "are in", "are not in")
    fields.choose(condition, "name", "Saved segment", tuple(s.name for s in bench.schema.segments.values()), width=260)


def group(condition: Condition, bench: Bench) -> None:
    """A kept group, some of its parts, or the closest of it."""
    negation(condition, "are in", "are not in")
    groups = {g.name: g for g in bench.schema.groups.values()}
    if not groups and not condition.values.get("name"):
        said(
            ":gray[No group has been kept yet: make clusters or look-alikes, load a list of ids, or freeze a segment.]"
        )
        return
    words = {name: f"{name} ({_KINDS.get(g.kind, g.kind)})" for name, g in groups.items()}
    name = fields.choose(condition, "name", "Group", tuple(groups), words, width=300)
    if condition.values.get("of", name) != name:  # another group: its parts are others
        condition.values |= {"parts": []}
        st.session_state.pop(key_of(condition, "parts"), None)
    condition.values["of"] = name
    found = bench.schema.groups.get(str(name).casefold())
    if found and (found.parts or condition.values.get("parts")):
        said("part")
        several(condition, "parts", "Parts (none chosen: all)", tuple(found.parts), found.parts, width=280)
    ranked = (found and found.kind == "lookalike") or condition.values.get("limited")
    if ranked and fields.ticked(condition, "limited", "only the closest"):
        fields.number(condition, "closest", "How many of the closest", whole=True, least=1, width=100)
    if found and found.words:
        st.markdown("", help=plain(found.words), width="content")


def rfm(condition: Condition, _: Bench) -> None:
    """RFM segments or cells, by scores that can be set."""
    negation(condition, "are", "are not")
    v = condition.values
    scores = int(st.session_state.get(key_of(condition, "scores")) or v.get("scores") or 5)  # drawn further down
    grid = v.get("grid") or DEFAULT_GRID
    if grid.size != scores:  # names fit one size: those of another go
        v["grid"], grid = DEFAULT_GRID, _usual(scores)
        v["groups"] = [g for g in v.get("groups") or [] if g in (*grid.all_cells(), *grid.names)]
        st.session_state.pop(key_of(condition, "groups"), None)
    several(condition, "groups", "RFM segments", grid.distinct(), {}, width=360)
    own = any(v.get(name) for name in CUTS)
    with st.popover(f"Scores: {'own cuts' if own else SCORES[scores].split(' ')[0]}", type="tertiary"):
        fields.labelled_choice(condition, "scores", "Each score holds", tuple(SCORES), SCORES)
        fields.labelled_choice(condition, "monetary", "Money is", tuple(MONETARY), MONETARY)
        st.caption(f"Own cuts, rising, {scores - 1} numbers each; empty: equal parts.")
        for name, label in _CUT_LABELS.items():
            fields.line(condition, name, label, placeholder={"recency": "30, 90, 180, 365"}.get(name, ""))
        if v.get("grid") not in (None, DEFAULT_GRID) and grid != _usual(scores):
            st.caption("The cells have names of your own, as set in the view RFM.")


def _usual(scores: int) -> Grid:
    """The usual names of a grid with so many scores each way."""
    return Rfm((f"{scores}{scores}",), settings=RfmSettings(scores)).grid


def abc(condition: Condition, bench: Bench) -> None:
    """ABC classes of a measure."""
    negation(condition, "are in", "are not in")
    said("class")
    several(condition, "classes", "Classes", tuple(CLASSES), CLASSES, width=150)
    said("by")
    fields.event(condition, "event", bench.schema)
    fields.measure(condition, totals=True)
    fields.window(condition, bench.schema)
    a, b = (condition.values.get(name) for name in ("upto_a", "upto_b"))
    with st.popover(f"A to {a:g} %, B to {b:g} %" if a and b else "Cuts", type="tertiary"):
        fields.labelled_share(condition, "upto_a", "A: the first % of the total")
        fields.labelled_share(condition, "upto_b", "B: up to % of the total")


def loyalty(condition: Condition, _: Bench) -> None:
    """Stages of loyalty, by thresholds learned or set."""
    negation(condition, "are", "are not")
    several(condition, "stages", "Stages", tuple(STAGES), STAGES, width=320)
    own = any(condition.values.get(name) for name in _THRESHOLDS)
    with st.popover("Thresholds: own" if own else "Thresholds: learned from the data", type="tertiary"):
        st.caption("Empty: learned from the time that customers of these data take between orders.")
        for name, label in _THRESHOLDS.items():
            fields.labelled_number(condition, name, label)


def sql(condition: Condition, bench: Bench) -> None:
    """A SELECT of the analyst's own; its text stands below (`sql_text`)."""
    negation(condition, "are in", "are not in")
    said("the users that this SELECT names")
    with st.popover("Tables and columns", type="tertiary"):
        st.markdown(_tables(bench.schema))


def sql_text(condition: Condition) -> None:
    """The text of the SELECT, as wide as the condition."""
    v = condition.values
    v["sql"] = st.text_area(
        "SQL, counted when you click outside the box or press Ctrl+Enter",
        v.get("sql") or "",
        key=key_of(condition, "sql"),
        height=140,
        placeholder="One query that gives a column user_id, or user_no",
    )


def _tables(schema: Schema) -> str:
    lines = [
        f"- **{table}**: {', '.join(plain(name) for name, _ in columns)}" for table, columns in schema.types.items()
    ]
    words = ", ".join(map(plain, schema.words)) or "none"
    return "\n".join(lines) + (
        f"\n\nEvent words: {words}. Times are in UTC; events after the end of the data are not seen. "
        "Events name users by user\\_no, users have both user\\_no and user\\_id."
    )
