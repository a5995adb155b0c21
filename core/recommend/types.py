"""The contract of every model: what it is (Spec), what it gives (RecTable), and why (Explanation).

Words: u a user (row of the matrix), i an item (column), w another user, k how many; x_ui the weight of the pair.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, Self, runtime_checkable

import numpy as np
from scipy.sparse import csr_matrix

from core.errors import Refusal
from core.interactions import Array, Interactions, Need
from core.progress import Step, no_step

ViewName = Literal["items", "users"]
ParamValue = int | float | str | bool
LONGEST_TEXT = 4_000
"""Characters that a parameter of kind "text" may have."""
Family = Literal["popular", "neighbours", "linear", "factors", "attention", "newcomers", "blend"]


@dataclass(frozen=True)
class Param:
    """One parameter of a model, with its range: for pages, the command line, and later tuning.

    Attributes:
        name: as in `Spec.params`.
        kind: what values it takes.
        default: a value of that kind.
        low, high: least and greatest value, both allowed; None for "choice", "bool" and "text".
        scale: how a tuner, or a slider, walks the range.
        choices: for "choice".
        plain: what a page calls it.
        help: one sentence on what it does.
        only: (another parameter, values): it plays a part only where that one has one of these values (no values:
            wherever that one is neither 0 nor empty).
        tuned: a tuner walks it. tune_low, tune_high: within these (default: low, high); a narrower range than is
            allowed, where models worth having lie.
    """

    name: str
    kind: Literal["int", "float", "choice", "bool", "text"]
    default: ParamValue
    plain: str
    help: str
    low: float | None = None
    high: float | None = None
    scale: Literal["linear", "log"] = "linear"
    choices: tuple[str, ...] = ()
    only: tuple[str, tuple[ParamValue, ...]] | None = None
    tuned: bool = True
    tune_low: float | None = None
    tune_high: float | None = None

    def check(self, value: ParamValue) -> ParamValue:
        """`value` as this parameter's kind. Raises Refusal `bad_parameter`."""
        if self.kind == "bool" and isinstance(value, bool):
            return value
        if self.kind == "choice" and value in self.choices:
            return value
        if self.kind == "text" and isinstance(value, str) and len(value) <= LONGEST_TEXT:
            return value
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if self.kind in ("int", "float") and number and self.low is not None and self.high is not None:
            whole = int(value) if self.kind == "int" else float(value)
            if whole == value and self.low <= whole <= self.high:
                return whole
        raise Refusal("bad_parameter", f"{self.name} cannot be {value!r}.", f"It takes {self.takes()}.")

    def plays(self, params: Mapping[str, ParamValue]) -> bool:
        """Whether it plays a part beside these values of the others."""
        if self.only is None:
            return True
        value, wanted = params.get(self.only[0]), self.only[1]
        return value in wanted if wanted else bool(value)

    def takes(self) -> str:
        """The values it takes, in words."""
        if self.kind == "bool":
            return "true or false"
        if self.kind == "choice":
            return "one of " + ", ".join(self.choices)
        if self.kind == "text":
            return f"text of up to {LONGEST_TEXT:,} characters"
        what = "a whole number" if self.kind == "int" else "a number"
        return f"{what} from {self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Spec:
    """A model by name with its parameters: a value, with a JSON form. Made by `registry.spec`, which checks it.

    Attributes:
        model: a name of the registry.
        params: (name, value), every parameter of the model, in the registry's order.
    """

    model: str
    params: tuple[tuple[str, ParamValue], ...] = ()

    def __getitem__(self, name: str) -> Any:
        return dict(self.params)[name]

    def as_json(self) -> dict[str, Any]:
        """`{"model": name, "params": {...}}`; `registry.spec_from_json` reads it."""
        return {"model": self.model, "params": dict(self.params)}


@dataclass(frozen=True, eq=False)
class RecTable:
    """For each of n users the k best items, best first.

    Attributes:
        users: int64 (n,), rows of the matrix, in the order asked for.
        items: int32 (n, k), columns of the matrix; -1 where a user has fewer than k items that can be scored.
        scores: float64 or float32 (n, k), never rising along a row; NaN where items is -1. Equal scores: the
            smaller column first.
    """

    users: Array
    items: Array
    scores: Array

    @property
    def k(self) -> int:
        """Items per user at most."""
        return int(self.items.shape[1])


@dataclass(frozen=True, eq=False)
class View:
    """One way of taking a score apart.

    Attributes:
        of: "items" (the user's own history) or "users" (similar users who took the item).
        rows: int64 (n,), columns (of = items) or rows (of = users) of the matrix, each once; parts of exactly 0 are
            left out.
        values: float64 (n,), what each adds to the score; may be negative.
        exact: base + sum(values) == score, to 1e-6 relative. False: measured, see `fidelity`.
        how: one sentence on what a part is.
        fidelity: where not exact, the share of the score that the parts account for, from 0 to 1; else 1.
    """

    of: ViewName
    rows: Array
    values: Array
    exact: bool
    how: str
    fidelity: float = 1.0


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why user u has this score for item i. All in float64.

    Attributes:
        user, item: row and column.
        score: float64; NaN where the model cannot say.
        base: what the score is without any part.
        items, users: the two views.
        spoke: of a blend, (part, share) in the order of its parts: what the part adds to the score (how far it puts the
            item above its average one, weighted) over the sum of the absolute values of that; negative where the part
            speaks against the item, 0 where it is silent. Empty for any other model.
    """

    user: int
    item: int
    score: float
    base: float
    items: View
    users: View
    spoke: tuple[tuple[Spec, float], ...] = ()

    def view(self, of: ViewName) -> View:
        """The view by name."""
        return self.items if of == "items" else self.users


@runtime_checkable
class Recommender(Protocol):
    """A model. Made by `registry.make(spec)`, then fitted or loaded, then asked; it never changes after that.

    Rows outside the matrix do not occur (IdMap refuses unknown ids); asked for one, score and recommend raise
    IndexError. A user without history gets NaN (no rows in recommend) unless the model `scores_everyone`.
    """

    spec: Spec
    x: Interactions

    scores_everyone: ClassVar[bool]
    folds: ClassVar[Literal["exactly", "nearly", "no"]]

    def fit(self, x: Interactions, *, seed: int = 0, step: Step = no_step) -> Self:
        """Learn from the matrix; returns itself. The same x, spec and seed give the same model. Keeps x."""

    def score(self, users: Array, items: Array | None = None) -> Array:
        """float32 or float64 (len(users), n_items), or (len(users), len(items)): NaN = cannot say. Repeats allowed.

        The whole matrix may be large: ask for some hundreds of users at a time (`recommend` does).
        """

    def recommend(
        self,
        users: Array,
        k: int,
        *,
        exclude_seen: bool = True,
        among: Array | None = None,
        step: Step = no_step,
    ) -> RecTable:
        """The k best items of each user (any number of users); of the columns `among`, where given."""

    def fold(
        self, histories: csr_matrix, items: Array | None = None, *, own: Array | None = None, seen: Array | None = None
    ) -> Array:
        """Scores of histories that the fit need not have seen, with all else that was learnt held fixed.

        Args:
            histories: float32 CSR (n, n_items), weights as in the matrix (not yet `valued`), indices sorted.
            items: columns to score; None = all.
            own: int64 (n,), the row of the matrix whose history this is (or was), which must not speak for itself;
                -1 for a stranger; None = all strangers.
            seen: int64 (nnz,), as `Interactions.first_seen` for `histories.data`; None where not known.

        Returns float32 or float64 (n, n_items or len(items)); NaN for an empty history unless `scores_everyone`.
        `folds` says how it stands to `score` where a history is the user's own, as fitted: "exactly" the same,
        "nearly" (the model learnt the user's tastes on a way that cannot be gone again), or "no": not possible, and
        Refusal `cannot_fold` is raised. New events and counterfactuals rest on it.
        """

    def explain(self, user: int, item: int) -> Explanation:
        """Why this score. The score explained is the model's own, recomputed in float64."""

    def save(self, folder: Path) -> None:
        """Write what was learnt into `folder` as `NAME.npy` files (no pickle), not the matrix."""

    def load(self, x: Interactions, arrays: Mapping[str, Array]) -> Self:
        """Take back what `save` wrote (name -> array, maybe memory maps), with the matrix it was fitted on."""


@dataclass(frozen=True)
class ModelInfo:
    """One line of the registry.

    Attributes:
        name: in specs and on the command line ("user-kNN" is "user-knn").
        plain: what pages call it: what it does ("People like you").
        term: the field's term, for the small print ("user-based nearest neighbours, cosine").
        when: one sentence on when it serves.
        source: the paper.
        params: its parameters, in order.
        module, cls: where the class is; imported when first needed.
        family: what kind of model it is: pages group by it.
        usual: among those that are compared where nobody has chosen; the others take longer, or serve special ends.
        needs: what it asks for beside the matrix -> the parameter that makes it ask ("" = always; a parameter asks
            where its value is neither 0 nor empty). Blends ask for what their parts do: see `registry.needs`.
        wide: serves users or items without any pair, so that its matrix should hold them (build(wide=True)).
    """

    name: str
    plain: str
    term: str
    when: str
    source: str
    params: tuple[Param, ...]
    module: str = field(repr=False)
    cls: str = field(repr=False)
    family: Family = "neighbours"
    usual: bool = False
    needs: Mapping[Need, str] = field(default_factory=dict)
    wide: bool = False

    def param(self, name: str) -> Param:
        """A parameter by name. Raises Refusal `unknown_parameter`."""
        for param in self.params:
            if param.name == name:
                return param
        known = ", ".join(p.name for p in self.params) or "none"
        raise Refusal("unknown_parameter", f"{self.name} has no parameter {name!r}.", f"It has: {known}.")


def check_rows(rows: Sequence[int] | Array, n: int) -> Array:
    """`rows` as int64. Raises IndexError for one outside 0..n-1."""
    found = np.asarray(rows, dtype=np.int64).reshape(-1)
    if len(found) and (found.min() < 0 or found.max() >= n):
        raise IndexError(f"rows must be from 0 to {n - 1}")
    return found
