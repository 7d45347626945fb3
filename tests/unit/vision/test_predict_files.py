"""Which files `predict` reads, each once, and what it says of those it cannot read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vision.classes import CLASSES
from vision.cli import main
from vision.files import find_pictures
from vision.refusals import ADVICE

Run = Callable[..., tuple[int, list[dict[str, Any]], list[str]]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """`predict --jsonl`: its exit code, its lines and those of stderr."""

    def predict(*args: object) -> tuple[int, list[dict[str, Any]], list[str]]:
        code = main(["predict", "--jsonl", *map(str, args)])
        captured = capsys.readouterr()
        return code, [json.loads(line) for line in captured.out.splitlines()], captured.err.splitlines()

    return predict


@pytest.fixture
def photo(tmp_path: Path, draw: Any, encode: Any) -> Path:
    """A photo in a folder of its own."""
    path = tmp_path / "photos" / "a.jpg"
    path.parent.mkdir()
    path.write_bytes(encode(draw()))
    return path


@pytest.mark.parametrize(
    ("content", "reason", "words"),
    [
        (b"no picture", "not_an_image", "not a picture"),
        (b"", "empty", "the file is empty"),
        (None, "missing", "No such file"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_what_to_do(
    run: Run, tmp_path: Path, content: bytes | None, reason: str, words: str
) -> None:
    path = tmp_path / "x.jpg"
    if content is not None:
        path.write_bytes(content)
    code, (line,), (said,) = run(path)
    assert code == 1
    assert (line["outcome"], line["reason"]) == ("not_readable", reason)
    assert words in line["error"]
    assert (line["advice_ko"], line["advice_en"]) == ADVICE[reason]
    assert all(part in said for part in (str(path), words, reason, *ADVICE[reason]))


def test_a_truncated_photo_is_told_what_to_do(run: Run, photo: Path) -> None:
    photo.write_bytes(photo.read_bytes()[:3000])
    _, (line,), _ = run(photo)
    assert (line["reason"], line["advice_ko"]) == ("broken", ADVICE["broken"][0])


def test_a_folder_without_pictures_is_told_what_to_do(run: Run, tmp_path: Path) -> None:
    code, (line,), (said,) = run(tmp_path)
    assert code == 1
    assert (line["outcome"], line["reason"]) == ("not_readable", "no_pictures")
    assert (line["advice_ko"], line["advice_en"]) == ADVICE["no_pictures"]
    assert ADVICE["no_pictures"][0] in said


def test_no_path_at_all_is_misuse(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run()
    assert caught.value.code == 2
    assert "PATH" in capsys.readouterr().err


def test_a_name_too_long_for_the_system_does_not_end_the_rest(run: Run, photo: Path) -> None:
    code, (long, good), _ = run("x" * 300 + ".jpg", photo)
    assert (code, long["reason"]) == (1, "cannot_be_opened")
    assert good["probabilities"]


def test_every_reason_that_decoding_gives_has_advice() -> None:
    source = (Path(__file__).parents[3] / "vision" / "images.py").read_text(encoding="utf-8")
    reasons = set(re.findall(r'UnreadableImage\(\s*"(\w+)"', source))
    assert {"empty", "broken", "too_large"} <= reasons <= set(ADVICE)


def test_folders_give_every_kind_of_photo_and_nothing_hidden(tmp_path: Path) -> None:
    seen = ["a.jfif", "b.JPE", "c.webp", "d.mpo", "e.hif", "f.tif"]
    for name in [*seen, "._a.jpg", ".hidden.png", ".trash/a.jpg", "__MACOSX/._a.jpg", "notes.txt"]:
        path = tmp_path / ".photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    pictures, empty = find_pictures([tmp_path / ".photos"])
    assert [picture.path.name for picture in pictures] == seen
    assert empty == []
    named, _ = find_pictures([tmp_path / ".photos" / "._a.jpg"])
    assert len(named) == 1, "what is named is read"


def test_a_path_named_twice_is_one_picture_and_a_link_the_same_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    photo, other, link = (tmp_path / "in" / name for name in ("a.jpg", "b.jpg", "link.jpg"))
    photo.touch()
    other.touch()
    link.symlink_to(photo)
    monkeypatch.chdir(tmp_path)
    given = [Path("in/../in/a.jpg"), tmp_path / "in", Path("none.jpg"), tmp_path / "none.jpg"]
    pictures, empty = find_pictures(given)
    assert [picture.path for picture in pictures] == [given[0], other, link, given[2]]
    assert pictures[0].file == pictures[2].file != pictures[1].file
    assert empty == []


def test_a_photo_counts_once_in_a_lesion_whatever_it_is_called(run: Run, photo: Path, tmp_path: Path) -> None:
    second, link = photo.with_name("b.jpg"), photo.with_name("link.jpg")
    second.write_bytes(photo.read_bytes())
    link.symlink_to(photo)
    about = tmp_path / "about.csv"
    rows = [f"{path.name},70,L" for path in (photo, link, second)]
    about.write_text("\n".join(["image_id,age,lesion_id", *rows]), encoding="utf-8")
    code, lines, err = run(photo, photo.parent, photo, "--metadata", about)
    assert (code, err) == (0, [])
    assert [line.get("path") for line in lines] == [str(photo), str(second), str(link), None]
    assert lines[-1]["photos"] == 2


def test_a_lesion_says_what_its_class_is_and_how_many_files_are_broken(
    run: Run, photo: Path, tmp_path: Path
) -> None:
    (photo.parent / "b.jpg").write_bytes(b"")
    about = tmp_path / "about.csv"
    about.write_text("image_id,lesion_id\na,L\nb,L\nc,L\nd,M\ne,M\n", encoding="utf-8")
    missing = [photo.with_name(f"{letter}.jpg") for letter in "cde"]
    code, lines, _ = run(photo.parent, *missing, "--metadata", about)
    assert code == 1
    lesion, none = (line for line in lines if "lesion" in line)
    assert (lesion["photos"], lesion["broken"]) == (1, 2)
    assert lesion["top_class"] == next(c for c in CLASSES if c.key == lesion["top"]).to_json()
    assert lesion["probabilities"] == pytest.approx(lines[0]["probabilities"], abs=1e-4)
    assert (none["lesion"], none["photos"], none["read"], none["broken"]) == ("M", 0, 0, 2)
    assert (none["outcome"], none["reason"]) == ("not_readable", "all_broken")
    assert none["advice_ko"] == ADVICE["all_broken"][0]


def test_the_lines_for_people_say_how_many_are_broken(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photo.parent / "b.jpg").write_bytes(b"")
    about = tmp_path / "about.csv"
    about.write_text("image_id,lesion_id\na,L\nb,L\n", encoding="utf-8")
    assert main(["predict", str(photo.parent), "--metadata", str(about)]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[-1].startswith("lesion L\t")
    assert out[-1].endswith(", 1 more broken")
