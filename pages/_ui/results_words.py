"""Results, in words: what counted, over which days, whether the groups have the sizes that were planned."""

from __future__ import annotations

from datetime import timedelta

from core.experiments import SRM_ALARM, Arm, Effect, Readout, SavedList, wilson
from core.figures import ARM_NAMES, event_name, points
from pages._ui import format as fmt
from pages._ui.models_words import p_words


def withheld(read: Readout) -> bool:
    """Whether the groups' sizes cannot be what was planned: then neither rates nor a difference may be shown."""
    effect = read.effect
    return effect.estimate is None and effect.srm_p is not None and effect.srm_p < SRM_ALARM


def headline(read: Readout) -> tuple[str, str]:
    """The note's first sentence, and the rest of it."""
    first, _, rest = read.note.partition(". ")
    return first.rstrip(".") + ".", rest


def intervals(read: Readout) -> dict[str, tuple[float, float]]:
    """The 95 % interval of each group's response rate (Wilson), of those groups that have users."""
    return {arm.arm: wilson(arm.responses, arm.users) for arm in read.arms if arm.users}


def counted(saved: SavedList, source: str) -> str:
    """What a response is."""
    if source != "events":
        return f"A response is a line of the file “{source}”: the events of the workspace are not looked at."
    shown = ", ".join(saved.items[:5]) + (f" and {len(saved.items) - 5} more" if len(saved.items) > 5 else "")
    about = f" about {shown}" if saved.items else ""
    if saved.event == "purchase":
        about = f" {shown}" if saved.items else ""
        return (
            f"Who bought{about or ' anything'} in these days has responded, once, however often. What was wholly sent "
            "back within them does not count."
        )
    return (
        f"Who had an event of the kind “{event_name(saved.event).lower()}”{about} has responded, once, however often."
    )


def window(read: Readout) -> str:
    """The days that counted, and whether they are over."""
    saved, (start, until) = read.saved, read.window
    said = f"Responses count for {fmt.count(saved.days, 'day')} from {fmt.moment(saved.sent_at)} UTC on"
    if read.complete:
        return f"{said}. These days are over: the window is complete."
    if until <= start:
        return f"{said}. The data end before the sending: nothing can be read yet."
    last = until - timedelta(microseconds=1)
    return (
        f"{said}. The data end on {fmt.moment(last)} UTC, before these days are over: the window is not complete yet."
    )


def sizes(read: Readout) -> str:
    """The sample-ratio check."""
    by_name = {arm.arm: arm for arm in read.arms}
    held = f"{fmt.number(by_name['contacted'].users)} contacted and {fmt.number(by_name['control'].users)} held back"
    effect, planned = read.effect, read.saved.holdout
    if effect.srm_p is None or planned is None:
        return (
            f"Sizes of the groups: {held}. What share was planned to be held back is not known, so that the sizes "
            "cannot be checked against it."
        )
    plan = f"the planned {fmt.percent(planned)} held back"
    if effect.srm_p < SRM_ALARM:
        return (
            f"Sizes of the groups: {held}. That cannot come from {plan} ({p_words(effect.srm_p)}): somebody was lost "
            "or added after the draw, and the groups are not comparable any longer."
        )
    return f"Sizes of the groups: {held}. That fits {plan} (sample-ratio check, {p_words(effect.srm_p)})."


def rate_words(arm: Arm) -> str:
    """How a group's response rate came about."""
    return f"{fmt.number(arm.responses)} of {fmt.count(arm.users, 'user')} responded"


def difference_words(effect: Effect) -> tuple[str, str]:
    """The difference in response rate, and its interval."""
    if effect.estimate is None or effect.low is None or effect.high is None:
        return fmt.NONE, ""
    return points(effect.estimate), f"{points(effect.low).removesuffix(' points')} to {points(effect.high)}"


def value_words(effect: Effect) -> tuple[str, str]:
    """The difference in value per head, and its interval."""
    if effect.value_estimate is None:
        return fmt.NONE, ""
    shown = _signed(effect.value_estimate)
    if effect.value_low is None or effect.value_high is None:
        return shown, ""
    return shown, f"{_signed(effect.value_low)} to {_signed(effect.value_high)}"


def test(read: Readout) -> str | None:
    """Where the figures of the difference come from."""
    if read.effect.estimate is None:
        return None
    sure = "" if read.effect.p is None else f", and {p_words(read.effect.p)} by a two-proportion z test"
    return (
        "Intervals: of each rate by Wilson's formula, of their difference by Newcombe's (1998, method 10), of the "
        f"value by Welch's{sure}."
    )


def arm_name(arm: str) -> str:
    """What people call a group."""
    return ARM_NAMES.get(arm, arm)


def _signed(amount: float) -> str:
    return ("+" if amount > 0 else "") + fmt.money(amount)
