"""A shop whose recommendations are known by eye, and the page Explain opened on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from streamlit.testing.v1 import AppTest

from core.progress import no_step
from core.recommend import FitSpec, list_models, prepare_fit, publish_fit, spec
from core.recommend.task import fit_task
from core.store import Store
from tests.pages.drive import opened, settled
from tests.segments.world import World, event

HOSTILE = "[u](http://x.com) $1$"
FORMULA = '=HYPERLINK("http://x.com")'


def board() -> World:
    """Two camps: users of the even one took items of a, those of the odd one items of b; each left one out.

    What the user u0 would want next is known by eye: a0, which all others of its camp took.
    """
    events = []
    for n in range(24):
        camp = "ab"[n % 2]
        for k in range(4):
            if k != n // 2 % 4:
                day = f"2024-03-{1 + n % 20:02d}T{8 + k:02d}:00"
                events.append(event(f"u{n}", "purchase", day, item=f"{camp}{k}", quantity=1, value=5, channel="web"))
    events.append(event(HOSTILE, "purchase", "2024-03-21", item="a1", quantity=1, value=9))
    events.append(event(HOSTILE, "purchase", "2024-03-21", item=FORMULA, quantity=1, value=9))
    items = {f"{camp}{k}": {"category": f"camp {camp}"} for camp in "ab" for k in range(4)}
    return World(users={"never": {"country": "France"}}, items=items, events=tuple(events))


def page(**address: str) -> AppTest:
    """The page opened by a link."""
    at = opened("explain", ws="shop")
    view = address.pop("about", None)
    for name, value in address.items():
        at.query_params[name] = value
    if view:
        at.segmented_control(key="about").set_value(view)
    at.run()
    assert not at.exception, at.exception
    return at


def press(at: AppTest, key: str) -> AppTest:
    at.button(key=key).click().run()
    return settled(at)


def fitted(at: AppTest) -> AppTest:
    """Press the button that fits the model that is proposed, and wait."""
    return press(at, "fit_start")


def model_of(store: Store, folder: Path, name: str = "item-knn") -> str:
    """A stored model, as the job makes it, but in this process: its id."""
    fit = FitSpec(spec(name))
    out = folder / f"out-{len(list_models(store))}"
    out.mkdir()
    result = fit_task(fit.as_json(), prepare_fit(store, fit), out, no_step)
    arrays = {path.stem: np.load(path) for path in out.glob("*.npy")}
    with store.atomic(data=False) as writer:
        return str(publish_fit(writer, Left(result, out, arrays))["model_id"])


@dataclass(frozen=True)
class Left:
    """What a worker leaves behind."""

    result: dict[str, Any]
    folder: Path
    arrays: dict[str, Any]


def linked(at: AppTest, name: str) -> str | None:
    """What the address says."""
    found = at.query_params.get(name)
    return found[0] if isinstance(found, list) else found


def errors(at: AppTest) -> str:
    return "".join(e.value for e in at.main.error).replace("\\", "")


def keys(at: AppTest) -> set[str]:
    return {b.key for b in at.main.button if b.key}
