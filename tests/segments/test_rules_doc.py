"""docs/rules.md: every example is read, said, checked and run; the schema printed there is the program's."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]  # no stubs here
import pytest

from core.segments import CELLS, DEFAULT_GRID, All, Schema, Segment, compile_rule, describe, json_schema, rule_from_json
from core.segments.codec import SHAPES
from core.segments.schema import Group
from core.store import Query, Store
from tests.segments.people import AS_OF, PEOPLE
from tests.segments.world import put

DOC = Path(__file__).parents[2] / "docs" / "rules.md"
TEXT = DOC.read_text("utf-8")
EXAMPLES = re.findall(r"```json\n(.*?)```\n> (.*?)\n", TEXT, flags=re.S)
_SCHEMA = re.compile(r"(```json schema\n)(.*?)(```)", flags=re.S)

# A workspace that has every column the examples name, beside those of the six people.
_COLUMNS = {"city": "VARCHAR", "signed_up": "TIMESTAMP"}
_SAVED = tuple(Segment(name, All()) for name in ("Repeat buyers", "Staff"))
_KEPT = (
    Group("Six clusters", "clusters", {n: f"cluster {n}" for n in range(6)}),
    Group("Like repeat buyers", "lookalike"),
)


def test_every_example_is_followed_by_its_sentence() -> None:
    assert TEXT.count("```json\n") == len(EXAMPLES) >= 12


def test_every_kind_of_rule_has_an_example_and_its_section_in_the_order_of_the_program() -> None:
    tags = [shape.fields[0].key for shape in SHAPES.values()]
    for tag in tags:
        assert any(re.search(rf'"{tag}":', text) for text, _ in EXAMPLES), tag
    sections = re.findall(r"^## .*?: `(\w+)`", TEXT, flags=re.M)
    assert sections == [tag for tag in tags if tag not in ("all", "any", "not")], "those are the section Combine"


@pytest.fixture(scope="module")
def schema(shared: Store) -> Schema:
    from core.segments import read_schema

    put(shared, PEOPLE)
    with shared.atomic() as writer:
        for column, kind in _COLUMNS.items():
            writer.run(f"ALTER TABLE users ADD COLUMN {column} {kind}")
    return replace(read_schema(shared, saved=_SAVED), groups={group.name.casefold(): group for group in _KEPT})


@pytest.mark.parametrize(("text", "words"), EXAMPLES, ids=[words[:40] for _, words in EXAMPLES])
def test_example(shared: Store, schema: Schema, text: str, words: str) -> None:
    jsonschema.validate(json.loads(text), json_schema())
    rule = rule_from_json(text)
    assert describe(rule) == words
    query = compile_rule(rule, schema, AS_OF)
    found = shared.rows(Query("SELECT count(*) AS n FROM (") + query + ")")
    assert 0 <= int(str(found[0]["n"])) <= len(PEOPLE.user_ids())


def test_the_schema_in_the_document_is_the_programs() -> None:
    found = _SCHEMA.search(TEXT)
    assert found, "the block `json schema` is gone"
    assert json.loads(found.group(2)) == json_schema(), "run: python -m tests.segments.test_rules_doc"


def test_the_grid_in_the_document_is_the_programs() -> None:
    rows = re.findall(r"^\| \*\*(\d)\*\* \| (.*?) \|$", TEXT, flags=re.M)
    printed = {f"{r}{f}": name for r, names in rows for f, name in enumerate(names.split(" | "), start=1)}
    assert printed == dict(zip(CELLS, DEFAULT_GRID.names, strict=True))


def test_measures_and_tests_in_the_document_are_the_programs() -> None:
    from typing import get_args

    from core.segments import OPS, Measure

    for name in get_args(Measure):
        assert f"| `{name}` |" in TEXT
    for op in {op for ops in OPS.values() for op in ops}:
        assert f"`{op}`" in TEXT


def rewrite() -> None:
    """Put the schema, and the sentence of each example, into the document: read them before they are committed."""
    schema = json_schema()
    defs = ",\n".join(
        f"  {json.dumps(name)}: {json.dumps(part, ensure_ascii=False)}" for name, part in schema["$defs"].items()
    )
    head = "".join(f" {json.dumps(key)}: {json.dumps(value)},\n" for key, value in schema.items() if key != "$defs")
    block = f'{{\n{head} "$defs": {{\n{defs}\n }}\n}}'
    said = _SCHEMA.sub(lambda m: f"{m.group(1)}{block}\n{m.group(3)}", TEXT)
    for text, words in EXAMPLES:
        said = said.replace(f"{text}```\n> {words}\n", f"{text}```\n> {describe(rule_from_json(text))}\n")
    DOC.write_text(said, "utf-8")


if __name__ == "__main__":
    rewrite()
