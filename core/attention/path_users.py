"""Users found in arrays, as a question to the workspace."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.store import Query


def these_users(numbers: npt.NDArray[np.int32]) -> Query:
    """A Query that yields these users (`user_no`), each once, in rising order; none where there are none.

    Their numbers travel as one parameter, since what chose them (the order of events within a visit) is known to the
    timeline and not to SQL. They are numbers of the data's version that was looked at.
    """
    listed = ",".join(map(str, np.unique(numbers).tolist()))
    if not listed:
        return Query("SELECT user_no FROM users WHERE false")
    return Query("SELECT unnest(CAST(string_split(?, ',') AS INTEGER[])) AS user_no", (listed,))
