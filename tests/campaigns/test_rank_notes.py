"""What the ranking of a list cannot tell, and where it speaks against being on it: on the world of test_make."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from core.campaigns import make_list
from core.store import Store
from tests.campaigns.test_make import ASKED, SCORES, WORLD
from tests.campaigns.world import Given, prepare, put
from tests.prepared import new_store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with new_store(tmp_path_factory.mktemp("lists") / "w.duckdb") as store:
        yield put(prepare(store), WORLD)


def test_what_the_ranking_cannot_tell_is_said(store: Store) -> None:
    """Rank: eve, fay and gus 10, bob 9, kim 8, lea and max 7, pia 6, ned 5, ora 4; nobody suppressed or held out."""

    def said(size: int, scores: dict[tuple[str, str], float] = SCORES, base: float | None = None) -> str:
        asked = replace(ASKED, size=size, holdout=0.0)
        model = Given(store, asked, scores)
        model.base = base
        return "\n".join(make_list(store, asked, model=model).notes)

    assert "1 of the first 6 in rank and 1 after them rank the same: who of them is on the list was drawn" in said(6)
    assert "2 of the first 2 in rank and 1 after them rank the same" in said(2)
    assert not [size for size in (3, 5, 7, 50) if "rank the same" in said(size)]

    silent = SCORES | {(user, "mug"): 0.0 for user in ("pia", "ned", "ora")}
    assert "For 1 user of the first 8 in rank the score is 0: nothing that they did speaks for it." in said(8, silent)
    assert "With up to 7 to contact the list is without them." in said(8, silent)
    assert "1 of the first 8 in rank and 2 after them rank the same" in said(8, silent)
    assert "score is 0" not in said(7, silent) + said(50)

    below = silent | {("ora", "mug"): -1.0, ("lea", "mug"): -0.5}
    for base in (None, 0.2):
        assert "score is" not in said(50, below, base), "where scores do not count from 0 the sign says nothing"
    told = said(50, below, 0.0)
    assert "For 2 users of the first 10 in rank the score is below 0: what they did speaks against it more than" in told
    assert "For 2 users of the first 10 in rank the score is 0" in told
    assert "With up to 6 to contact the list is without them." in told
    assert "score is" not in said(6, below, 0.0)
    nobody = dict.fromkeys(SCORES, -1.0)
    assert "without them" not in said(3, nobody, 0.0), "there is nobody else"

    held = replace(ASKED, size=50, holdout=0.4)
    made = make_list(store, held, model=Given(store, held, silent))
    most = int((made.contacted.scores > 0).sum())
    assert 0 < most < 7, "some of those with a score are held out"
    assert f"With up to {most} to contact the list is without them." in " ".join(made.notes)
    short = make_list(store, replace(held, size=most), model=Given(store, held, silent))
    assert (short.contacted.scores > 0).all()
    assert "score is 0" not in " ".join(short.notes)
