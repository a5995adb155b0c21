"""What goes wrong in the events file: each kind planted in an exact number of rows, never two kinds in one row."""

from collections.abc import Sequence

import numpy as np

from data.sample_model.settings import END_S, Bools, Ints, iso
from data.sample_model.sheet import HEADER, Sheet, Texts, pounds
from data.sample_model.shop import Shop

WRONG_TIMES = ("not a time", "2026-13-45T99:00:00Z", "31/02/2026", "yesterday", "0000-00-00 00:00:00", "T12:30")
WRONG_QUANTITIES = ("abc", "1,5", "two", "3x")
WRONG_PRICES = ("abc", "12,50", "1.2.3", "free")
WRONG_RATINGS = ("five", "4/5", "good")
ODD_RATINGS = ("11", "0", "-1", "55")
CRATES = ("80995", "74215", "50000", "31200", "12960", "99999", "24000", "65536")
FORTUNES = ("38970.00", "11062.06", "99999.99", "17836.46", "8142.75", "25000.00")
CODES = (("POST", 260, "4.95"), ("GIFTWRAP", 120, "3.50"), ("DISCOUNT", 90, "-5.00"))
TEST_IDS = ("test_01", "test_02", "test_03", "test_admin", "qa-01", "qa-02")
LOOKING = ("view", "click")
ABSENT = {"session_id": "", "device": "", "weather": ""}

CHANGED: tuple[tuple[str, tuple[str, ...], int, str, Sequence[str]], ...] = (
    ("unparseable_time", LOOKING, 60, "event_time", WRONG_TIMES),
    ("missing_event_type", LOOKING, 50, "event_type", ("",)),
    ("missing_item", (*LOOKING, "cart"), 90, "item_id", ("",)),
    ("bad_quantity", ("purchase",), 40, "quantity", WRONG_QUANTITIES),
    ("bad_price", ("purchase",), 40, "unit_price", WRONG_PRICES),
    ("bad_rating", ("rating",), 20, "rating", WRONG_RATINGS),
    ("impossible_rating", ("rating",), 40, "rating", ODD_RATINGS),
)
REJECTED = ("unparseable_time", "missing_event_type", "bad_quantity", "bad_price", "bad_rating")
FUTURE, SLIPS, NEGATIVE, FREE, TEST_SESSIONS = 24, 12, 30, 20, 18
REPEATED_ONCE, REPEATED_TWICE = 560, 20


class Dirtying:
    """Plants dirt into a sheet; rows of the past campaign's members and of guests are left as they are."""

    def __init__(self, rng: np.random.Generator, shop: Shop, sheet: Sheet) -> None:
        self.rng = rng
        self.sheet = sheet
        log, people = shop.log, shop.world.people
        member = np.isin(log["user"], shop.campaign.user)
        shopper = np.isin(log["user"], people.having(0, 1, 2, 3, 4, 5))
        self.free: Bools = shopper & ~member
        self.at = log["at"]
        self.order = log["order"]
        self.session = log["session"]
        self.event = sheet.cells["event_type"].copy()
        returned = np.unique(self.order[self.event == "return"])
        self.unreturned: Bools = ~np.isin(self.order, returned)
        self.extra: list[Sheet] = []
        self.next_order = int(self.order.max()) + 1
        self.next_session = int(self.session.max()) + 1

    def claim(self, events: Sequence[str], number: int, *, one_an_order: bool = False, kept: bool = False) -> Ints:
        """Rows of some event types that carry no dirt yet, handed out only once. `kept`: of orders never returned."""
        pool = np.flatnonzero(self.free & np.isin(self.event, list(events)) & (self.unreturned | (not kept)))
        pool = self.rng.permutation(pool)
        if one_an_order:
            pool = pool[np.sort(np.unique(self.order[pool], return_index=True)[1])]
        rows = np.sort(pool[:number])
        self.free[rows] = False
        return np.asarray(rows, np.int64)

    def change(self, kind: str, rows: Ints, column: str, values: Sequence[str]) -> None:
        """Writes wrong values into a column, in turn."""
        self.sheet.cells[column][rows] = np.array(np.resize(np.array(values, object), len(rows)), object)
        self.sheet.label[rows] = kind

    def add(self, kind: str, rows: Ints, **changes: Texts | str) -> None:
        """Adds copies of rows with some cells changed, a little further down in the file."""
        copy = self.sheet.rows(rows)
        for column, values in changes.items():
            copy.cells[column] = np.array(np.broadcast_to(np.array(values, object), len(rows)), object)
        copy.label[:] = kind
        copy.place = copy.place + 0.5
        self.extra.append(copy)

    def shifted(self, rows: Ints, low: int, high: int) -> Texts:
        """Times of rows, moved on by a whole number of seconds from low to high, kept within the data."""
        moved = np.minimum(self.at[rows] + self.rng.integers(low, high, len(rows)), END_S - 1)
        return np.array([iso(int(at)) for at in moved], object)


def make_dirty(rng: np.random.Generator, shop: Shop, sheet: Sheet) -> tuple[Sheet, list[dict[str, str]]]:
    """The file as it is handed over, and the true prices behind the slipped decimal points."""
    work = Dirtying(rng, shop, sheet)
    for kind, events, number, column, values in CHANGED:
        work.change(kind, work.claim(events, number, one_an_order="purchase" in events), column, values)
    rows = work.claim(("view",), FUTURE)
    work.change("future_date", rows, "event_time", ["2062" + text[4:] for text in sheet.cells["event_time"][rows]])
    slips = _decimal_slips(work)
    _negative_quantities(work)
    _extra_lines(work)
    _outliers(work)
    _tests(work)
    _repeats(work)
    dirty = sheet
    for more in work.extra:
        dirty = dirty.extended(more)
    return dirty.in_order(), slips


def _decimal_slips(work: Dirtying) -> list[dict[str, str]]:
    """Prices a hundred times too high, and not sent back: the repair needs the true price."""
    cells = work.sheet.cells
    rows = work.claim(("purchase",), SLIPS, one_an_order=True, kept=True)
    true = list(cells["unit_price"][rows])
    work.change("price_slip", rows, "unit_price", [pounds(round(float(price) * 10_000)) for price in true])
    return [
        {"order_id": order, "item_id": item, "true_unit_price": price}
        for order, item, price in zip(cells["order_id"][rows], cells["item_id"][rows], true, strict=True)
    ]


def _negative_quantities(work: Dirtying) -> None:
    """Returns that an old till booked as purchases of a negative quantity."""
    rows = work.claim(("purchase",), NEGATIVE, one_an_order=True, kept=True)
    minus = np.array([f"-{quantity}" for quantity in work.sheet.cells["quantity"][rows]], object)
    later = work.shifted(rows, 900, 7_200)
    work.add("negative_quantity", rows, event_time=later, quantity=minus, **ABSENT)


def _extra_lines(work: Dirtying) -> None:
    """Postage, gift wrapping, discounts and free samples among the lines of real orders."""
    for code, number, price in CODES:
        rows = work.claim(("purchase",), number, one_an_order=True)
        work.add("non_product", rows, item_id=code, unit_price=price, quantity="1")
    work.add("zero_price", work.claim(("purchase",), FREE, one_an_order=True), unit_price="0.00", quantity="1")


def _outliers(work: Dirtying) -> None:
    """Slips of the hand that were cancelled minutes later: huge quantities and huge prices, each with its return."""
    for kind, column, values in (("quantity_outlier", "quantity", CRATES), ("price_outlier", "unit_price", FORTUNES)):
        rows = work.claim(("purchase",), len(values), one_an_order=True)
        order = np.array([f"O{work.next_order + i:06d}" for i in range(len(values))], object)
        work.next_order += len(values)
        wrong = np.array(values, object)
        work.add(kind, rows, order_id=order, **{column: wrong})
        undone = work.shifted(rows, 240, 900)
        work.add(
            f"{kind}_return", rows, order_id=order, event_time=undone, event_type="return", **ABSENT, **{column: wrong}
        )


def _tests(work: Dirtying) -> None:
    """Whole sessions with an order, played by the shop's own staff under test ids."""
    rows = work.claim(("purchase",), TEST_SESSIONS, one_an_order=True)
    for number, session in enumerate(work.session[rows].tolist()):
        played = np.flatnonzero((work.session == session) & (work.sheet.label == ""))
        order = np.where(work.sheet.cells["order_id"][played] == "", "", f"O{work.next_order:06d}")
        work.add(
            "test_id", played, user_id=TEST_IDS[number % len(TEST_IDS)], session_id=f"S{work.next_session:07d}",
            order_id=np.array(order, object),
        )  # fmt: skip
        work.next_order += 1
        work.next_session += 1


def _repeats(work: Dirtying) -> None:
    """Exact copies of rows (half of them purchases), a few of them twice."""
    half = (REPEATED_ONCE + REPEATED_TWICE) // 2
    rows = np.concatenate([work.claim(("purchase",), half), work.claim(("view", "click", "cart", "open"), half)])
    rows = work.rng.permutation(rows)
    for copied in (rows, rows[:REPEATED_TWICE]):
        work.add("exact_repeat", copied)
        work.extra[-1].place += work.rng.uniform(0, 60, len(copied))


def line_numbers(sheet: Sheet) -> dict[str, list[int]]:
    """Lines of the file (the header is line 1) that carry each kind of dirt."""
    kinds = sorted(set(sheet.label.tolist()) - {""})
    assert set(sheet.cells) == set(HEADER)
    return {kind: (np.flatnonzero(sheet.label == kind) + 2).tolist() for kind in kinds}
