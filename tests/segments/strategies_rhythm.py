"""Random rules on rhythm, over the words, windows and filters of tests.segments.strategies."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from core.segments import Moment, Regularly, Resumed, Span, Stopped

spans = st.builds(Span, st.sampled_from((1, 2, 7, 14, 30)), st.sampled_from(("hours", "days", "days", "weeks")))


def _regularly(word: str, numbers: list[int], unit: Any, where: Any) -> Regularly:
    return Regularly(word, min(numbers), max(numbers), unit, where)


def rhythm_strategy(
    words: st.SearchStrategy[str], windows: st.SearchStrategy[Any], where: st.SearchStrategy[Any]
) -> st.SearchStrategy[Any]:
    """All four kinds, with few values, so that borders are met."""
    few = st.lists(st.sampled_from((1, 2, 3, 5, 8, 70)), min_size=2, max_size=2)
    return st.one_of(
        st.builds(Moment, st.sampled_from(("first", "last")), words, windows, where),
        st.builds(_regularly, words, few, st.sampled_from(("days", "weeks", "months")), where),
        st.builds(Stopped, words, spans, st.one_of(st.none(), spans), st.sampled_from((1, 1, 2, 3)), where),
        st.builds(Resumed, words, spans, spans, where),
    )
