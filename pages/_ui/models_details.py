"""A comparison in detail: all metrics as a table, each pair of models in words, and how it was judged."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd
import streamlit as st

from core.behaviour import contents
from core.evaluate import METRICS, Comparison, Difference, ModelScore, Run, ranked, surely
from core.figures.evaluate import METRIC_NAMES, amount, definition, way_name
from core.store import Store
from pages._ui import format as fmt
from pages._ui.cache import ask
from pages._ui.matrix_settings import matrix_words
from pages._ui.models_words import p_words, spec_title, split_words, when
from pages._ui.text import plain

FEW = 1000
"""Users judged below which every number of the table carries its interval."""


def card() -> st.delta_generator.DeltaGenerator:
    """The frame of one key figure; four stand side by side."""
    return st.container(border=True, gap="xxsmall", width=228, height="stretch")


def name_card(title: str, name: str, said: str) -> None:
    """A key figure that is a name: unlike a number it may take two lines."""
    with card():
        st.markdown(f":small[{title}]")
        st.markdown(f"#### {plain(name)}")
        st.caption(plain(said))


def metrics_table(found: Comparison) -> None:
    """One line a model, the best by NDCG first."""
    models, k = ranked(found), found.spec.k
    few = max((m.users for m in models), default=0) < FEW
    columns = {
        "Model": [way_name(m.label, m.spec) for m in models],
        **{METRIC_NAMES[metric]: [_cell(m, metric, few) for m in models] for metric in METRICS},
        METRIC_NAMES["coverage"]: [amount("coverage", m.coverage) for m in models],
        METRIC_NAMES["novelty"]: [amount("novelty", m.novelty) for m in models],
        "Fit": [fmt.duration(m.seconds_fit) for m in models],
        "Lists": [fmt.duration(m.seconds_score) for m in models],
    }
    helps = {METRIC_NAMES[metric]: definition(metric, k) for metric in (*METRICS, "coverage", "novelty")}
    helps |= {"Fit": "Time to learn from the data.", "Lists": "Time to make the lists of all users judged."}
    st.dataframe(
        pd.DataFrame(columns),
        hide_index=True,
        height="content",
        column_config={
            "Model": st.column_config.TextColumn(pinned=True),
            **{name: st.column_config.TextColumn(help=text, alignment="right") for name, text in helps.items()},
        },
    )
    said = "in brackets their 95 % intervals" if few else "their intervals are in the CSV and in the figure"
    one = found.split in ("leave-last-out", "random") or found.spec.candidates == "sampled"
    st.caption(
        f"All at lists of {k} items; {said}. Times are of this machine. "
        + ("One item a user was hidden, so that recall equals the hit rate, and MAP equals MRR." if one else "")
    )
    with st.expander("What the words mean"):
        st.markdown("\n".join(f"- {plain(definition(metric, k))}" for metric in (*METRICS, "coverage", "novelty")))


def _cell(model: ModelScore, metric: str, few: bool) -> str:
    value = model.metrics.get(metric)
    if value is None:
        return fmt.NONE
    shown = amount(metric, value.value)
    return f"{shown} ({amount(metric, value.low)} to {amount(metric, value.high)})" if few else shown


def differences(found: Comparison) -> None:
    """Every pair of models: by how much one is ahead, and whether that is sure."""
    names = {m.label: way_name(m.label, m.spec) for m in found.models}
    rows = found.differences
    if not rows:
        st.info("There is nothing to compare: fewer than two models could be fitted.")
        return
    table = pd.DataFrame(
        {
            "Model": [names[d.a] for d in rows],
            "Against": [names[d.b] for d in rows],
            "Ahead by": [f"{d.difference:+.4f}" for d in rows],
            "95 % interval": [f"{d.low:+.4f} to {d.high:+.4f}" for d in rows],
            "What it means": [_meaning(d) for d in rows],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        height="content" if len(rows) <= 15 else 560,
        column_config={
            "Ahead by": st.column_config.TextColumn(
                alignment="right", help=plain(f"Difference in NDCG@{found.spec.k}, mean over the same users.")
            ),
            "95 % interval": st.column_config.TextColumn(alignment="right", help="Of this pair alone."),
            "What it means": st.column_config.TextColumn(
                help="p: how often chance alone would make such a difference, corrected for the number of pairs (Holm)."
            ),
        },
    )
    st.caption(
        f"Differences in NDCG@{found.spec.k} over the same users, drawn again and again (paired bootstrap). “Surely "
        f"ahead” means p below 0.05 after Holm's correction for {fmt.count(len(rows), 'pair')}, so that many pairs do "
        "not make a winner by chance. “No difference can be shown” does not say that the two are equal."
    )


def _meaning(difference: Difference) -> str:
    said = "surely ahead" if surely(difference) else "no difference can be shown"
    return f"{said} ({p_words(difference.p_holm)})"


def how_judged(store: Store, run: Run, found: Comparison) -> None:
    """What was hidden, what was learnt from, and all it takes to repeat it."""
    facts, spec = found.facts, found.spec
    lines = [f"Made on **{when(run.created_at)}** with Limelight {run.limelight}: {split_words(found.split)}."]
    if facts.get("cut"):
        lines.append(f"Models saw what came before {_moment(facts['cut'])} UTC, and were judged on what came after.")
    lines.append(
        f"Models learnt from {fmt.count(facts.get('users_fit'), 'user')}, {fmt.count(facts.get('items_fit'), 'item')} "
        f"and {fmt.count(facts.get('pairs_fit'), 'pair')} of the two; they were judged on "
        f"{fmt.count(facts.get('users'), 'user')} with {fmt.count(facts.get('pairs_report'), 'hidden pair')}."
    )
    if facts.get("users_unknown") or facts.get("items_unknown"):
        lines.append(
            f"Left out of the judging, since no model could know them: {fmt.count(facts.get('users_unknown'), 'user')} "
            f"and {fmt.count(facts.get('items_unknown'), 'item')} that stand in the hidden part alone."
        )
    lines.append("How behaviour counted: " + matrix_words(spec.matrix, tuple(k.event for k in ask(store, contents))))
    most = "all users" if spec.most_users is None else f"at most {fmt.number(spec.most_users)} users"
    lines.append(f"Lists of {spec.k} items, seed {spec.seed}, {most} judged. Models: {_models(found)}.")
    if spec.candidates == "sampled":
        lines.append("Each list was made from 100 items, one of them right: figures come out far higher than in use.")
    if facts.get("until"):
        lines.append(f"Data up to {_moment(facts['until'])} UTC.")
    st.markdown("\n".join(f"- {line if '**' in line else plain(line)}" for line in lines))


def _models(found: Comparison) -> str:
    return "; ".join(spec_title(m.spec) for m in found.models)


def _moment(iso: str) -> str:
    """The last moment before the end of a half-open period."""
    return fmt.moment(datetime.fromisoformat(iso) - timedelta(microseconds=1))
