"""What ``score`` reads and writes: every row in, every row out, in order."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nlp.reviews import UnreadableFile
from nlp.table import read_table, write_table

CELL = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=20)


def written(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(CELL, CELL, CELL), max_size=12))
def test_rows_out_are_rows_in(tmp_path: Path, rows: list[tuple[str, str, str]]) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    with source.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([("ID", "TITLE", "REVIEW"), *rows])
    table = read_table(source)
    write_table(target, table, ["n"], [(str(i),) for i in range(len(table.rows))])
    assert written(target) == [
        ["ID", "TITLE", "REVIEW", "n"],
        *([*row, str(i)] for i, row in enumerate(rows)),
    ]


def test_short_long_and_broken_rows_are_kept(tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_bytes(
        (
            'STAR,TITLE,REVIEW\n5,짧은 행\n1,긴 행,하나,둘\n3,"닫지 않은, 따옴표\n2,,=1+1\n4,,길게 쓴 후기의 '
            "마지막 글자 하나만 깨진 "
        ).encode()
        + b"\xff\n"
    )
    table = read_table(source)
    assert [row[0] for row in table.rows] == ["5", "1", "3", "2", "4"]
    assert table.rows[0] == ("5", "짧은 행", "")
    assert table.rows[1] == ("1", "긴 행", "하나,둘")
    assert table.text(table.rows[3]) == "=1+1"
    write_table(tmp_path / "out.csv", table, [], [()] * 5)
    assert (tmp_path / "out.csv").read_bytes().endswith("깨진 \ufffd\r\n".encode())


def test_a_table_without_texts_names_what_it_has(tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text("가격,수량\n1,2\n", encoding="utf-8")
    with pytest.raises(UnreadableFile) as caught:
        read_table(source)
    assert "가격, 수량" in caught.value.reason_ko


def test_nothing_is_half_written(tmp_path: Path) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("REVIEW\n하나\n", encoding="utf-8")
    target.write_text("former", encoding="utf-8")
    with pytest.raises(ValueError, match="0 values for 1 rows"):
        write_table(target, read_table(source), ["n"], [])
    assert target.read_text(encoding="utf-8") == "former"
