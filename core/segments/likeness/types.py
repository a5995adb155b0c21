"""What finding users who are alike is asked and answers: clusters and look-alikes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from core.errors import Refusal

Method = Literal["kmeans", "mixture", "hdbscan"]
On = Literal["taste", "features"]
Way = Literal["taste", "features", "both"]


@dataclass(frozen=True)
class ClusterSpec:
    """Which users are clustered, on what, how.

    Attributes:
        method: k-means, Gaussian mixture (full covariance, of at most 12 dimensions), HDBSCAN.
        k: number of clusters; None = the best of `tried` by silhouette where it is clear (k-means, mixture). HDBSCAN
            finds its own.
        on: taste = what they take (items' categories at every level there is, and a compressed view of the items);
            features = how they behave (core.features, numbers only; columns below, or the families' usual ones).
        columns: features to use, () = a usual set; with `features` only.
        min_events: users with fewer events before as_of have no cluster: too little is known of them. On taste only
            events with an item count that say something of taste. On the sample, k-means agrees with the planted
            tastes (adjusted Rand) by 0.77 at 5, 0.84 at 8, 0.87 at 10, 0.92 at 15: below 10 a fifth of the users are a
            guess.
        smallest: for HDBSCAN, the smallest cluster, in users; None = 1 % of the users, at least 25.
        tried: from, to: numbers of clusters tried for the curves.
        as_of: UTC; None = just after the last event.
        seed: of every draw.
    """

    method: Method = "kmeans"
    k: int | None = None
    on: On = "taste"
    columns: tuple[str, ...] = ()
    min_events: int = 10
    smallest: int | None = None
    tried: tuple[int, int] = (2, 12)
    as_of: datetime | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.method not in ("kmeans", "mixture", "hdbscan"):
            raise Refusal("bad_clusters", f"There is no method {self.method!r}.", "kmeans, mixture, hdbscan.")
        if self.on not in ("taste", "features"):
            raise Refusal("bad_clusters", f"Users cannot be clustered on {self.on!r}.", "taste, features.")
        if self.k is not None and not 2 <= self.k <= 50:
            raise Refusal("bad_clusters", f"{self.k} clusters cannot be made.", "Ask for 2 to 50.")
        if not 1 <= self.min_events <= 1_000_000:
            raise Refusal("bad_clusters", "The fewest events must be 1 or more.", "The default is 10.")
        if not 2 <= self.tried[0] <= self.tried[1] <= 50:
            raise Refusal("bad_clusters", "The numbers tried must lie between 2 and 50.", "The default is 2 to 12.")

    def as_json(self) -> dict[str, Any]:
        """The spec as JSON; `ClusterSpec.from_json` gives an equal one back."""
        told = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {
            **told,
            "columns": list(self.columns),
            "tried": list(self.tried),
            "as_of": None if self.as_of is None else self.as_of.isoformat(),
        }

    @staticmethod
    def from_json(raw: Mapping[str, Any]) -> ClusterSpec:
        """The spec that `as_json` wrote. Raises Refusal `bad_clusters`."""
        known = ClusterSpec().as_json()
        unknown = [key for key in raw if key not in known]
        if unknown:
            raise Refusal("bad_clusters", f"Clusters have no {unknown[0]!r}.", f"Possible: {', '.join(known)}.")
        given = dict(raw)
        try:
            if given.get("as_of") is not None:
                given["as_of"] = datetime.fromisoformat(given["as_of"])
            for key in ("columns", "tried"):
                if key in given:
                    given[key] = tuple(given[key])
            return ClusterSpec(**given)
        except (TypeError, ValueError, IndexError) as error:
            raise Refusal("bad_clusters", f"The clusters are not understood: {error}.", str(known)) from None


@dataclass(frozen=True)
class Tried:
    """One number of clusters tried.

    Attributes:
        k: clusters.
        silhouette: mean silhouette of a sample of users, -1 to 1.
        bic: Bayesian information criterion of a mixture with so many parts (lower is better); of k-means, that of
            spherical Gaussians around the centres.
        stability: mean adjusted Rand index between clusterings of bootstrap samples, 1 = always the same; and its low
            and high.
    """

    k: int
    silhouette: float | None
    bic: float | None
    stability: float | None
    stability_low: float | None = None
    stability_high: float | None = None


@dataclass(frozen=True)
class Trait:
    """What sets a cluster apart: one feature's mean against that of all others, in standard deviations.

    `words`: as people say it ("Lighting: 46 % of what they take, others 9 %").
    """

    feature: str
    difference: float
    inside: float
    outside: float
    unit: str
    words: str


@dataclass(frozen=True)
class Cluster:
    """One cluster. `name` is made of its traits ("Lighting and Garden"); `number` from 0, largest first."""

    number: int
    name: str
    users: int
    share: float
    traits: tuple[Trait, ...]


@dataclass(frozen=True)
class Clustering:
    """Users in clusters.

    Attributes:
        spec: what was asked, with as_of and k filled in.
        users: clustered; left_out: known users with fewer than min_events; noise: users in no cluster (HDBSCAN).
        clusters: largest first.
        tried: the curves by which the number is chosen; () for HDBSCAN.
        suggested: the number that silhouette and stability speak for, with the reason in words.
        map_x, map_y, map_part: a sample of at most 5,000 users on two dimensions and their clusters (-1 = none).
        map_ids: their raw ids.
        map_words: how the map was made and how much of the differences it shows.
        features: names of the features, in the order of the model.
        notes: what the reader must know.
        seconds: of the work.
    """

    spec: ClusterSpec
    users: int
    left_out: int
    noise: int
    clusters: tuple[Cluster, ...]
    tried: tuple[Tried, ...]
    suggested: str
    map_x: tuple[float, ...]
    map_y: tuple[float, ...]
    map_part: tuple[int, ...]
    map_ids: tuple[str, ...]
    map_words: str
    features: tuple[str, ...]
    notes: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class LookalikeSpec:
    """Users most alike to the members of a seed segment.

    Attributes:
        seed_segment: name of a saved segment.
        way: taste = by what they take (the user similarity of the models: cosine over weighted items, to the seed);
            features = by how they behave and who they are; both = mean of the two ranks; None = the way that brings
            most of the hidden members back.
        size: how many to keep; None = as many as the seed.
        min_events: users with fewer events cannot be judged.
        as_of: UTC; None = just after the last event.
        seed: of the draws.
    """

    seed_segment: str
    way: Way | None = None
    size: int | None = None
    min_events: int = 1
    as_of: datetime | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.way is not None and self.way not in get_args(Way):
            raise Refusal("bad_lookalike", f"There is no way {self.way!r}.", f"{', '.join(get_args(Way))}, or none.")
        for value, most, what in (
            (self.size, 1_000_000_000, "number of look-alikes"),
            (self.min_events, 1_000_000, "fewest events"),
        ):
            if value is not None and (type(value) is not int or not 1 <= value <= most):
                raise Refusal("bad_lookalike", f"The {what} cannot be {value!r}.", f"Give 1 to {most:,}.")
        if type(self.seed) is not int or not 0 <= self.seed < 2**31:
            raise Refusal("bad_lookalike", f"The seed is {self.seed!r}.", "Give a whole number from 0 to 2147483647.")
        if self.as_of is not None and self.as_of.tzinfo is not None:
            object.__setattr__(self, "as_of", self.as_of.astimezone(UTC).replace(tzinfo=None))

    def as_json(self) -> dict[str, Any]:
        """The spec as JSON; `LookalikeSpec.from_json` gives an equal one back."""
        return {**asdict(self), "as_of": None if self.as_of is None else self.as_of.isoformat()}

    @staticmethod
    def from_json(raw: Mapping[str, Any]) -> LookalikeSpec:
        """The spec that `as_json` wrote. Raises Refusal `bad_lookalike`."""
        known = LookalikeSpec.__dataclass_fields__
        unknown = [key for key in raw if key not in known]
        if unknown or not isinstance(raw.get("seed_segment"), str):
            wrong = f"there is no {unknown[0]!r}" if unknown else "seed_segment must name a saved segment"
            raise Refusal("bad_lookalike", f"The question is not understood: {wrong}.", f"Known: {', '.join(known)}.")
        try:
            as_of = None if raw.get("as_of") is None else datetime.fromisoformat(raw["as_of"])
        except (TypeError, ValueError):
            raise Refusal(
                "bad_lookalike", f"as_of is {raw['as_of']!r}.", "Give a moment as 2026-03-31T00:00:00."
            ) from None
        return LookalikeSpec(**{**raw, "as_of": as_of})


@dataclass(frozen=True)
class CurvePoint:
    """So many users (none of the seed), down to this closeness (0 to 1, 1 = as close as the seed's own middle)."""

    size: int
    closeness: float


@dataclass(frozen=True)
class HeldOut:
    """The check of one way: a fifth of the seed was hidden; how many of them came back.

    Attributes:
        way: judged; "active" = the most active users first, as a yardstick.
        size: list length, the same as the seed's (unless given).
        hidden: members hidden.
        found: of them in the list; share = found / hidden; low, high: 95 % interval.
        at_random: share that a random list of that length would hold.
        curve: (list length, share of the hidden found), to draw.
    """

    way: str
    size: int
    hidden: int
    found: int
    share: float
    low: float
    high: float
    at_random: float
    curve: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Lookalikes:
    """Look-alikes of a seed.

    Attributes:
        spec: what was asked, with way, size and as_of filled in.
        seed_users: members; seed_known: those of whom enough is known to be looked from.
        candidates: users outside the seed that could be judged; left_out: those of whom too little is known.
        curve: size against closeness.
        checks: of each way, and of the yardstick "active".
        traits: what the look-alikes have in common with the seed, against all others.
        notes: what the reader must know.
    """

    spec: LookalikeSpec
    seed_users: int
    seed_known: int
    candidates: int
    left_out: int
    curve: tuple[CurvePoint, ...]
    checks: tuple[HeldOut, ...]
    traits: tuple[Trait, ...]
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    version: int = 0
    """The data's version that was looked at."""
    rows: Any = field(default=None, repr=False, compare=False)
    """pa.Table(user_id, rank, score) of all candidates in order (not only `size`); None where read back."""
