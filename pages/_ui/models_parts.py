"""What a blend is made of, as fields: which models, how much each counts; and the text that core keeps of it."""

from __future__ import annotations

import json
from typing import Literal

import streamlit as st

from core.errors import Refusal
from core.recommend import MODELS, Has, Spec, info, lacks, read_parts, write_parts
from core.recommend import spec as model_spec
from pages._ui.text import label

Kind = Literal["weighed", "listed", "one"]
KINDS: dict[str, Kind] = {"blend": "weighed", "stack": "listed", "switch": "one"}
"""How the parts of each blend are chosen: with weights, without (it learns them), or one model alone."""
_SINGLE = tuple(line.name for line in MODELS if line.family != "blend")


def kind_of(model: str) -> Kind:
    """How the parts of a blend are chosen."""
    return KINDS.get(model, "weighed")


def draw_parts(key: str, title: str, text: str, kind: Kind, has: Has | None) -> None:
    """The fields under `key`, filled in with what `text` says; `read_parts_text` says what they come to."""
    weights = _told(text)
    options = [*weights, *(name for name in _SINGLE if name not in weights and _serves(name, has))]
    if kind == "one":
        at = options.index(next(iter(weights))) if weights else 0
        st.selectbox(label(title), options, at, key=f"{key}_of", format_func=part_name, width=320)
        return
    chosen = st.multiselect(
        "Models in it",
        options,
        list(weights),
        key=f"{key}_of",
        format_func=part_name,
        placeholder="Choose two models or more",
        width=720,
    )
    if kind == "weighed" and chosen:
        with st.container(horizontal=True, gap="small"):
            for token in chosen:
                st.number_input(
                    label(part_name(token)),
                    0.01,
                    100.0,
                    min(max(weights.get(token, 1.0), 0.01), 100.0),
                    0.1,
                    format="%g",
                    key=f"{key}_w_{token}",
                    width=200,
                    help="How much this model counts beside the others: 0.6 and 0.3 is two to one. All are brought to "
                    "one scale first.",
                )
    if len(chosen) < 2:
        st.caption("Choose at least two models: with fewer there is nothing to put together.")


def read_parts_text(key: str, text: str, kind: Kind) -> str:
    """The text of what the fields say; `text` as it stands where they say the same, or are not drawn.

    Raises Refusal `bad_parts` where fewer than two models are chosen.
    """
    said, weights = st.session_state, _told(text)
    chosen = said.get(f"{key}_of")
    if chosen is None:
        return text
    tokens = [chosen] if kind == "one" else list(chosen)
    if kind != "one" and len(tokens) < 2:
        raise Refusal(
            "bad_parts",
            "A model made of several needs at least two models.",
            "Choose them where it is ticked, or take its tick away.",
        )
    now = {
        token: float(said.get(f"{key}_w_{token}", weights.get(token, 1.0))) if kind == "weighed" else 1.0
        for token in tokens
    }
    if list(now.items()) == [(token, weights.get(token) if kind == "weighed" else 1.0) for token in weights]:
        return text
    if any(token.startswith("{") for token in now):
        return write_parts([(_spec(token), weight) for token, weight in now.items()])
    return ",".join(f"{token}={weight:g}" if kind == "weighed" else token for token, weight in now.items())


def parts_words(text: str, kind: Kind) -> str:
    """The parts in words: "Goes together 0.5, Hidden tastes 0.2"."""
    return ", ".join(
        part_name(token) + (f" {weight:g}" if kind == "weighed" else "") for token, weight in _told(text).items()
    )


def part_name(token: str) -> str:
    """What people call a part."""
    one = _spec(token)
    return info(one.model).plain + (" (with settings of its own)" if token.startswith("{") else "")


def _told(text: str) -> dict[str, float]:
    """Token -> weight: a model's name, or JSON where a part has settings of its own. Empty where nothing can be read.

    JSON is that of `Spec.as_json`, so that the same settings are the same token.
    """
    try:
        named = [(model_spec(name, params), weight) for name, params, weight in read_parts(text)]
    except Refusal:
        return {}
    return {
        one.model if one == model_spec(one.model) else json.dumps(one.as_json(), separators=(",", ":")): weight
        for one, weight in named
    }


def _spec(token: str) -> Spec:
    if not token.startswith("{"):
        return model_spec(token)
    told = json.loads(token)
    return model_spec(told["model"], told["params"])


def _serves(name: str, has: Has | None) -> bool:
    return has is None or not lacks(info(name), has)
