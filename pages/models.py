"""Models: which one finds the right items for each user, and whom each would have reached."""

from __future__ import annotations

from core.errors import Refusal
from core.store import Store
from pages._ui import (
    models_audience,
    models_board,
    models_compare,
    models_jobs,
    models_newcomers,
    models_ratings,
    models_runs,
    models_tune,
)
from pages._ui.models_jobs import VIEW, VIEWS
from pages._ui.shell import refuse, start
from pages._ui.views import pick_view

_QUESTIONS = {
    "Compare": "Compare models",
    "Tune": "Tune settings",
    "Board": "Leaderboard",
    "Audience": "Right people for an item",
    "Newcomers": "New users and items",
    "Ratings": "Predict ratings",
    "Runs": "Runs and fitted models",
}
_DRAW = {
    "Compare": models_compare.draw,
    "Tune": models_tune.draw,
    "Board": models_board.draw,
    "Audience": models_audience.draw,
    "Newcomers": models_newcomers.draw,
    "Ratings": models_ratings.draw,
    "Runs": models_runs.draw,
}


def main() -> None:
    """Draw the page."""
    store = start("Models", "Which model finds the right items for each user?")
    if store is None:
        return
    try:
        _draw(store)
    except Refusal as refusal:
        refuse(refusal)


def _draw(store: Store) -> None:
    models_jobs.arrive(store)
    _DRAW[pick_view({view: _QUESTIONS[view] for view in VIEWS}, VIEW)](store)


main()
