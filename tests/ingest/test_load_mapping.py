"""Mappings that do not fit, and corrections of proposed ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import Refusal
from core.ingest import Corrections, Mapping, Override, propose, remap
from core.store import Store
from tests.ingest.loading import column, events, load_sources, load_text, mapping, source, workspace


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with workspace(tmp_path) as store:
        yield store


VIEW = ("user", "u"), ("item", "i")


@pytest.mark.parametrize(
    "how, code, says",
    [
        (mapping(event="view", user="who"), "no_such_column", "It has: u, i, t, n"),
        (mapping(event="view", user="u", item="u"), "column_twice", "'u'"),
        (mapping(event="view", user="u", attribute="i"), "role_not_for_kind", "Its roles are: user, item"),
        (mapping("items", item="i", user="u"), "role_not_for_kind", "title"),
        (mapping(event="view", user="u", user__2="i"), "role_twice", "u, i"),
        (mapping(event="view", time="t"), "no_id_column", "user=COLUMN"),
        (mapping("items", title="i"), "no_id_column", "item=COLUMN"),
        (mapping("users", attribute="i"), "no_id_column", "user=COLUMN"),
        (mapping(user="u", item="i"), "no_event", "view, or purchase"),
        (mapping(user="u", count="n"), "no_count_event", "count:click=COLUMN"),
        (mapping("users", user="u", consent="n"), "no_channel", "consent:email=COLUMN"),
        (mapping(event="view", user="u", time="t@%Q"), "bad_time_format", "'%Q'"),
        (mapping(event="purchase", returns="sometimes", user="u"), "bad_returns", "pattern:^C"),
        (mapping(event="purchase", returns="pattern:", user="u"), "bad_returns", "pattern:^C"),
        (mapping(event="purchase", returns="pattern:^C", user="u"), "returns_without_order", "order=COLUMN"),
        (mapping(event="purchase", returns="pattern:(", user="u", order="i"), "bad_returns", "regular expression"),
    ],
)
def test_mappings_that_cannot_be_carried_out(store: Store, how: Mapping, code: str, says: str) -> None:
    with pytest.raises(Refusal) as refused:
        load_text(store, "u,i,t,n\n1,a,2024-01-01,1\n", how)
    assert refused.value.code == code
    assert says in str(refused.value)


def test_an_event_column_of_free_text_is_refused(store: Store) -> None:
    text = "u,e\n" + "".join(f"1,event {n}\n" for n in range(1001))
    with pytest.raises(Refusal, match="more than 1,000 different values"):
        load_text(store, text, mapping(user="u", event__="e"))


# ---- corrections

SHOP = "client,bought_by,sku,day,what,note\n" + "".join(
    f"c{n % 5},{n % 7 + 100},s{n % 4},{n % 28 + 1:02d}/02/2024,{('Buy', 'look')[n % 2]},{n % 3}\n" for n in range(60)
)


def roles(how: Mapping) -> dict[str, str]:
    return {c.column: c.role for c in how.columns}


def test_an_override_moves_the_role_and_frees_the_other_column(store: Store) -> None:
    file = source(store, SHOP)
    proposed = propose(store, file, "events").mapping
    said = Corrections((Override("bought_by", "user"), Override("SKU", "item"), Override("note", "ignore")))
    how = remap(store, file, proposed, said)
    assert roles(how)["bought_by"] == "user"
    assert roles(how)["sku"] == "item"
    assert roles(how)["note"] == "ignore"
    assert roles(how)["client"] == "context"
    assert [c for c in how.columns if c.role == "user"] == [column("bought_by", "user")]


def test_a_column_made_time_gets_the_format_that_reads_it(store: Store) -> None:
    file = source(store, SHOP)
    bare = mapping(event="view", user="client", context="day")
    how = remap(store, file, bare, Corrections((Override("day", "time"),)))
    time = how.column("time")
    assert time
    assert time.time_format == "%d/%m/%Y"
    how = remap(store, file, how, Corrections(time_format="%m/%d/%Y"))
    assert [c.time_format for c in how.columns if c.role == "time"] == ["%m/%d/%Y"]
    with pytest.raises(Refusal, match="no column is the time"):
        remap(store, file, bare, Corrections(time_format="iso"))


def test_a_column_made_event_has_its_words_mapped(store: Store) -> None:
    file = source(store, SHOP)
    how = remap(store, file, mapping(event="view", user="client"), Corrections((Override("what", "event"),)))
    assert (how.event, how.events) == (None, {"Buy": "purchase"})
    load_sources(store, [file], how)
    assert {row[0] for row in events(store, "event")} == {"purchase", "look"}


def test_one_event_for_all_rows_frees_the_event_column(store: Store) -> None:
    file = source(store, SHOP)
    proposed = remap(store, file, mapping(user="client", event__="what"), Corrections())
    how = remap(store, file, proposed, Corrections(event="Bought"))
    assert (how.event, how.events, roles(how)["what"]) == ("purchase", {}, "context")


def test_returns_and_repeats_are_taken_over(store: Store) -> None:
    file = source(store, SHOP)
    how = remap(store, file, mapping(event="view", user="client"), Corrections(returns="none", repeats="drop"))
    assert (how.returns, how.repeats) == ("none", "drop")


def test_counts_and_consent_take_their_word(store: Store) -> None:
    file = source(store, "u,Clicks,i\n1,2,a\n2,3,b\n")
    how = remap(store, file, mapping(event="view", user="u"), Corrections((Override("Clicks", "count", "clicked"),)))
    assert how.all("count") == (column("Clicks", "count", event="click"),)
    people = source(store, "u,mail\n1,yes\n2,no\n", "people.csv")
    how = remap(store, people, mapping("users", user="u"), Corrections((Override("mail", "consent", "Email"),)))
    assert how.all("consent") == (column("mail", "consent", event="email"),)


@pytest.mark.parametrize(
    "override, code",
    [
        (Override("zip", "user"), "no_such_column"),
        (Override("client", "consent"), "role_not_for_kind"),
    ],
)
def test_corrections_that_do_not_fit(store: Store, override: Override, code: str) -> None:
    file = source(store, SHOP)
    with pytest.raises(Refusal) as refused:
        remap(store, file, mapping(event="view", user="client"), Corrections((override,)))
    assert refused.value.code == code
