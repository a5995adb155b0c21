"""What the commands about models share: how behaviour counts, and which models with which parameters."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from core.commands.times import moment
from core.errors import Refusal
from core.interactions import MatrixSpec
from core.recommend import NAMES, ModelInfo, ParamValue, Spec, info, spec


def add_matrix_arguments(parser: argparse.ArgumentParser) -> None:
    """How events become weights; the same words on every command."""
    group = parser.add_argument_group("how behaviour counts")
    group.add_argument(
        "--weights",
        metavar="EVENT=W,...",
        help="weights where they differ from the defaults: view=1,cart=4; 0 leaves out",
    )
    group.add_argument("--half-life", type=float, metavar="DAYS", help="days after which an event counts half")
    group.add_argument("--window", type=float, metavar="DAYS", help="only events of the last so many days")
    group.add_argument("--until", metavar="TIME", help="see the data up to this time (UTC), which is not included")
    group.add_argument("--least-user-items", type=int, default=1, metavar="N", help="leave out users with fewer items")
    group.add_argument("--least-item-users", type=int, default=1, metavar="N", help="leave out items with fewer users")


def add_param_argument(parser: argparse.ArgumentParser) -> None:
    """Parameters of models."""
    parser.add_argument(
        "--param",
        action="append",
        default=[],
        metavar="MODEL.NAME=VALUE",
        help="a model's parameter, as often as needed: ials.factors=32",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="same seed, same result (default 0)")


def matrix_of(args: argparse.Namespace) -> MatrixSpec:
    """The matrix that the arguments ask for. Raises Refusal."""
    return MatrixSpec(
        weights=tuple(_weight(part) for part in (args.weights or "").split(",") if part.strip()),
        half_life=args.half_life,
        window=args.window,
        until=moment(args.until),
        least_user_items=args.least_user_items,
        least_item_users=args.least_item_users,
    )


def models_of(names: str, params: Sequence[str]) -> tuple[Spec, ...]:
    """The models named in "a,b,c", or "all" of them, with `params` ("ials.factors=32"). Raises Refusal."""
    every = NAMES if names.strip() == "all" else tuple(name.strip() for name in names.split(",") if name.strip())
    wanted = list(dict.fromkeys(every))
    if not wanted:
        raise Refusal("unknown_model", "No model is named.", f"Models: {', '.join(NAMES)}.")
    given = given_params({name: info(name) for name in wanted}, params)
    return tuple(spec(name, given[name]) for name in wanted)


def given_params(lines: Mapping[str, ModelInfo], params: Sequence[str]) -> dict[str, dict[str, ParamValue]]:
    """For each of these models by name the parameters of "MODEL.NAME=VALUE" that are its own. Raises Refusal."""
    given: dict[str, dict[str, ParamValue]] = {name: {} for name in lines}
    for text in params:
        left, equals, value = text.partition("=")
        model, dot, name = left.partition(".")
        if not equals or not dot:
            raise Refusal("bad_parameter", f"{text!r} is not a parameter.", "Write MODEL.NAME=VALUE: ials.factors=32.")
        if model not in given:
            raise Refusal(
                "unknown_model", f"{text!r} is for a model that is not asked for.", f"Asked: {', '.join(given)}."
            )
        given[model][name] = _value(lines[model].param(name).kind, value)
    return given


def _weight(part: str) -> tuple[str, float]:
    event, _, weight = part.partition("=")
    try:
        return event.strip(), float(weight)
    except ValueError:
        raise Refusal("bad_matrix", f"{part!r} is not a weight.", "Write EVENT=WEIGHT: view=1,purchase=8.") from None


def _value(kind: str, text: str) -> ParamValue:
    """The text as what the parameter takes; what cannot be read is left to its own check."""
    try:
        if kind == "int":
            return int(text)
        if kind == "float":
            return float(text)
    except ValueError:
        return text
    return {"true": True, "false": False}.get(text.lower(), text) if kind == "bool" else text
