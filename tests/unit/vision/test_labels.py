"""Labels as spreadsheets save them: read like any other table."""

from __future__ import annotations

from pathlib import Path

import pytest

from vision.data import read_labels
from vision.tables import DataError

ROWS = "Image_ID,dx,localization,itch,age\n왼팔1,NV,얼굴,예,61\n\n오른팔2,scc,등,,\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp949"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_labels_are_read_as_spreadsheets_save_them(tmp_path: Path, encoding: str, mark: str) -> None:
    path = tmp_path / "labels.csv"
    path.write_bytes(ROWS.replace(",", mark).replace("\n", "\r\n").encode(encoding))
    first, second = read_labels(path)
    assert (first.image_id, first.dx, first.body_site, first.age) == ("왼팔1", "nv", "얼굴", 61)
    assert first.symptoms == (("itch", True),)
    assert (second.image_id, second.dx, second.age, second.symptoms) == ("오른팔2", "akiec", None, ())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, r"labels\.csv: cannot be read \(No such file"),
        ("image_id,dx\na,nv\n".encode("utf-16-le"), r"labels\.csv: .*UTF-8 or CP949.*; save it as CSV UTF-8"),
        (b"image_id,age\na,3\n", r"labels\.csv: column dx is missing"),
        (b"", r"labels\.csv: column dx, image_id is missing"),
    ],
)
def test_labels_that_cannot_be_read_are_one_line_that_names_the_file(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    path = tmp_path / "labels.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=said) as caught:
        read_labels(path)
    assert "\n" not in str(caught.value)
