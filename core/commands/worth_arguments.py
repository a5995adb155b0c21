"""How users are parted by value, as said on the command line: RFM, stages of loyalty, ABC. Of segments and movement."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import cast, get_args

from core.errors import Refusal
from core.segments import DEFAULT_GRID, Abc, Grid, LoyaltySettings, Measure, RfmSettings

MOST_BYTES = 5_000_000
_SIZES = (3, 4, 5)
LOYALTY = ("slipping_after", "lost_after", "loyal_orders", "new_within")


def add_worth_arguments(parser: argparse.ArgumentParser, rfm: str, loyalty: str, abc: str) -> None:
    """Options of RFM, loyalty and ABC; the last three say with which task each goes."""
    more = parser.add_argument_group(f"with {rfm}")
    more.add_argument("--grid", metavar="FILE", help="your own names of the cells, as JSON {NAME: [CELLS]}")
    more.add_argument(
        "--scores", type=int, choices=_SIZES, help="scores each way (default: 5, or as grid and cuts say)"
    )
    more.add_argument(
        "--cuts", nargs="+", metavar="CUTS",
        help=f"own cuts: recency=30,90,180,365 (days) frequency=1,2,4,9 (orders) money=...; with {abc}: 0.8,0.95",
    )  # fmt: skip
    more.add_argument(
        "--monetary", choices=("apart", "with_frequency", "none"),
        help="money: scored apart (default), together with frequency, or not at all",
    )  # fmt: skip
    more = parser.add_argument_group(f"with {loyalty}", "each learned from the data where it is not given")
    more.add_argument("--slipping-after", type=int, metavar="DAYS", help="since the last order: slipping")
    more.add_argument("--lost-after", type=int, metavar="DAYS", help="since the last order: lost")
    more.add_argument("--loyal-orders", type=int, metavar="N", help="orders from which a customer is loyal")
    more.add_argument("--new-within", type=int, metavar="DAYS", help="since the first order: new")
    more = parser.add_argument_group(f"with {abc}")
    more.add_argument("--measure", metavar="M", help="what is shared out (default: value): orders, quantity, ...")
    more.add_argument("--event", metavar="E", help="of which events (default: purchase)")


def rfm_settings(args: argparse.Namespace) -> tuple[Grid, RfmSettings]:
    """Names and settings. The number of scores, where not given, is the grid's, else one more than there are cuts."""
    grid = Grid.of(_grid(read_text(args.grid))) if args.grid else DEFAULT_GRID
    cuts: dict[str, tuple[float, ...]] = {}
    for given in args.cuts or ():
        name, equals, numbers = given.partition("=")
        if name not in ("recency", "frequency", "money") or not equals or name in cuts:
            raise _bad_cuts(given, "recency=30,90,180,365 frequency=1,2,4,9 money=50,100,500,1000")
        cuts[name] = _numbers(numbers, given)
    by_cuts = len(next(iter(cuts.values()))) + 1 if cuts else 5
    scores = args.scores or (grid.size if args.grid else by_cuts)
    return grid, RfmSettings(scores=scores, monetary=args.monetary or "apart", **cuts)


def loyalty_settings(args: argparse.Namespace) -> LoyaltySettings:
    """The thresholds; those not given are learned."""
    return LoyaltySettings(**{name: getattr(args, name) for name in LOYALTY})


def abc_spec(args: argparse.Namespace) -> Abc:
    """What is shared out. Raises Refusal, BadRule."""
    if args.measure and args.measure not in get_args(Measure):
        raise Refusal(
            "bad_measure", f"There is no measure {args.measure!r}.", f"Known: {', '.join(get_args(Measure))}."
        )
    given = args.cuts or ["0.8,0.95"]
    first, *rest = _numbers(given[0], given[0])
    if len(given) > 1 or len(rest) != 1:
        raise _bad_cuts(" ".join(given), "0.8,0.95 (A = the first 80 %, B = to 95 %)")
    event = args.event or "purchase"
    measure = cast(Measure, args.measure or ("value" if event == "purchase" else "events"))
    return Abc(("A",), measure, (first, rest[0]), event)


def given(args: argparse.Namespace, names: Iterable[str]) -> list[str]:
    """Of these options the ones that were given, as typed."""
    return [f"--{name.replace('_', '-')}" for name in names if getattr(args, name) not in (None, False)]


def read_text(source: str) -> str:
    """A file's text, or stdin for "-". Raises Refusal `no_such_file`, `file_too_large`, `not_text`."""
    try:
        if source == "-":
            return sys.stdin.read(MOST_BYTES)
        path = Path(source)
        if path.stat().st_size > MOST_BYTES:
            raise Refusal(
                "file_too_large", f"{source} is larger than {MOST_BYTES // 1_000_000} MB.", "Is it the right one?"
            )
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise Refusal("no_such_file", f"{source} cannot be read: {error.strerror}.", "Name a JSON file.") from None
    except UnicodeDecodeError:
        raise Refusal("not_text", f"{source} is not UTF-8 text.", "Save it as UTF-8.") from None


def _numbers(text: str, given: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise _bad_cuts(given, "recency=30,90,180,365") from None


def _bad_cuts(given: str, example: str) -> Refusal:
    return Refusal("bad_cuts", f"{given!r} is not understood as cuts.", f"Write --cuts {example}.")


def _grid(text: str) -> dict[str, list[str]]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not all(isinstance(cells, list) for cells in found.values()):
        raise Refusal(
            "bad_grid", "The grid is not a JSON object of lists.", 'Example: {"Recent": ["[4-5][1-5]"], ...}.'
        )
    return found
