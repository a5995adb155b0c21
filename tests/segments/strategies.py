"""Random small worlds, and random rules that can be asked of them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from core.segments import (
    STAGES,
    Abc,
    All,
    Between,
    Compare,
    Did,
    Earlier,
    EventStep,
    Ever,
    Filter,
    Last,
    Loyalty,
    LoyaltySettings,
    Not,
    Order,
    Prop,
    Rfm,
    RfmSettings,
    Rule,
    Sample,
    Span,
    Test,
    Top,
)  # fmt: skip
from core.segments import Any as AnyOf
from tests.segments.world import World

AS_OF = datetime(2024, 3, 1)
_WORDS = ("view", "cart", "purchase", "purchase", "return", "impression", "subscribe")
_COUNTRIES = ("France", "france", "Spain", "Île", "=cmd|x", "x' OR 1=1 --")
_TAGS = ("new", "vip", "old")
_CHANNELS = ("email", "web")
_DAYS = tuple(date(2024, 1, 1) + timedelta(days=7 * n) for n in range(10))

# few values, so that ties, borders and equal times are common
_times = st.one_of(
    st.none(),
    st.builds(
        lambda d, h: datetime(2024, 1, 1) + timedelta(days=d, hours=h),
        st.integers(0, 65),
        st.sampled_from((0, 0, 5, 23)),
    ),
)


@st.composite
def _events(draw: st.DrawFn) -> dict[str, Any]:
    word = draw(st.sampled_from(_WORDS))
    sign = -1 if word == "return" else 1
    quantity = draw(st.one_of(st.none(), st.integers(1, 3)))
    value = draw(st.one_of(st.none(), st.integers(0, 40)))
    return {
        "user": draw(st.sampled_from((None, "u1", "u2", "u3", "u4", "u5", "007"))),
        "event": word,
        "item": draw(st.sampled_from((None, "a", "b", "c"))),
        "at": draw(_times),
        "order_id": draw(st.sampled_from((None, None, "o1", "o2"))),
        "quantity": None if quantity is None else float(sign * quantity),
        "value": None if value is None else sign * Decimal(value) / 4,
        "rating": draw(st.sampled_from((None, 1.0, 3.0, 4.5))),
        "dwell": draw(st.sampled_from((None, 0.1, 0.2, 30.0))),
        "channel": draw(st.sampled_from((None, *_CHANNELS))),
    }


_users = st.dictionaries(
    st.sampled_from(("u1", "u2", "u3", "u9", "007")),
    st.fixed_dictionaries(
        {
            "country": st.sampled_from((None, *_COUNTRIES)),
            "age": st.sampled_from((None, 18.0, 30.0, 30.5, 64.0)),
            "joined": _times,
            "vip": st.sampled_from((None, True, False)),
            "tags": st.one_of(st.none(), st.lists(st.sampled_from(_TAGS), max_size=3)),
        }
    ),
)
_items = st.dictionaries(
    st.sampled_from(("a", "b")),
    st.fixed_dictionaries(
        {"category": st.sampled_from((None, "toys", "books")), "price": st.sampled_from((None, 5.0))}
    ),
)
# mostly well filled: of an empty world every rule says the same
_logs = st.one_of(st.lists(_events(), min_size=25, max_size=60), st.lists(_events(), max_size=8)).map(tuple)
worlds = st.builds(World, _users, _items, _logs)


def _one(op: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Test]:
    return st.builds(lambda v: Test(op, (v,)), values)  # type: ignore[arg-type]


def _several(op: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Test]:
    return st.lists(values, min_size=1, max_size=3).map(lambda v: Test(op, tuple(v)))  # type: ignore[arg-type]


def _pair(op: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Test]:
    pairs = st.lists(values, min_size=2, max_size=2, unique=True)
    return pairs.map(lambda v: Test(op, tuple(sorted(v))))  # type: ignore[arg-type]


_missing = _one("missing", st.booleans())


def texts(values: tuple[str, ...]) -> st.SearchStrategy[Test]:
    """Tests of a text column."""
    parts = st.sampled_from((*values, "ra", "F", "%", "_"))
    return st.one_of(
        _missing, *(_several(op, st.sampled_from(values)) for op in ("is", "is_not")),
        *(_one(op, parts) for op in ("contains", "not_contains", "starts", "ends")),
    )  # fmt: skip


def numbers(values: tuple[float, ...]) -> st.SearchStrategy[Test]:
    """Tests of a number column."""
    some = st.sampled_from(values)
    return st.one_of(
        _missing, _several("is", some), _several("is_not", some), _pair("between", some),
        *(_one(op, some) for op in ("at_least", "at_most", "more_than", "less_than")),
    )  # fmt: skip


dates = st.one_of(
    _missing, _one("before", st.sampled_from(_DAYS)), _one("since", st.sampled_from(_DAYS)),
    _pair("during", st.sampled_from(_DAYS)), _one("last_days", st.integers(1, 40)),
)  # fmt: skip
_lists = st.one_of(_missing, *(_several(op, st.sampled_from(_TAGS)) for op in ("any_of", "all_of", "none_of")))
props = st.one_of(
    st.builds(Prop, st.just("country"), texts(_COUNTRIES)),
    st.builds(Prop, st.just("user_id"), texts(("u1", "007", "u9"))),
    st.builds(Prop, st.just("age"), numbers((18, 30, 30.5, 50))),
    st.builds(Prop, st.just("joined"), dates),
    st.builds(Prop, st.just("vip"), st.one_of(_missing, _several("is", st.booleans()))),
    st.builds(Prop, st.just("tags"), _lists),
)

_filters = st.one_of(
    st.builds(Filter, st.just("event"), st.just("channel"), texts(_CHANNELS)),
    st.builds(Filter, st.just("event"), st.just("rating"), numbers((1, 3, 4.5))),
    st.builds(Filter, st.just("item"), st.just("item_id"), texts(("a", "b", "c"))),
    st.builds(Filter, st.just("item"), st.just("category"), texts(("toys", "books"))),
)
_where = st.lists(_filters, max_size=2).map(tuple)
windows = st.one_of(
    st.just(Ever()),
    st.builds(Last, st.integers(1, 60), st.just("days")),
    st.builds(Last, st.integers(1, 8), st.just("weeks")),
    st.builds(Earlier, st.integers(1, 60), st.just("days")),
    st.builds(Between, st.sampled_from(_DAYS), st.none()),
    st.lists(st.sampled_from(_DAYS), min_size=2, max_size=2, unique=True).map(lambda v: Between(*sorted(v))),
)
_bounds = st.sampled_from((0, 1, 2, 3, 0.3, 7.5, -1))
compares: st.SearchStrategy[Compare] = st.one_of(
    *(st.builds(Compare, st.just(op), _bounds) for op in ("at_least", "at_most", "exactly", "more_than", "less_than")),
    st.tuples(_bounds, _bounds).map(lambda v: Compare("between", min(v), max(v))),
)
_words = st.sampled_from(("view", "cart", "return", "impression", "*"))
_counts = st.sampled_from(
    ("events", "items", "days", "quantity", "value", "dwell", "mean_quantity", "mean_dwell", "mean_rating")
)
_bought = st.one_of(_counts, st.sampled_from(("orders", "order_value")))
dids = st.one_of(
    st.builds(Did, _words, _counts, compares, windows, _where),
    st.builds(Did, st.just("purchase"), _bought, compares, windows, _where),
)
_steps = st.builds(EventStep, st.sampled_from(("view", "cart", "purchase")), _where)
_spans = st.one_of(st.none(), st.builds(Span, st.integers(1, 20), st.sampled_from(("days", "hours"))))
orders = st.builds(Order, _steps, _steps, _spans, windows, st.booleans())
_shares = st.sampled_from((0.1, 0.25, 0.5, 1.0))
tops = st.one_of(
    st.builds(Top, _counts, _shares, _words, windows, _where),
    st.builds(Top, _bought, _shares, st.just("purchase"), windows, _where),
)
samples = st.builds(Sample, _shares, st.sampled_from(("", "autumn")))
rfms = st.lists(st.sampled_from(("Champions", "Hibernating", "At risk", "33", "51")), min_size=1, max_size=3).map(
    lambda v: Rfm(tuple(v))
)
_cuts = st.sampled_from(((0.8, 0.95), (0.5, 0.75), (0.1, 0.9)))
_classes = st.lists(st.sampled_from(("A", "B", "C")), min_size=1, max_size=2, unique=True).map(tuple)
_totals = st.sampled_from(("events", "items", "days", "quantity", "value", "dwell"))
_stages = st.lists(st.sampled_from(STAGES), min_size=1, max_size=3, unique=True).map(tuple)
_spans_set = st.sampled_from(((None, None), (10, 20), (1, 2), (None, 15), (30, None)))
loyalty_settings = st.builds(
    lambda spans, loyal, new: LoyaltySettings(spans[0], spans[1], loyal, new),
    _spans_set, st.sampled_from((None, 1, 2)), st.sampled_from((None, 5, 60)),
)  # fmt: skip
_OWN: dict[str, Any] = {"recency": (5, 20, 30, 41), "frequency": (1, 2, 3, 4.5), "money": (-1, 0.5, 10, 20)}
rfm_settings = st.builds(
    lambda n, own, monetary: RfmSettings(n, **{key: _OWN[key][: n - 1] for key in own}, monetary=monetary),
    st.sampled_from((3, 4, 5)), st.sets(st.sampled_from(("recency", "frequency", "money"))),
    st.sampled_from(("apart", "with_frequency", "none")),
)  # fmt: skip
worths = st.one_of(
    st.builds(Abc, _classes, _totals, _cuts, _words, windows, _where),
    st.builds(Abc, _classes, st.one_of(_totals, st.just("orders")), _cuts, st.just("purchase"), windows, _where),
    st.builds(Loyalty, _stages, loyalty_settings),
    st.builds(
        lambda settings, cells: Rfm(cells, settings=settings),
        rfm_settings, st.lists(st.sampled_from(("11", "13", "22", "31", "33", "Champions")), min_size=1).map(tuple),
    ),
)  # fmt: skip
leaves: st.SearchStrategy[Rule] = st.one_of(props, dids, dids, orders, tops, samples, rfms, worths)


def _nested(inner: st.SearchStrategy[Rule]) -> st.SearchStrategy[Rule]:
    some = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return st.one_of(st.builds(All, some), st.builds(AnyOf, some), st.builds(Not, inner))


rules: st.SearchStrategy[Rule] = st.recursive(leaves, _nested, max_leaves=5)
