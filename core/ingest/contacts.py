"""Contact data: what files say of how to reach a user, kept apart from all else in `contact_facts`."""

from __future__ import annotations

from core.ingest.plan import Plan
from core.ingest.stored import stored_columns
from core.progress import Step, no_step
from core.store import Query, Writer


def insert_contacts(writer: Writer, batch_no: int, plan: Plan, step: Step = no_step) -> None:
    """Keep the contact columns of a load: of each user and column the last value that is not blank, in long form.

    `load_user` gives the numbers; a row of nobody has no contact. Nothing else of the workspace holds these values:
    rules, portraits and analysts' SQL cannot see them.
    """
    if not plan.field("user"):
        return
    stored = stored_columns(plan.mapping)
    for field in plan.all("contact"):
        writer.run(
            Query(
                "INSERT INTO contact_facts (batch_no, user_no, column_name, value) "
                f"SELECT ?, l.no, ?, arg_max(s.{field.name}, s.rowid) FROM load_stage s "
                f"JOIN load_user l ON s.user_raw = l.raw WHERE l.no IS NOT NULL AND s.{field.name} IS NOT NULL "
                "GROUP BY l.no",
                (batch_no, stored[field.map.column].name),
            ),
            step=step,
        )
