"""What a comparison asks: which models with which parameters, how behaviour counts, and how they are judged."""

from __future__ import annotations

import streamlit as st

from core.evaluate import CompareSpec, Split
from core.recommend import USUAL, has
from core.recommend import spec as model_spec
from core.store import Store
from pages._ui import models_judging as judging
from pages._ui.cache import ask
from pages._ui.matrix_settings import matrix_read, matrix_settings
from pages._ui.models_choose import draw_models, read_models

__all__ = ["MOST_USERS", "draw", "draw_models", "read", "read_models", "usual"]

MOST_USERS = 20_000
"""Users judged at most where nothing else is said: with so many, chance hardly moves the result any more."""


def usual(store: Store) -> CompareSpec:
    """What is asked where nobody has chosen anything: the usual models with their usual parameters."""
    split: Split = "leave-last-out" if store.as_of() is not None else "random"
    return CompareSpec(
        tuple(model_spec(name) for name in USUAL),
        split=split,
        most_users=MOST_USERS,
        beyond=judging.cheap(ask(store, has), MOST_USERS),
        segments=("history",),
    )


def draw(store: Store, key: str, start: CompareSpec) -> None:
    """The settings, each group behind its own heading; `read` says what they come to."""
    with st.expander("Which models", icon=":material/model_training:", key=f"{key}_models_open"):
        draw_models(key, start.models, always=("popular",), has=ask(store, has))
    with st.expander("How behaviour counts", icon=":material/tune:", key=f"{key}_counts_open"):
        matrix_settings(store, f"{key}_x", start.matrix)
    with st.expander("How they are judged", icon=":material/balance:", key=f"{key}_judged_open"):
        judging.draw(store, key, start)


def read(store: Store, key: str, start: CompareSpec) -> CompareSpec:
    """The question that the fields say. Raises Refusal `bad_comparison`, `bad_matrix`, `bad_parameter`, `bad_parts`."""
    models, matrix = read_models(key, start.models), matrix_read(store, f"{key}_x", start.matrix)
    return CompareSpec(models, matrix, **judging.read(store, key, start))
