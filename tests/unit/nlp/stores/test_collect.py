"""``python -m nlp collect``: merged, resumed, and never half-written."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from nlp.__main__ import main
from nlp.reviews import read_file
from tests.harness.stores import Answer, feed, feed_entry, feed_place, serve


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nlp.stores.http.time.sleep", lambda _seconds: None)
    monkeypatch.setattr("nlp.stores.http.Settings.sleep", lambda _self, _seconds: None, raising=False)


def run(url: str, out: Path, *more: str) -> int:
    return main(["collect", "--app", "굿닥", "--out", str(out), "--base-url", url, "--pause", "0", *more])


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_new_and_edited_reviews_are_merged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "appstore_517637141.csv"
    entries = [feed_entry(n) for n in range(3)]

    def answer(path: str, _body: str) -> Answer:
        page, app, _sort = feed_place(path)
        assert app == "517637141"
        return Answer(feed(entries if page == 1 else None))

    with serve(answer) as store:
        assert run(store.url, out) == 0
        first = json.loads(capsys.readouterr().out)
        entries[1] = feed_entry(1, text="고친 글")
        entries.append(feed_entry(3))
        assert run(store.url, out) == 0
        stdout, stderr = capsys.readouterr()
    assert (first["reviews"], first["new"], first["edited"], first["partial"]) == (3, 3, 0, False)
    second = json.loads(stdout)
    assert (second["reviews"], second["new"], second["edited"]) == (4, 1, 1)
    assert "약관" in stderr
    assert [row["REVIEW"] for row in rows(out)] == ["내용 0", "고친 글", "내용 2", "내용 3"]
    assert [row["REVIEW"] for row in rows(out.with_suffix(".edits.csv"))] == ["내용 1"]
    assert "사람" not in out.read_text(encoding="utf-8-sig")
    state = out.with_suffix(".csv.state.json")
    assert state.stat().st_mode & 0o077 == 0
    found = read_file(out)
    assert len(found.reviews) == 4
    assert found.reviews[0].version == "3.2.1"
    assert not found.rejected


def test_it_goes_on_where_it_stopped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, broken = tmp_path / "reviews.csv", True

    def answer(path: str, _body: str) -> Answer:
        page, _app, sort = feed_place(path)
        if broken and page == 3:
            return Answer(b"<html>captcha</html>")
        return Answer(feed([feed_entry(page)] if page < 5 and sort == "mostrecent" else None))

    with serve(answer) as store:
        assert run(store.url, out, "--lang", "en") == 1
        stdout, stderr = capsys.readouterr()
        assert json.loads(stdout)["partial"] is True
        assert "captcha" in json.loads(stdout)["why"]
        assert stderr.strip().splitlines()[-1].startswith("The store blocked us")
        assert len(rows(out)) == 2
        broken = False
        store.asked.clear()
        assert run(store.url, out) == 0
        assert feed_place(store.asked[0])[0] == 3
    assert [row["REVIEW"] for row in rows(out)] == [f"내용 {n}" for n in (1, 2, 3, 4)]


def test_what_is_not_ours_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "mine.csv"
    out.write_text("A,B\n1,2\n", encoding="utf-8")
    assert run("http://127.0.0.1:9", out) == 1
    assert (
        f"{out}: 이 명령으로 쓴 CSV가 아니거나 망가졌습니다(no column APP). 파일은 그대로 두었습니다."
        in capsys.readouterr().err
    )
    assert out.read_text(encoding="utf-8") == "A,B\n1,2\n"
    assert main(["collect", "--app", "없는앱", "--out", str(out)]) == 1
    assert "모르는 앱입니다" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"\xff\xfe\x00\x01", b'A,"b\n' + b"x" * 200_000])
def test_a_damaged_csv_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    out = tmp_path / "mine.csv"
    out.write_bytes(content)
    assert run("http://127.0.0.1:9", out, "--lang", "en") == 1
    assert f"{out} was not written by this command or is damaged" in capsys.readouterr().err
    assert out.read_bytes() == content


KEY = "ab" * 32


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"author_key": "abab',
        b"\x89PNG\r\n\x1a\n\xff\x00",
        b"[]",
        b"{}",
        b"[" * 100_000,
        json.dumps({"author_key": 7, "cursors": {}}).encode(),
        json.dumps({"author_key": "zz", "cursors": {}}).encode(),
        json.dumps({"author_key": "", "cursors": {}}).encode(),
        json.dumps({"author_key": KEY, "cursors": [1]}).encode(),
        json.dumps({"author_key": KEY, "cursors": {"appstore/517637141": 3}}).encode(),
        json.dumps({"author_key": KEY, "cursors": {"appstore/517637141": "{"}}).encode(),
        json.dumps({"author_key": KEY, "cursors": {"appstore/517637141": '{"page": "3"}'}}).encode(),
    ],
    ids=["empty", "cut off", "binary", "a list", "nothing in it", "deep", "key a number", "key no hex", "no key",
         "cursors a list", "cursor a number", "cursor cut off", "cursor of another type"],
)  # fmt: skip
def test_a_damaged_state_is_told_with_what_to_do_and_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    out = tmp_path / "reviews.csv"
    state = tmp_path / "reviews.csv.state.json"
    state.write_bytes(content)
    assert run("http://127.0.0.1:9", out) == 1
    _terms, said = capsys.readouterr().err.splitlines()
    assert said.startswith(f"{state}: 이어서 모을 곳과 열쇠를 적어 둔 파일이 망가져 읽을 수 없습니다.")
    assert "다른 곳으로 옮긴 뒤 다시 실행해 주세요" in said
    assert state.read_bytes() == content
    assert not out.exists()
    assert run("http://127.0.0.1:9", out, "--lang", "en") == 1
    assert "the state file is damaged and cannot be read" in capsys.readouterr().err


def test_a_folder_for_a_state_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("http://127.0.0.1:9", tmp_path / "a.csv", "--state", str(tmp_path)) == 1
    assert capsys.readouterr().err.splitlines()[1:] == [f"{tmp_path}: Is a directory"]


@pytest.mark.parametrize("pause", ["-1", "nan", "inf", "1e300", "3601", "soon", ""])
def test_a_pause_that_is_none_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], pause: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["collect", "--app", "굿닥", "--out", str(tmp_path / "a.csv"), "--pause", pause])
    assert caught.value.code == 2
    assert f"argument --pause: seconds from 0 to 3600 are needed, not {pause!r}" in capsys.readouterr().err
