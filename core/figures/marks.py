"""How models are marked, the same on every page: a colour for each kind of model, a shape for each of its kind.

Eight colours stay apart for every reader, and seventeen models do not: so a colour says what a model goes by, and the
shape says which it is. The models that are compared where nobody has chosen have a colour each.
"""

from __future__ import annotations

from core.figures.template import AMBER, BLUE, BROWN, GREEN, GREY, MAUVE, NAVY, WINE

_KINDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (GREY, ("popular",)),
    (BLUE, ("user-knn",)),
    (AMBER, ("item-knn", "p3alpha", "rp3beta")),
    (GREEN, ("ease", "slim")),
    (MAUVE, ("ials", "nmf", "bpr")),
    (WINE, ("puresvd", "attention")),
    (NAVY, ("content", "demographic")),
    (BROWN, ("blend", "stack", "switch")),
)
_SHAPES = ("circle", "square", "triangle-up")
_MARKS = {name: (colour, _SHAPES[n]) for colour, names in _KINDS for n, name in enumerate(names)}
_MARKS["popular"] = (GREY, "diamond")
_SETTINGS = ("", "-open", "-dot", "-open-dot")


def model_colour(model: str) -> str:
    """The colour of a model's kind, the same on every page; popularity, the yardstick, is grey.

    >>> model_colour("popular") == GREY, model_colour("user-knn") == BLUE
    (True, True)
    """
    return _MARKS.get(model, (GREY, "circle"))[0]


def model_symbol(model: str, setting: int = 0) -> str:
    """The shape of a model among those of its colour; further settings of the same model are drawn hollow or dotted.

    >>> model_symbol("item-knn"), model_symbol("p3alpha"), model_symbol("p3alpha", 1)
    ('circle', 'square', 'square-open')
    """
    return _MARKS.get(model, (GREY, "x"))[1] + _SETTINGS[setting % len(_SETTINGS)]
