"""What users will do: how many purchases to expect of each, and what they are worth."""

from core.predict.lifetime.check import ValueCheck, Verdict, value_check
from core.predict.lifetime.people import (
    Cell,
    ValueBand,
    check_users,
    value_bands,
    value_cells,
    value_ids,
    value_likely,
    value_users,
    write_values,
)
from core.predict.lifetime.spec import DRAWS, LONGEST, ValueSpec
from core.predict.lifetime.totals import Total
from core.predict.lifetime.value import FutureValue, Parameter, future_value

__all__ = [
    "DRAWS",
    "LONGEST",
    "Cell",
    "FutureValue",
    "Parameter",
    "Total",
    "ValueBand",
    "ValueCheck",
    "ValueSpec",
    "Verdict",
    "check_users",
    "future_value",
    "value_bands",
    "value_cells",
    "value_check",
    "value_ids",
    "value_likely",
    "value_users",
    "write_values",
]
