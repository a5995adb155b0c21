"""What is asked of the future."""

from __future__ import annotations

from dataclasses import dataclass

from core.behaviour import Unit
from core.errors import Refusal
from core.predict.lifetime.orders import DAYS, check_unit

DRAWS = 200
LONGEST = {"day": 3_660, "week": 520, "month": 120}
"""Ten years: further ahead than any shop's data reach."""


@dataclass(frozen=True)
class ValueSpec:
    """What is asked of the future.

    Attributes:
        unit: of time; weeks as in the source. A month is 30.4375 days. horizon: how many units ahead.
        margin: what remains of revenue, as a share: 1 = revenue itself. discount: by how much money a year from now
            is worth less, 0 = not at all. Both count in `value`, never in `revenue`.
        draws: resamplings of the users behind each interval; 0 = no intervals. seed: of all that is drawn.

    Raises Refusal `bad_value_question`, `bad_unit`.
    """

    unit: Unit = "week"
    horizon: int = 13
    margin: float = 1.0
    discount: float = 0.0
    draws: int = DRAWS
    seed: int = 0

    def __post_init__(self) -> None:
        check_unit(self.unit)
        most = LONGEST[self.unit]
        wrong = [
            (not 1 <= self.horizon <= most, f"The horizon must be from 1 to {most:,} {self.unit}s.", "Choose another."),
            (not 0 < self.margin <= 1, "The margin must be a share above 0 and at most 1.", "Write 0.3 for 30 %."),
            (not 0 <= self.discount <= 1, "The discount must be a yearly share from 0 to 1.", "Write 0.1 for 10 %."),
            (
                self.draws and not 20 <= self.draws <= 2_000,
                "An interval needs 20 to 2,000 resamplings.",
                "Write 200, or 0 for no intervals.",
            ),
        ]
        for bad, message, hint in wrong:
            if bad:
                raise Refusal("bad_value_question", message, hint)

    @property
    def days(self) -> float:
        """Days ahead."""
        return self.horizon * DAYS[self.unit]

    @property
    def words(self) -> str:
        """As "the next 13 weeks"."""
        return f"the next {self.horizon:,} {self.unit}s" if self.horizon > 1 else f"the next {self.unit}"
