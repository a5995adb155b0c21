"""What may be said, from differences written by hand."""

from __future__ import annotations

import pytest

from core.evaluate import METRICS, Difference, Measured, ModelScore
from core.evaluate.verdict import full_name, judge, labels
from core.recommend import NAMES, Spec, spec


def score(label: str, mean: float, users: int = 1000, made: Spec | None = None) -> ModelScore:
    figures = dict.fromkeys(METRICS, Measured(mean, mean - 0.004, mean + 0.004))
    return ModelScore(label, made or spec(label), figures, 0.5, 4.0, 1.0, 1.0, users)


def broken(label: str) -> ModelScore:
    return ModelScore(
        label, spec(label), {}, None, None, None, None, 1000, {"code": "no", "message": "No.", "hint": ""}
    )


def every_pair(models: list[ModelScore], unsure: set[frozenset[str]] = frozenset()) -> list[Difference]:  # type: ignore[assignment]
    """All pairs, surely different but for those named."""
    done = sorted((m for m in models if not m.problem), key=lambda m: -m.metrics["ndcg"].value)
    made = []
    for n, a in enumerate(done):
        for b in done[n + 1 :]:
            by = a.metrics["ndcg"].value - b.metrics["ndcg"].value
            p = 0.4 if frozenset({a.label, b.label}) in unsure else 0.001
            made.append(Difference(a.label, b.label, "ndcg", by, by - 0.01, by + 0.01, p, p))
    return made


def unsure(*pairs: str) -> set[frozenset[str]]:
    return {frozenset(pair.split("/")) for pair in pairs}


def test_a_winner_is_surely_ahead_of_every_other() -> None:
    models = [score("popular", 0.0695), score("ease", 0.121), score("ials", 0.101), score("puresvd", 0.1)]
    verdict = judge(models, every_pair(models, unsure("ials/puresvd")), 10)
    assert verdict.winner == "ease"
    assert verdict.tied == ("ease",)
    assert verdict.beats_popularity == ("ease", "ials", "puresvd")
    assert verdict.text == (
        "Goes together, weighed jointly (EASE) is ahead of every other: on average NDCG@10 0.121 (0.117 to 0.125), "
        "74 % above Most popular. No difference can be shown between Hidden tastes (iALS) and Main tastes (PureSVD)."
    )


def test_one_unsure_difference_at_the_top_is_no_winner() -> None:
    models = [score("popular", 0.05), score("ease", 0.121), score("ials", 0.12), score("puresvd", 0.08)]
    verdict = judge(models, every_pair(models, unsure("ease/ials")), 5)
    assert verdict.winner is None
    assert verdict.tied == ("ease", "ials")
    assert verdict.text == (
        "No winner: Goes together, weighed jointly (EASE) has the highest average, NDCG@5 0.121 (0.117 to 0.125), but "
        "no difference can be shown between it and Hidden tastes (iALS). All the others are surely better than the "
        "list of bestsellers (Most popular)."
    )


def test_tied_is_judged_against_the_best_alone() -> None:
    """The second is not surely ahead of the third, but the third is surely behind the best."""
    models = [score("popular", 0.05), score("ease", 0.12), score("ials", 0.11), score("puresvd", 0.10)]
    verdict = judge(models, every_pair(models, unsure("ease/ials", "ials/puresvd")), 10)
    assert verdict.tied == ("ease", "ials")


def test_nothing_beats_the_bestsellers() -> None:
    models = [score("popular", 0.05), score("ease", 0.051), score("ials", 0.049)]
    verdict = judge(models, every_pair(models, unsure("ease/popular", "ease/ials", "ials/popular")), 10)
    assert (verdict.winner, verdict.beats_popularity) == (None, ())
    assert verdict.tied == ("popular", "ease", "ials")
    assert "are not shown to be better than the one list of bestsellers (Most popular): use that" in verdict.text


def test_the_bestsellers_themselves_can_win() -> None:
    models = [score("popular", 0.08), score("ease", 0.05)]
    verdict = judge(models, every_pair(models), 10)
    assert verdict.winner == "popular"
    assert verdict.beats_popularity == ()
    assert verdict.text == (
        "Most popular is ahead of every other: on average NDCG@10 0.080 (0.076 to 0.084). The list of bestsellers "
        "(Most popular) serves users better here: use it."
    )


def test_who_is_not_better_than_the_bestsellers_is_named() -> None:
    models = [score("popular", 0.05), score("ease", 0.12), score("ials", 0.052)]
    verdict = judge(models, every_pair(models, unsure("ials/popular")), 10)
    assert verdict.winner == "ease"
    assert verdict.beats_popularity == ("ease",)
    assert "Not shown to be better than the list of bestsellers: Hidden tastes (iALS)." in verdict.text


def test_few_users_are_said() -> None:
    models = [score("popular", 0.05, 12), score("ease", 0.4, 12)]
    text = judge(models, every_pair(models), 10).text
    assert "8.0 times that of Most popular" in text
    assert "Only 12 users could be judged" in text


def test_models_that_could_not_be_fitted_are_named_and_do_not_count() -> None:
    models = [score("popular", 0.05), broken("ials"), score("ease", 0.1)]
    verdict = judge(models, every_pair(models), 10)
    assert verdict.winner == "ease"
    assert verdict.beats_popularity == ("ease",)
    assert verdict.text.endswith("Could not be compared: Hidden tastes (iALS).")
    nothing = judge([broken("popular"), broken("ease")], [], 10)
    assert (nothing.winner, nothing.tied) == (None, ())
    assert nothing.text == "No model could be fitted, so nothing can be said."


def test_one_model_alone_wins_nothing() -> None:
    verdict = judge([score("popular", 0.05)], [], 10)
    assert verdict.winner is None
    assert verdict.text == (
        "Most popular reached NDCG@10 0.050 (0.046 to 0.054) on average; there is no other model to compare it with."
    )


def test_a_bestseller_list_without_any_hit_divides_nothing() -> None:
    models = [score("popular", 0.0), score("ease", 0.1)]
    assert judge(models, every_pair(models), 10).text.startswith(
        "Goes together, weighed jointly (EASE) is ahead of every other: on average NDCG@10 0.100 (0.096 to 0.104)."
    )


def test_two_of_one_model_are_told_apart_by_what_differs() -> None:
    specs = [spec("ease", {"ridge": 50}), spec("ease", {"ridge": 500}), spec("ials")]
    assert labels(specs) == ["ease ridge=50", "ease ridge=500", "ials"]
    assert full_name(specs[1], specs) == "Goes together, weighed jointly (EASE, caution 500)"


@pytest.mark.parametrize("name", NAMES)
def test_every_model_has_a_name_for_sentences(name: str) -> None:
    text = full_name(spec(name), [spec(name)])
    assert text
    assert text[0].isupper()
    assert len(text) < 60
