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
    assert "was not written by this command" in capsys.readouterr().err
    assert out.read_text(encoding="utf-8") == "A,B\n1,2\n"
    assert main(["collect", "--app", "없는앱", "--out", str(out)]) == 1
    assert "모르는 앱입니다" in capsys.readouterr().err
