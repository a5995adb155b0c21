"""Personal data are recognised by values and names, in several languages; codes are not taken for them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.ingest import Proposal, open_source, personal, propose
from core.ingest.types import Kind
from core.store import Query, Store
from tests.prepared import new_store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("personal")
    with new_store(folder / "w.duckdb", reads=[folder]) as store:
        yield store


VALUES: dict[str, tuple[list[str], list[str]]] = {
    "phone": (
        ["+49 30 901820", "+4930901820", "(030) 901-820", "030/901820", "0049 30 901820", "212-555-0123",
         "(212) 555-0123", "+1 212 555 0123 x12", "0161 496 0123", "01 23 45 67 89", "+86 138 0013 8000"],
        ["0000123456", "0301234567", "4006381333931", "12-34-5678", "01.02.2024", "01/02/2024", "10:30", "+5",
         "0.123456",          "+49.301234567", "113-1234567-1234567", "LL-0001", "2024-01-02", "978-3-16-148410-0"],
    ),
    "card": (
        ["4111 1111 1111 1111", "5555555555554444", "378282246310005", "6011111111111117", "3530-1113-3330-0000",
         "30569309025904", "2223003122003222"],
        ["4111111111111112", "4006381333931", "1234567812345670", "0000000000000000", "79927398713", "4222222222222"],
    ),
    "iban": (
        ["DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432", "FR1420041010050500013M02606", "NO9386011117947"],
        ["DE89 3704 0044 0532 0130 01", "GB82WEST12345698765433", "AB12CDEFGHIJKLMNOP", "LAMP0001-0002-0003"],
    ),
    "ip": (
        ["1.2.3.4", "255.255.255.255", "2001:db8::1", "::1", "fe80:0:0:0:0:0:0:1", "::ffff:1.2.3.4", "10.0.0.1:8080"],
        ["256.1.1.1", "1.2.3", "10:30:05", "1.2.3.4.5", "00:1B:44:11:3A:B7", "a::b::c", "01.02.03.2024"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", VALUES)
def test_values_in_python_and_in_sql(store: Store, kind: str) -> None:
    test = next(t for t in personal.tests("x") if t.kind == kind)
    good, bad = VALUES[kind]
    assert [v for v in good if not test.python(v)] == []
    assert [v for v in bad if test.python(v)] == []
    texts = "\n".join([*good, *bad])
    sql = test.sql.replace("{v}", "v")
    rows = store.rows(
        Query(f"SELECT coalesce({sql}, false) AS found FROM (SELECT unnest(string_split(?, chr(10))) AS v)", (texts,))
    )
    assert [row["found"] for row in rows] == [True] * len(good) + [False] * len(bad)


def luhn(body: str) -> str:
    """The digits with their check digit, worked out by trying."""
    return next(body + str(d) for d in range(10) if _sum(body + str(d)) % 10 == 0)


def _sum(digits: str) -> int:
    return sum(sum(divmod(int(d) * (1 + k % 2), 10)) for k, d in enumerate(reversed(digits)))


def iban(country: str, body: str) -> str:
    digits = "".join(str(int(ch, 36)) for ch in body + country + "00")
    return f"{country}{98 - int(digits) % 97:02d}{body}"


def noisy(values: list[str], share: float, rng: random.Random) -> list[str]:
    """Some of the values spoilt: missing, or a word."""
    return [rng.choice(["", "n/a", "unknown"]) if rng.random() < share else v for v in values]


def people(rng: random.Random, n: int = 120) -> dict[str, tuple[str, list[str]]]:
    """Column -> (kind, values), as shops of several countries keep them."""
    first = ["Ann", "Jürgen", "Zoë", "José", "Иван", "Søren", "Łukasz", "O'Neil", "Marie-Claire", "王小明", "田中"]
    last = ["Müller", "Smith", "García Márquez", "Петров", "Nowak", "van den Berg", "D’Angelo"]
    digits = lambda k: "".join(rng.choice("0123456789") for _ in range(k))  # noqa: E731
    draws = range(n)
    born = [(rng.randint(1940, 2005), rng.randint(1, 12), rng.randint(1, 28)) for _ in draws]
    return {
        "Vorname": ("name", [rng.choice(first) for _ in draws]),
        "apellidos": ("name", [rng.choice(last) for _ in draws]),
        "customer_name": ("name", [f"{rng.choice(first)} {rng.choice(last)}" for _ in draws]),
        "фамилия": ("name", [rng.choice(last) for _ in draws]),
        "姓名": ("name", [rng.choice(["王小明", "李雷", "韩梅梅", "张伟"]) for _ in draws]),
        "Straße": ("address", [f"Lange Straße {rng.randint(1, 99)}" for _ in draws]),
        "shipping_address": ("address", [f"{rng.randint(1, 999)} Main St, Springfield" for _ in draws]),
        "地址": ("address", [f"北京市朝阳区{rng.randint(1, 99)}号" for _ in draws]),
        "Geburtsdatum": ("birth date", [f"{d:02d}.{m:02d}.{y}" for y, m, d in born]),
        "fecha_nacimiento": ("birth date", [f"{y}-{m:02d}-{d:02d}" for y, m, d in born]),
        "kontakt_mail": ("email", [f"{rng.choice('abcdef')}{digits(4)}@mail.example" for _ in draws]),
        "teléfono": ("phone", [f"6{digits(8)}" for _ in draws]),
        "Rückruf": ("phone", [f"+49 30 {digits(7)}" for _ in draws]),
        "手机": ("phone", [f"138{digits(8)}" for _ in draws]),
        "zahlung": ("card", [luhn("4" + digits(14)) for _ in draws]),
        "konto": ("iban", [iban("DE", digits(18)) for _ in draws]),
        "client": ("ip", [".".join(str(rng.randint(1, 254)) for _ in range(4)) for _ in draws]),
    }  # fmt: skip


def things(rng: random.Random, n: int = 400) -> dict[str, list[str]]:
    """Columns that look a little like personal data, and are none."""
    digits = lambda k: "".join(rng.choice("0123456789") for _ in range(k))  # noqa: E731
    names = ["Lange & Söhne", "Corner Shop", "Main Street Store", "Anna Lamp"]
    return {
        "ean": [_ean(digits(12)) for _ in range(n)],
        "gtin14": [_ean(digits(13)) for _ in range(n)],
        "card_like_no": ["4" + digits(15) for _ in range(n)],
        "order_no": [f"{digits(3)}-{digits(7)}-{digits(7)}" for _ in range(n)],
        "padded": [f"{rng.randint(1, 10**7):012d}" for _ in range(n)],
        "article": [f"0{rng.randint(1, 9)}-{digits(4)}-{digits(4)}" for _ in range(n)],
        "store_name": [rng.choice(names) for _ in range(n)],
        "category name": [rng.choice(["Lamps", "Garden", "Kids"]) for _ in range(n)],
        "product_name": [rng.choice(names) for _ in range(n)],
        "campaign_name": [rng.choice(["Spring", "Autumn sale"]) for _ in range(n)],
        "brand": [rng.choice(["Häär", "Sólstafir"]) for _ in range(n)],
        "city": [rng.choice(["Leipzig", "Malmö"]) for _ in range(n)],
        "app_version": [f"{rng.randint(1, 9)}.{rng.randint(0, 9)}.0.{rng.randint(0, 99)}" for _ in range(n)],
        "launched_on": [f"20{rng.randint(10, 25)}-0{rng.randint(1, 9)}-1{rng.randint(0, 9)}" for _ in range(n)],
        "isbn": [f"978-3-16-{digits(6)}-{digits(1)}" for _ in range(n)],
        "amount": [f"+{digits(3)}.{digits(5)}" for _ in range(n)],
        "wallet_address": ["0x" + digits(20) for _ in range(n)],
        "landing": [f"https://shop.example/a/{digits(5)}" for _ in range(n)],
        "uuid": [f"{digits(8)}-{digits(4)}-{digits(4)}-{digits(4)}-{digits(12)}" for _ in range(n)],
    }


def _ean(body: str) -> str:
    total = sum(int(d) * (3 if k % 2 == 0 else 1) for k, d in enumerate(reversed(body)))
    return body + str(-total % 10)


def proposed(store: Store, columns: dict[str, list[str]], kind: Kind | None, name: str = "f.csv") -> Proposal:
    path = store.path.parent / name
    rows = zip(*columns.values(), strict=True)
    cell = lambda v: '"' + v.replace('"', '""') + '"'  # noqa: E731
    path.write_text("\n".join(",".join(map(cell, row)) for row in [tuple(columns), *rows]) + "\n", "utf-8")
    return propose(store, open_source(path, spool=store.spool), kind)


@pytest.mark.parametrize(("kind", "spoilt"), [("users", 0.0), ("events", 0.12)])
def test_generated_people_are_recognised(store: Store, kind: Kind, spoilt: float) -> None:
    rng = random.Random(7)
    made = people(rng)
    columns = {"user_id": [f"u{k}" for k in range(120)], "item_id": [f"p{k % 9}" for k in range(120)]}
    spoil = {c for c in made if made[c][0] not in ("card", "iban", "ip")} if spoilt else set()
    columns |= {c: noisy(v, spoilt, rng) if c in spoil else v for c, (_, v) in made.items()}
    proposal = proposed(store, columns, kind)
    found = {e.column: e.personal for e in proposal.evidence}
    assert found == {"user_id": None, "item_id": None} | {c: kind for c, (kind, _) in made.items()}
    contact = {"email", "phone"} if kind == "users" else set()
    roles = {c.column: c.role for c in proposal.mapping.columns}
    assert {c: roles[c] for c in made} == {c: "contact" if k in contact else "ignore" for c, (k, _) in made.items()}
    unsure = {e.column for e in proposal.evidence if not e.sure}
    assert {c for c in made if roles[c] == "ignore"} <= unsure


def test_the_sentence_has_counts(store: Store) -> None:
    mails = [f"a{k}@mail.example" for k in range(9)] + ["?"]
    proposal = proposed(store, {"user": [f"u{k}" for k in range(10)], "item": ["a"] * 10, "seen by": mails}, "events")
    assert proposal.evidence[2].why.startswith("looks like e-mail addresses: 9 of 10 values; left out unless")


def test_an_address_that_is_the_user_stays_the_user_and_is_doubted(store: Store) -> None:
    mails = [f"a{k}@mail.example" for k in range(10)]
    proposal = proposed(store, {"email": mails, "product": ["a"] * 10}, "events")
    (first, _) = proposal.evidence
    assert (proposal.mapping.columns[0].role, first.personal, first.sure) == ("user", "email", False)
    assert "pseudonym" in first.why


@pytest.mark.parametrize("kind", ["events", "items", "users"])
def test_codes_and_names_of_things_raise_no_alarm(store: Store, kind: Kind) -> None:
    columns = {"user_id": [f"u{k}" for k in range(400)], "item_id": [f"p{k}" for k in range(400)]}
    proposal = proposed(store, columns | things(random.Random(3)), kind)
    assert {e.column: e.personal for e in proposal.evidence if e.personal} == {}


def test_a_bare_name_is_a_persons_only_among_users(store: Store) -> None:
    names = [f"Ann {a}ee {b}ay" for a in "abcdefgh" for b in "lmnop"]
    for kind, personal_kind in (("users", "name"), ("items", None), ("events", None)):
        columns = {"user_id": [f"u{k}" for k in range(40)], "item_id": [f"p{k}" for k in range(40)], "name": names}
        proposal = proposed(store, columns, kind)  # type: ignore[arg-type]
        assert proposal.evidence[2].personal == personal_kind


def test_real_files_raise_no_alarm(
    tmp_path: Path, online_retail: Path, movielens: Path, cdnow: Path, sample: Path
) -> None:
    files = [online_retail, cdnow, *(movielens / f"{n}.csv" for n in ("ratings", "movies", "tags", "links"))]
    files += [sample / n for n in ("items.csv", "truth_items.csv", "truth_users.csv", "campaign.csv", "events.csv.gz")]
    with new_store(tmp_path / "w.duckdb", reads=[f for f in files if f.exists()]) as store:
        for file in files:
            if file.exists():
                proposal = propose(store, open_source(file, spool=store.spool))
                assert {e.column: e.personal for e in proposal.evidence if e.personal} == {}, file.name


def test_the_samples_users(tmp_path: Path, sample: Path) -> None:
    with new_store(tmp_path / "w.duckdb", reads=[sample]) as store:
        proposal = propose(store, open_source(sample / "users.csv", spool=store.spool))
    assert {e.column: e.personal for e in proposal.evidence if e.personal} == {"email": "email", "phone": "phone"}
    roles = {c.column: c.role for c in proposal.mapping.columns}
    assert (roles["email"], roles["phone"]) == ("contact", "contact")
