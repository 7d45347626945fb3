from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from nlp.__main__ import main


def test_every_row_is_scored_in_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "deep" / "out.csv"
    rows = [
        ["a", "1", "최악", "로그인이 안 돼서 쓸 수가 없어요"],
        ["b", "", "", ""],
        ["c", "nonsense", "편해요", "집에서 진료 받으니 정말 편하고 좋아요"],
    ]
    with source.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([["USER", "STAR", "TITLE", "REVIEW"], *rows])
    assert main(["score", str(source), "--out", str(out)]) == 0
    found = list(csv.DictReader(io.StringIO(out.read_bytes().decode("utf-8-sig"))))
    assert [[row["USER"], row["STAR"], row["TITLE"], row["REVIEW"]] for row in found] == rows
    assert [row["polarity"] for row in found] == ["neg", "neutral", "pos"]
    assert float(found[0]["complaint_probability"]) > 0.5 > float(found[2]["complaint_probability"])
    assert found[0]["aspects"] == "login"
    assert found[1]["aspects"] == ""
    assert found[2]["aspects"] == "ease"
    assert f"{out}에 3행을 썼습니다" in capsys.readouterr().err


def test_what_cannot_be_read_or_written_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.csv").write_text("A,B\n1,2\n", encoding="utf-8")
    assert main(["score", str(tmp_path / "in.csv"), "--out", str(tmp_path / "o.csv"), "--lang", "en"]) == 1
    assert "No column of texts" in capsys.readouterr().err
    assert main(["score", str(tmp_path / "gone.csv"), "--out", str(tmp_path / "o.csv")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "o.csv").exists()


def test_a_column_of_texts_by_another_name_is_found_and_titles_alone_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    said = "로그인이 안 돼서 쓸 수가 없어요"
    source.write_text(f"TITLE,review_text\n앱,{said}\n", encoding="utf-8")
    assert main(["score", str(source), "--out", str(out), "--lang", "en"]) == 0
    assert "only titles" not in capsys.readouterr().err
    assert "login" in out.read_text(encoding="utf-8-sig")
    source.write_text(f"TITLE,memo\n앱,{said}\n", encoding="utf-8")
    assert main(["score", str(source), "--out", str(out), "--lang", "en"]) == 0
    assert "only titles are read. The columns are: TITLE, memo" in capsys.readouterr().err


def test_what_was_scored_before_is_scored_anew_in_its_place(tmp_path: Path) -> None:
    source, out, again = (tmp_path / name for name in ("in.csv", "out.csv", "again.csv"))
    source.write_text("REVIEW\n편하고 좋아요\n", encoding="utf-8")
    assert main(["score", str(source), "--out", str(out)]) == 0
    assert main(["score", str(out), "--out", str(again)]) == 0
    assert again.read_bytes() == out.read_bytes()


def test_half_a_character_does_not_make_the_file_unreadable(tmp_path: Path) -> None:
    source, out = tmp_path / "in.json", tmp_path / "out.csv"
    source.write_text('[{"review": "좋아요 \\ud83d"}, {"review": "별로예요"}]', encoding="utf-8")
    assert main(["score", str(source), "--out", str(out)]) == 0
    assert len(out.read_text(encoding="utf-8-sig").splitlines()) == 3
