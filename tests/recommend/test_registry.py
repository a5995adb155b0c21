"""The registry: specs are checked, survive JSON, and every line says what a page needs."""

from __future__ import annotations

import json

import pytest

from core.errors import Refusal
from core.recommend import MODELS, NAMES, Param, Spec, info, make, spec, spec_from_json
from core.recommend.types import ParamValue

WHOLE = Param("n", "int", 5, "N", "How many.", low=1, high=10)
SHARE = Param("s", "float", 0.5, "S", "How much.", low=0.1, high=1.0)
WAY = Param("w", "choice", "a", "W", "Which.", choices=("a", "b"))
FLAG = Param("f", "bool", False, "F", "Whether.")


def code(of: pytest.ExceptionInfo[Refusal]) -> str:
    return of.value.code


@pytest.mark.parametrize(
    "param, value, wanted",
    [
        (WHOLE, 1, 1),
        (WHOLE, 10, 10),
        (WHOLE, 3.0, 3),
        (SHARE, 1, 1.0),
        (SHARE, 0.1, 0.1),
        (WAY, "b", "b"),
        (FLAG, True, True),
    ],
)
def test_param_takes(param: Param, value: ParamValue, wanted: ParamValue) -> None:
    got = param.check(value)
    assert got == wanted
    assert type(got) is type(wanted)


@pytest.mark.parametrize(
    "param, value",
    [
        (WHOLE, 0),
        (WHOLE, 11),
        (WHOLE, 2.5),
        (WHOLE, True),
        (WHOLE, "3"),
        (SHARE, 0.05),
        (SHARE, float("nan")),
        (SHARE, float("inf")),
        (WAY, "c"),
        (WAY, 1),
        (FLAG, 1),
        (FLAG, "true"),
    ],
)
def test_param_refuses_in_words(param: Param, value: ParamValue) -> None:
    with pytest.raises(Refusal) as refused:
        param.check(value)
    assert code(refused) == "bad_parameter"
    assert param.name in refused.value.message
    assert refused.value.hint == f"It takes {param.takes()}."


def test_param_says_what_it_takes() -> None:
    assert [p.takes() for p in (WHOLE, SHARE, WAY, FLAG)] == [
        "a whole number from 1 to 10",
        "a number from 0.1 to 1",
        "one of a, b",
        "true or false",
    ]


def test_popularity_comes_first_and_names_are_unique() -> None:
    assert NAMES[0] == "popular"
    assert len(set(NAMES)) == len(NAMES) == len(MODELS)
    assert len({m.plain for m in MODELS}) == len(MODELS)


@pytest.mark.parametrize("name", NAMES)
def test_each_line_is_whole(name: str) -> None:
    line = info(name)
    assert line.plain
    assert line.term
    assert line.when.endswith(".")
    assert line.source or name == "popular"
    for param in line.params:
        assert param.check(param.default) == param.default
        assert param.plain
        assert param.help.endswith(".")
        assert line.param(param.name) is param
        if param.kind in ("int", "float"):
            assert param.low is not None
            assert param.high is not None
            assert param.low < param.high
            assert param.low > 0 or param.scale == "linear"
    model = make(spec(name))
    assert model.spec == spec(name)


@pytest.mark.parametrize("name", NAMES)
def test_specs_survive_json(name: str) -> None:
    for param in info(name).params:
        for value in (param.default,) if param.kind == "text" else param.choices or (param.low, param.high):
            assert value is not None
            made = spec(name, {param.name: value})
            assert spec_from_json(json.loads(json.dumps(made.as_json()))) == made
            assert made[param.name] == value
            assert hash(made) == hash(spec(name, {param.name: value}))


def test_specs_of_old_files_take_the_defaults() -> None:
    assert spec_from_json({"model": "item-knn"}) == spec("item-knn")
    assert spec_from_json({"model": "item-knn", "params": {"neighbours": 20}})["neighbours"] == 20


def test_unknown_names_are_refused_with_what_there_is() -> None:
    with pytest.raises(Refusal) as model:
        spec("svd++")
    assert code(model) == "unknown_model"
    assert "item-knn" in model.value.hint
    with pytest.raises(Refusal) as param:
        spec("item-knn", {"k": 3})
    assert code(param) == "unknown_parameter"
    assert "neighbours" in param.value.hint
    with pytest.raises(Refusal) as value:
        spec("item-knn", {"neighbours": 3})
    assert code(value) == "bad_parameter"
    with pytest.raises(KeyError):
        Spec("popular", ())["count"]
