"""Customer lifetime value: BG/NBD for how often and how long, Gamma-Gamma for how much."""

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
