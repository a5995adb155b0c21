"""Where a rule of segments chooses exactly the users of a step."""

from __future__ import annotations

from datetime import timedelta

from core.funnel.answer import Come
from core.funnel.question import FunnelSpec
from core.segments import All, Between, Did, EventStep, Ever, Last, Not, Rule
from core.store import Store


def funnel_rule(
    store: Store, spec: FunnelSpec, step: int, rule_window: Ever | Last | Between, *, come: Come = "came"
) -> Rule | None:
    """The rule for who came to `step` ("lost": and not to the next); None where no rule says exactly the same.

    Order, time limits and what must stay the same are the funnel's own, so rules say the first step, and the steps of
    a funnel in any order without either. `rule_window`: the funnel's period, as segments say it.
    """
    steps = spec.steps[: step + (2 if come == "lost" else 1)]
    free = spec.order == "any" and spec.within is None and len(set(steps)) == len(steps)
    if spec.held is not None or not (free or (step == 0 and come == "came")) or any(map(_nets_returns, steps)):
        return None
    window = rule_window
    if spec.order != "any" and isinstance(window, Ever):
        # an ordered funnel needs the moment, which "ever" does not
        last = store.as_of()
        if last is None:
            return None
        window = Between(None, last.date() + timedelta(days=1))
    done = [Did(each.event, window=window, where=each.where) for each in steps]
    if come == "lost":
        return All((*done[:-1], Not(done[-1])))
    return done[0] if len(done) == 1 else All(tuple(done))


def _nets_returns(step: EventStep) -> bool:
    """Whether the rule would leave out items wholly returned, as the funnel does not."""
    return step.event == "purchase" and any(part.of == "item" for part in step.where)
