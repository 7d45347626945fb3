"""The CSV beside the pictures, as other systems write it: their paths, their syllables, their encodings."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from vision.metadata import about, read_metadata
from vision.tables import DataError


def table(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "about.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("listed", ["NFC", "NFD"])
@pytest.mark.parametrize("named", ["NFC", "NFD"])
def test_korean_names_match_however_their_syllables_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listed: str, named: str
) -> None:
    rows = unicodedata.normalize(listed, "path,age\n왼팔 점.jpg,30\n폴더/등.jpg,40\n손,50\n")
    monkeypatch.chdir(tmp_path)
    found = read_metadata(table(tmp_path, rows))
    places = [unicodedata.normalize(named, place) for place in ("왼팔 점.jpg", "폴더/등.jpg", "어디/손.heic")]
    assert [about(found, Path(place)).known.age for place in places] == [30, 40, 50]


def test_paths_with_backslashes_match(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = (
        "path,age\nphotos\\a.jpg,30\n.\\photos\\b.jpg,40\nC:\\Users\\kim\\c.jpg,50\n\\\\nas\\kim\\d.jpg,60\n"
    )
    found = read_metadata(table(tmp_path, rows))
    places = ["photos/a.jpg", "photos/b.jpg", "photos/c.jpg", "d.jpg", "a.jpg"]
    assert [about(found, Path(place)).known.age for place in places] == [30, 40, 50, 60, None]


def test_a_name_in_two_folders_of_another_computer_is_nobody_s(tmp_path: Path) -> None:
    rows = "path,age\nC:\\kim\\1.jpg,30\nC:\\lee\\1.jpg,40\nC:\\lee\\2.jpg,50\n"
    lines: list[str] = []
    path = table(tmp_path, rows)
    found = read_metadata(path, lines.append)
    assert about(found, Path("1.jpg")).known.age is None
    assert about(found, Path("2.jpg")).known.age == 50
    assert lines == [
        f"{path}: rows left out, for pictures in several folders of another computer have this name: 2, the first 1.jpg"
    ]


def test_a_row_that_names_no_picture_is_said_with_its_line(tmp_path: Path) -> None:
    path = table(tmp_path, 'image_id,site,age\n"a\n",,30\n\n ,,40\n,,50\n/,,60\nb,,70\n')
    lines: list[str] = []
    found = read_metadata(path, lines.append)
    assert lines == [f"{path}: rows that name no picture: 3, the first in line 5"]
    assert found.keys() == {"a", "b"}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_what_excel_calls_unicode_text_is_read(tmp_path: Path, encoding: str) -> None:
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    found = read_metadata(table(tmp_path, f"{mark}image_id\tage\tsex\r\n사진.jpg\t61\t여성\r\n", encoding))
    assert found["사진.jpg"].known.values() == {"age": "3", "sex": "f"}


@pytest.mark.parametrize(
    "content", ["image_id,age\na,1\n".encode("utf-16-le"), b"\xff\xfea", b"PK\x03\x04\0\0"]
)
def test_what_is_no_text_is_one_line_that_says_how_to_save_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "about.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match="save it as CSV UTF-8") as caught:
        read_metadata(path)
    assert "\n" not in str(caught.value)


def test_a_table_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.csv: cannot be read"):
        read_metadata(tmp_path / "none.csv")
