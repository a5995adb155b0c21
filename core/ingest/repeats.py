"""Rows of a load that repeat another exactly."""

from __future__ import annotations

from core.ingest.plan import Plan
from core.progress import Step, no_step
from core.store import Query, Writer


def settle_repeats(writer: Writer, plan: Plan, step: Step = no_step) -> tuple[int, int]:
    """Rows of `load_stage` that repeat an earlier one: how many were kept, how many taken out (the mapping chooses).

    Two rows repeat each other when the hash of all cells and every value read from them are equal: the hash (64 bits)
    alone would confuse two rows in some loads of a hundred million.
    """
    writer.run("DROP TABLE IF EXISTS load_twice")
    writer.run(
        "CREATE TEMP TABLE load_twice AS SELECT row_hash FROM load_stage GROUP BY row_hash HAVING count(*) > 1",
        step=step,
    )
    names = ["row_hash", *(f.name for f in plan.fields if f.staged), *(["value"] if plan.value else [])]
    later = (
        "SELECT rid FROM (SELECT s.rowid AS rid, row_number() OVER "
        f"(PARTITION BY {', '.join(f's.{name}' for name in names)} ORDER BY s.rowid) AS place "
        "FROM load_stage s SEMI JOIN load_twice t ON s.row_hash = t.row_hash) WHERE place > 1"
    )
    kept = dropped = 0
    if writer.rows(Query("SELECT 1 AS one FROM load_twice LIMIT 1")):
        if plan.mapping.repeats == "drop":
            dropped = writer.run(f"DELETE FROM load_stage WHERE rowid IN ({later})", step=step)
        else:
            kept = int(str(writer.rows(Query(f"SELECT count(*) AS n FROM ({later})"))[0]["n"]))
    writer.run("DROP TABLE load_twice")
    return kept, dropped
