"""Files of responses: who counts, robust ids, and every way such a file goes wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import Refusal
from core.experiments import Readout, readout
from tests.experiments.world import bought, bring, shop, written


def read(tmp_path: Path, content: str | bytes, name: str = "crm.csv") -> Readout:
    with shop(tmp_path, bought("010", "2025-03-02")) as store:  # an event that must not count beside the file
        bring(store, tmp_path)
        return readout(store, "spring", responses=written(tmp_path, content, name))


def counts(found: Readout) -> tuple[int, int, int]:
    return found.arms[0].responses, found.arms[1].responses, found.unknown


def test_a_file_of_ids(tmp_path: Path) -> None:
    found = read(tmp_path, "user_id\n001\n002\n002\n007\nother\nnobody\n")
    assert counts(found) == (2, 1, 2)
    assert (found.source, found.complete) == ("crm.csv", True)
    assert [arm.value for arm in found.arms] == [None, None]
    assert found.effect.estimate == pytest.approx(2 / 6 - 1 / 4)
    assert "2 ids of crm.csv are in neither group." in found.note


def test_a_bare_list_of_ids_has_no_header_to_lose(tmp_path: Path) -> None:
    assert counts(read(tmp_path, "001\n007\n")) == (1, 1, 0)


def test_values_are_net_and_zeros_are_included(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "user_id;revenue\n001;12,50\n001;7.5\n002;30\n002;-30\n003;0\n004;\n005;-4\n007;8\n",
    )
    assert counts(found) == (1, 1, 0), "who sent all back, or is listed with nothing, did not respond"
    assert [arm.value for arm in found.arms] == [pytest.approx((20 - 4) / 6), 2.0]
    assert found.arms[0].value_sq == pytest.approx((20**2 + 4**2) / 6)


def test_the_window_holds_for_the_file(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "user_id,date,value\n001,2025-03-01T05:59:59Z,1\n002,2025-03-01T06:00:00Z,2\n003,2025-03-11T05:59:59Z,3\n"
        "004,2025-03-11T06:00:00Z,4\n007,2025-03-11T07:00:00+02:00,5\n",
    )
    assert counts(found) == (2, 1, 0)
    assert [arm.value for arm in found.arms] == [pytest.approx(5 / 6), 5 / 4]
    assert "2 rows were outside the window." in found.note


def test_a_column_that_says_who_responded(tmp_path: Path) -> None:
    rows = "001,yes,5\n002,No,0\n003,,0\n004,2,0\n005,0,0\n006,true,0\n007,n,0\n008,Y,1\n"
    found = read(tmp_path, "user_id,converted,revenue\n" + rows)
    assert counts(found) == (3, 1, 0)
    with_time = "user_id,responded,time\n001,yes,2025-03-02\n002,no,\n007,1,2025-03-03\n008,0,2025-01-01\n"
    assert counts(again(tmp_path, with_time)) == (1, 1, 0)


def again(tmp_path: Path, content: str) -> Readout:
    folder = tmp_path / "again"
    folder.mkdir()
    return read(folder, content)


def test_ids_that_a_spreadsheet_has_spoilt_are_found(tmp_path: Path) -> None:
    found = read(tmp_path, "user_id\n1\n2.0\n'007\n 008 \n99\n")
    assert counts(found) == (2, 2, 1)
    assert "3 ids had lost leading zeros or the like, and were matched." in found.note


def test_an_id_is_not_mended_into_another_users(tmp_path: Path) -> None:
    campaign = "user_id,arm,sent_at\n0001,contacted,2025-03-01\n01,contacted,\n007,control,\n010,contacted,\n"
    with shop(tmp_path, bought("10", "2025-03-02")) as store:  # the data know a user 10
        bring(store, tmp_path, campaign, holdout=None)
        found = readout(store, "spring", responses=written(tmp_path, "user_id\n1\n10\n007\n7\n", "crm.csv"))
        assert counts(found) == (0, 1, 3), "1 may be 0001 or 01; 10 is somebody; 007 is there as it stands"


def test_a_file_that_lists_everybody_proves_nothing(tmp_path: Path) -> None:
    found = read(tmp_path, "user_id\n" + "".join(f"{n:03}\n" for n in range(1, 11)))
    assert "Everybody in both groups has responded, says crm.csv" in str(found.effect.problem)
    assert found.effect.estimate is None


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        ("", "empty_file", "is empty"),
        ("user_id,value\n", "empty_file", "has no rows"),
        ("name,value\nx,1\n", "no_such_column", "has no column user_id"),
        ("user_id,value\n001,1\n002,1.234,5\n", "bad_line", "Line 3 of crm.csv has 3 cells"),
        ("user_id;value\n001;1,234\n", "bad_line", "'1,234', which is no plain number"),
        ("user_id,value\n001,nan\n", "bad_line", "Line 2 of crm.csv has the value 'nan'"),
        ("user_id,value\n001,1e99\n", "bad_line", "1e99"),
        ("user_id,value\n001,=1+1\n", "bad_line", "=1"),
        ("user_id,value\n001,٣\n", "bad_line", "no plain number"),
        ("user_id,time\n001,\n", "bad_line", "has no time: leave out who did not respond"),
        ("user_id,time\n001,03/04/2025\n", "bad_line", "has the time"),
        ("user_id,responded\n001,maybe\n", "bad_line", "has responded 'maybe'; write yes or no"),
        ("user_id,responded\n,yes\n", "bad_line", "Line 2 of crm.csv has no user_id"),
        (b"PK\x03\x04\x00", "not_text", "Save the sheet as CSV"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, content: str | bytes, code: str, said: str) -> None:
    with pytest.raises(Refusal) as refused:
        read(tmp_path, content)
    assert refused.value.code == code
    assert said in str(refused.value)


def test_strange_ids_are_only_ids(tmp_path: Path) -> None:
    found = read(tmp_path, "user_id\n001\n007\n'); DROP TABLE users; --\n?\na\x1fb\n💐\n")
    assert counts(found) == (1, 1, 4)
