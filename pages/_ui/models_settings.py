"""What a comparison asks: which models with which parameters, how behaviour counts, and how they are judged."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.evaluate import SPLITS, CompareSpec, Split
from core.recommend import MODELS, USUAL, ModelInfo, Param, ParamValue, Spec
from core.recommend import spec as model_spec
from core.store import Store
from pages._ui.matrix_settings import matrix_read, matrix_settings
from pages._ui.models_words import SPLIT_HELP, SPLIT_NAMES
from pages._ui.text import label, plain

MOST_USERS = 20_000
"""Users judged at most where nothing else is said: with so many, chance hardly moves the result any more."""


def usual(store: Store) -> CompareSpec:
    """What is asked where nobody has chosen anything: the usual models with their usual parameters."""
    split: Split = "leave-last-out" if store.as_of() is not None else "random"
    return CompareSpec(tuple(model_spec(name) for name in USUAL), split=split, most_users=MOST_USERS)


def draw(store: Store, key: str, start: CompareSpec) -> None:
    """The settings, each group behind its own heading; `read` says what they come to."""
    with st.expander("Which models", icon=":material/model_training:", key=f"{key}_models_open"):
        draw_models(key, start.models, always=("popular",))
    with st.expander("How behaviour counts", icon=":material/tune:", key=f"{key}_counts_open"):
        matrix_settings(store, f"{key}_x", start.matrix)
    with st.expander("How they are judged", icon=":material/balance:", key=f"{key}_judged_open"):
        _judging(store, key, start)


def read(store: Store, key: str, start: CompareSpec) -> CompareSpec:
    """The question that the fields say. Raises Refusal `bad_comparison`, `bad_matrix`, `bad_parameter`."""
    said = st.session_state
    return CompareSpec(
        read_models(key, start.models),
        matrix_read(store, f"{key}_x", start.matrix),
        said.get(f"{key}_split", _split(store, start)),
        int(said.get(f"{key}_k", start.k)),
        int(said.get(f"{key}_seed", start.seed)),
        said.get(f"{key}_most", start.most_users),
    )


def draw_models(key: str, chosen: tuple[Spec, ...], always: tuple[str, ...] = ()) -> None:
    """Every model of the registry: whether it takes part, when it serves, and its parameters with their ranges."""
    for line in MODELS:
        begin = _first(chosen, line.name)
        with st.container(border=True, gap="xxsmall"):
            must = line.name in always
            used = st.checkbox(
                f"**{line.plain}** · :small[{plain(line.term)}]",
                must or begin is not None,
                key=f"{key}_m_{line.name}",
                disabled=must,
                help="Always in a comparison: it is the yardstick." if must else None,
            )
            st.caption(plain(line.when) + (f" ({plain(line.source)})" if line.source else ""))
            if used and line.params:
                with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
                    for param in line.params:
                        value = begin[param.name] if begin else param.default
                        _parameter(f"{key}_p_{line.name}_{param.name}", param, value)


def read_models(key: str, chosen: tuple[Spec, ...]) -> tuple[Spec, ...]:
    """The models that are ticked, with their parameters. Raises Refusal `bad_parameter`.

    Where the question being repeated named a model more than once, all of its settings stay as long as the first is
    left as it was.
    """
    found: list[Spec] = []
    for line in MODELS:
        begin = _first(chosen, line.name)
        if not st.session_state.get(f"{key}_m_{line.name}", begin is not None):
            continue
        now = model_spec(line.name, {p.name: _value(key, line, p, begin) for p in line.params})
        found += [s for s in chosen if s.model == line.name] if now == begin else [now]
    return tuple(found)


def _first(chosen: tuple[Spec, ...], name: str) -> Spec | None:
    return next((s for s in chosen if s.model == name), None)


def _value(key: str, line: ModelInfo, param: Param, begin: Spec | None) -> ParamValue:
    value: Any = st.session_state.get(
        f"{key}_p_{line.name}_{param.name}", begin[param.name] if begin else param.default
    )
    return int(value) if param.kind == "int" else float(value) if param.kind == "float" else value


def _parameter(key: str, param: Param, value: Any) -> None:
    """One parameter as the field that suits its kind."""
    said = plain(f"{param.help} It takes {param.takes()}; usually {param.default}.")
    if param.kind == "choice":
        place = param.choices.index(value)
        st.selectbox(label(param.plain), param.choices, place, key=key, help=said, width=180)
    elif param.kind == "text":
        st.text_input(label(param.plain), str(value), key=key, help=said, width=360)
    elif param.kind == "bool":
        st.checkbox(label(param.plain), value, key=key, help=said)
    elif param.kind == "int":
        low, high = int(param.low or 0), int(param.high or 0)
        st.number_input(label(param.plain), low, high, int(value), key=key, help=said, width=180)
    else:
        low_, high_ = float(param.low or 0), float(param.high or 0)
        st.number_input(label(param.plain), low_, high_, float(value), format="%g", key=key, help=said, width=180)


def _judging(store: Store, key: str, start: CompareSpec) -> None:
    timed = store.as_of() is not None
    splits = [s for s in SPLITS if timed or s == "random"]
    st.segmented_control(
        "What is hidden from the models, to judge them by",
        splits,
        default=_split(store, start),
        required=True,
        key=f"{key}_split",
        format_func=SPLIT_NAMES.__getitem__,
        help=SPLIT_HELP,
        wrap=True,
    )
    if not timed:
        st.caption("These data have no times, so that nothing can be called the latest: an item is drawn by chance.")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        st.number_input(
            "Items in each list",
            1,
            100,
            start.k,
            key=f"{key}_k",
            width=170,
            help="How many items a model may name for a user (k): as many as the mail or the page has room for.",
        )
        st.number_input(
            "Users judged at most",
            10,
            None,
            start.most_users,
            1000,
            key=f"{key}_most",
            width=190,
            placeholder="all of them",
            help="Beyond some thousand users chance hardly moves the result any more. They are drawn by the seed. "
            "Models always learn from all users. Empty = judge all of them, which may take long.",
        )
        st.number_input(
            "Seed",
            0,
            2**31 - 1,
            start.seed,
            key=f"{key}_seed",
            width=150,
            help="Where chance plays a part, the same seed gives the same result again. Another seed shows how much "
            "of the result is chance.",
        )


def _split(store: Store, start: CompareSpec) -> Split:
    return start.split if store.as_of() is not None else "random"


parameter = _parameter
"""The field of one parameter, for other views that set models."""
