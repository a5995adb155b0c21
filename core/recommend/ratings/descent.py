"""SVD and SVD++ by gradient descent (Funk 2006; Koren 2008).

The gradient is that of all ratings at once, by sparse products, with Adam's steps (Kingma and Ba 2015): repeatable to
the byte, and a hundred steps are quicker than twenty rounds of single ratings in Python.
"""

from __future__ import annotations

import numpy as np

from core.interactions import Array
from core.progress import Step
from core.recommend.ratings.biases import Biases, solve_biases
from core.recommend.ratings.types import Ratings
from core.recommend.ratings.vectors import Vectors, paired


class Svd(Vectors):
    """r = mean + b_u + b_i + p_u q_i."""

    plus = False

    def _fit(self, r: Ratings, seed: int, step: Step) -> None:
        spec = self.spec
        k, ridge = spec["factors"], float(spec["caution"])
        rng = np.random.default_rng(seed)
        start = solve_biases(r, spec["caution_users"], spec["caution_items"])
        state = {
            "q": rng.normal(0, 0.1, (r.shape[1], k)),
            "p": rng.normal(0, 0.1, (r.shape[0], k)),
            "b_u": start.user.copy(),
            "b_i": start.item.copy(),
        }
        if self.plus:
            state["y"] = rng.normal(0, 0.1, (r.shape[1], k)) / np.sqrt(k)
        adam = Adam(state, spec["rate"])
        norm = 1 / np.sqrt(np.maximum(r.per_user, 1))[:, None]
        seen = r.matrix(np.ones(len(r)))
        back = seen.T.tocsr()
        for epoch in range(spec["epochs"]):
            if epoch % 10 == 0:
                step.report(epoch / spec["epochs"], f"step {epoch + 1} of {spec['epochs']}")
            whole = state["p"] + norm * (seen @ state["y"]) if self.plus else state["p"]
            biases = Biases(start.mean, state["b_u"], state["b_i"])
            off = biases.expected(r.users, r.items) + paired(whole, state["q"], r.users, r.items) - r.values
            errors = r.matrix(off)
            down = errors @ state["q"]
            slopes = {
                "q": errors.T @ whole + ridge * state["q"],
                "p": down + ridge * state["p"],
                "b_u": np.asarray(errors.sum(axis=1)).ravel() + spec["caution_users"] * state["b_u"],
                "b_i": np.asarray(errors.sum(axis=0)).ravel() + spec["caution_items"] * state["b_i"],
            }
            if self.plus:
                slopes["y"] = back @ (norm * down) + ridge * state["y"]
            adam.step(slopes)
        self.items, self.ridge = state["q"], ridge
        self.implicit = state.get("y")
        self.biases = Biases(start.mean, state["b_u"], state["b_i"])
        self._finish(r)


class SvdPlusPlus(Svd):
    """r = mean + b_u + b_i + (p_u + n_u^-1/2 sum of y_j over what u rated) q_i."""

    plus = True


class Adam:
    """Steps of about `rate` in every number, by the gradient's running mean over its running size."""

    def __init__(self, state: dict[str, Array], rate: float) -> None:
        self.state, self.rate, self.done = state, rate, 0
        self.mean = {name: np.zeros_like(value) for name, value in state.items()}
        self.size = {name: np.zeros_like(value) for name, value in state.items()}

    def step(self, slopes: dict[str, Array]) -> None:
        """One step down these slopes, in place."""
        self.done += 1
        first, second = 1 - 0.9**self.done, 1 - 0.999**self.done
        for name, slope in slopes.items():
            mean, size = self.mean[name], self.size[name]
            mean += 0.1 * (slope - mean)
            size += 0.001 * (slope * slope - size)
            self.state[name] -= self.rate * (mean / first) / (np.sqrt(size / second) + 1e-8)
