"""The rows of kept groups, and the saved rules that name them: what both groups and segments change."""

from __future__ import annotations

import dataclasses

from core.segments.asked import with_leaves
from core.segments.codec import rule_from_json, rule_to_text
from core.segments.rule import InGroup, InSegment, Rule
from core.store import Query, Writer


def named_group(writer: Writer, name: str) -> tuple[str, str] | None:
    """Name, as saved, and kind of the group of that name, upper and lower case alike; None where there is none."""
    found = writer.rows(Query("SELECT name, kind FROM groupings"))
    return next(((str(r["name"]), str(r["kind"])) for r in found if str(r["name"]).casefold() == name.casefold()), None)


def remove_group(writer: Writer, name: str) -> None:
    """Take a group and its members away, whatever refers to it."""
    writer.run(Query("DELETE FROM grouping_members WHERE name = ?", (name,)))
    writer.run(Query("DELETE FROM groupings WHERE name = ?", (name,)))


def move_group(writer: Writer, name: str, new: str) -> None:
    """Give a group's rows another name, which must be free."""
    for table in ("grouping_members", "groupings"):
        writer.run(Query(f"UPDATE {table} SET name = ? WHERE name = ?", (new, name)))


def rename_in_rules(writer: Writer, name: str, new: str, *, of: type[InGroup | InSegment] = InGroup) -> None:
    """Put `new` for the name of a group, or segment, in every saved rule, those that chose frozen members too."""
    for row in writer.rows(Query("SELECT name, rule, made_from FROM segments")):
        for column in ("rule", "made_from"):
            if row[column] is not None:
                rule = rule_from_json(str(row[column]))
                renamed = with_name(rule, name, new, of=of)
                if renamed != rule:
                    change = f"UPDATE segments SET {column} = ?::JSON WHERE name = ?"
                    writer.run(Query(change, (rule_to_text(renamed), str(row["name"]))))


def with_name(rule: Rule, name: str, new: str, *, of: type[InGroup | InSegment] = InGroup) -> Rule:
    """The rule with `new` wherever it names that group, or segment."""

    def swap(leaf: Rule) -> Rule:
        if isinstance(leaf, of) and leaf.name.casefold() == name.casefold():
            return dataclasses.replace(leaf, name=new)
        return leaf

    return with_leaves(rule, swap)
