"""Which models take part, grouped by what they go by, each one line until it is ticked; and their parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.recommend import MODELS, Has, ModelInfo, Param, ParamValue, Spec, idle, lacks
from core.recommend import spec as model_spec
from pages._ui.models_parts import draw_parts, kind_of, read_parts_text
from pages._ui.text import label, plain

_NARROW = 146
"""Pixels of a field: three stand side by side where the window is 1,000 wide."""
FAMILIES: dict[str, str] = {
    "popular": "Popular",
    "neighbours": "Neighbours",
    "linear": "Linear",
    "factors": "Hidden tastes",
    "attention": "Attention",
    "newcomers": "New users and items",
    "blend": "Several together",
}
"""Heading of each family of models, in the order of the registry."""
_SAID: dict[str, str] = {
    "popular": "the yardstick",
    "neighbours": "who behaves alike, what goes together",
    "linear": "the same, all weighed at once",
    "factors": "a few dozen numbers that describe users and items",
    "attention": "past items weigh by what is asked",
    "newcomers": "titles and attributes, where there is no behaviour yet",
    "blend": "made of the models above",
}


def draw_models(
    key: str,
    chosen: tuple[Spec, ...],
    always: tuple[str, ...] = (),
    *,
    has: Has | None = None,
    more: bool = False,
) -> None:
    """Every model of the registry: whether it takes part, and for those that do when it serves and its parameters.

    `has`: what the data have, so that what they lack is said; None: not looked at. With `more` the usual models stand
    first, and the others behind "More models", which is open where one of them is chosen.
    """
    if not more:
        _grouped(key, MODELS, chosen, always, has)
        return
    for line in (line for line in MODELS if line.usual):
        _line(key, line, chosen, always, has)
    others = [line for line in MODELS if not line.usual]
    opened = any(_first(chosen, line.name) for line in others)
    with st.expander(f"More models ({len(others)})", expanded=opened, key=f"{key}_more"):
        _grouped(key, others, chosen, always, has)


def read_models(key: str, chosen: tuple[Spec, ...]) -> tuple[Spec, ...]:
    """The models that are ticked, with their parameters. Raises Refusal `bad_parameter`, `bad_parts`.

    Where the question being repeated named a model more than once, all of its settings stay as long as the first is
    left as it was.
    """
    found: list[Spec] = []
    for line in MODELS:
        begin = _first(chosen, line.name)
        if not st.session_state.get(f"{key}_m_{line.name}", begin is not None):
            continue
        now = model_spec(line.name, _params(key, line, begin))
        found += [s for s in chosen if s.model == line.name] if now == begin else [now]
    return tuple(found)


def _grouped(
    key: str, lines: Sequence[ModelInfo], chosen: tuple[Spec, ...], always: tuple[str, ...], has: Has | None
) -> None:
    family = ""
    for line in lines:
        if line.family != family:
            family = line.family
            st.markdown(f"**{FAMILIES[family]}** · :small[{_SAID[family]}]")
        _line(key, line, chosen, always, has)


def _line(key: str, line: ModelInfo, chosen: tuple[Spec, ...], always: tuple[str, ...], has: Has | None) -> None:
    """One model: its tick, what it lacks, and once it is ticked all that can be set."""
    begin = _first(chosen, line.name)
    must, missing = line.name in always, lacks(line, has) if has else ""
    box = f"{key}_m_{line.name}"
    used = bool(st.session_state.get(box, must or begin is not None)) and not missing
    with st.container(border=used, gap="xxsmall"):
        st.checkbox(
            f"**{line.plain}** · :small[{plain(line.term)}]",
            must or (begin is not None and not missing),
            key=box,
            disabled=must or bool(missing),
            help="Always in a comparison: it is the yardstick."
            if must
            else plain(line.when) + (f"  \n{plain(line.source)}." if line.source else ""),
        )
        if missing:
            st.caption(plain(missing))
        if used:
            st.caption(plain(line.when))
            _parameters(key, line, begin, has)


def _parameters(key: str, line: ModelInfo, begin: Spec | None, has: Has | None) -> None:
    """The parameters that play a part beside the values of the others, on these data."""
    unused = idle(line, has) if has else ()
    said = {p.name: _plainly(key, line, p, begin) for p in line.params}
    shown = [p for p in line.params if p.plays(said) and p.name not in unused]
    if line.family == "blend":
        for param in (p for p in shown if p.kind == "text"):
            text = str(begin[param.name] if begin else param.default)
            draw_parts(_field(key, line, param), param.plain, text, kind_of(line.name), has)
        shown = [p for p in shown if p.kind != "text"]
    if shown:
        with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
            for param in shown:
                value = begin[param.name] if begin else param.default
                if line.name == "popular" and param.name == "by":
                    _column(_field(key, line, param), param, str(value), has)
                else:
                    parameter(_field(key, line, param), param, value)
    if unused and has:
        left = ", ".join(f"“{line.param(name).plain}”" for name in unused)
        st.caption(plain(f"Not offered, since these data have no {_why(line, unused, has)}: {left}."))


def _why(line: ModelInfo, unused: Sequence[str], has: Has) -> str:
    asked = {need for need, param in line.needs.items() if param in unused}
    names = {"times": "times", "user_side": "attributes of users", "item_side": "attributes of items"}
    return " and no ".join(names[need] for need in names if need in asked)


def _first(chosen: tuple[Spec, ...], name: str) -> Spec | None:
    return next((s for s in chosen if s.model == name), None)


def _field(key: str, line: ModelInfo, param: Param) -> str:
    return f"{key}_p_{line.name}_{param.name}"


def _params(key: str, line: ModelInfo, begin: Spec | None) -> dict[str, ParamValue]:
    """What the fields say. Raises Refusal `bad_parts`."""
    found: dict[str, ParamValue] = {}
    for param in line.params:
        if line.family == "blend" and param.kind == "text":
            text = str(begin[param.name] if begin else param.default)
            found[param.name] = read_parts_text(_field(key, line, param), text, kind_of(line.name))
        else:
            found[param.name] = _plainly(key, line, param, begin)
    return found


def _plainly(key: str, line: ModelInfo, param: Param, begin: Spec | None) -> ParamValue:
    value: Any = st.session_state.get(_field(key, line, param), begin[param.name] if begin else param.default)
    return int(value) if param.kind == "int" else float(value) if param.kind == "float" else value


def _column(key: str, param: Param, value: str, has: Has | None) -> None:
    """A column of users, or none."""
    columns = list(has.user_columns) if has else []
    known = next((name for name in columns if name.casefold() == value.casefold()), value)
    options = ["", *columns, *([known] if known and known not in columns else [])]
    st.selectbox(
        label(param.plain),
        options,
        options.index(known),
        key=key,
        format_func=lambda name: f"users of the same {label(name)}" if name else "all users",
        help=plain("What is popular among users who have the same value in this column; or among all users."),
        width=280,
    )


def parameter(key: str, param: Param, value: Any) -> None:
    """One parameter as the field that suits its kind."""
    said = plain(f"{param.help} It takes {param.takes()}; usually {param.default}.")
    if param.kind == "choice":
        place = param.choices.index(value)
        st.selectbox(label(param.plain), param.choices, place, key=key, help=said, width=_NARROW)
    elif param.kind == "text":
        st.text_input(label(param.plain), str(value), key=key, help=said, width=360)
    elif param.kind == "bool":
        st.checkbox(label(param.plain), value, key=key, help=said)
    elif param.kind == "int":
        low, high = int(param.low or 0), int(param.high or 0)
        st.number_input(label(param.plain), low, high, int(value), key=key, help=said, width=_NARROW)
    else:
        low_, high_ = float(param.low or 0), float(param.high or 0)
        st.number_input(label(param.plain), low_, high_, float(value), format="%g", key=key, help=said, width=_NARROW)
