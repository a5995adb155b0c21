"""The leaderboard in words: what its runs asked, which settings a model had, and how it stands to the best."""

from __future__ import annotations

from collections import Counter

from core.evaluate import Board, Comparison, Standing, surely
from core.figures.evaluate import way_name
from core.recommend import Spec, info
from pages._ui import format as fmt
from pages._ui.models_words import SPLIT_NAMES, p_words, spec_title, split_words


def board_label(board: Board) -> str:
    """How a board is told from the others."""
    spec = board.spec
    newest = max((one.created_at for one in board.standings), default=None)
    parts = [
        SPLIT_NAMES[board.split],
        f"lists of {spec.k}",
        f"{fmt.number(board.users)} users",
        fmt.count(len(board.standings), "model"),
    ]
    if spec.candidates == "sampled":
        parts.append("1 against 99 drawn items")
    if newest is not None:
        parts.append(fmt.day(newest))
    return " · ".join(parts) + (" · old data" if board.stale else "")


def about(board: Board) -> str:
    """What all runs of the board asked."""
    spec = board.spec
    against = " The right item stood among 99 drawn ones only: not to be compared with other figures."
    runs = len({one.run_id for one in board.standings})
    return (
        f"Every model here was asked the same: {split_words(board.split)}, lists of {spec.k} items, "
        f"{fmt.count(board.users, 'user')} judged (seed {spec.seed}). The figures come from {fmt.count(runs, 'run')}; "
        "of a model that was judged in several, the newest counts." + (against if spec.candidates == "sampled" else "")
    )


def standing_names(board: Board) -> tuple[str, ...]:
    """What the models of a board are called: by what they do, and by their settings where that name stands twice."""
    specs = [one.score.spec for one in board.standings]
    plain_names = [info(spec.model).plain for spec in specs]
    twice = {name for name, n in Counter(plain_names).items() if n > 1}
    titles = [spec_title(spec) if name in twice else name for spec, name in zip(specs, plain_names, strict=True)]
    return tuple(titles)


def usual(one: Standing) -> str:
    """The settings that are not the usual ones, for a table."""
    spec = one.score.spec
    changed = spec_title(spec).removeprefix(info(spec.model).plain).strip(" ()")
    return changed or "the usual ones"


def settings_words(spec: Spec) -> str:
    """Every setting of a model in a sentence."""
    line = info(spec.model)
    playing = [p for p in line.params if p.plays(dict(spec.params)) and spec[p.name] != ""]
    told = "; ".join(f"{p.plain.lower()}: {spec[p.name]}" for p in playing)
    return f"{line.plain} ({line.term}). {'Settings: ' + told if told else 'It has no settings'}."


def against_best(found: Comparison, name: str) -> str:
    """The paired difference of one model to the highest average of its run; "" where it is that one."""
    names = {m.label: way_name(m.label, m.spec) for m in found.models}
    best = found.verdict.winner or next(iter(found.verdict.tied), None)
    pair = next((d for d in found.differences if d.a == best and d.b == name), None)
    if best is None or pair is None:
        return ""
    sure = "surely behind" if surely(pair) else "no difference can be shown"
    return (
        f"Against {names[best]}, user by user: {-pair.difference:+.4f} NDCG@{found.spec.k} (95 % interval "
        f"{-pair.high:+.4f} to {-pair.low:+.4f}, {p_words(pair.p_holm)}): {sure}."
    )
