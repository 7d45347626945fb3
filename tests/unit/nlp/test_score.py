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
