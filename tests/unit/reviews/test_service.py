"""What may be uploaded, and how file names are kept."""

from __future__ import annotations

import pytest

from app.reviews.service import display_name


@pytest.mark.parametrize(
    "given, kept",
    [
        ("appstore_1.csv", "appstore_1.csv"),
        (r"C:\Users\kim\appstore_1.csv", "appstore_1.csv"),
        ("../../etc/appstore_1.csv", "appstore_1.csv"),
        ("굿닥.csv", "굿닥.csv"),
        ("a\x00b\nc\u202efdp.csv", "abcfdp.csv"),
    ],
)
def test_a_file_name_is_kept_without_its_folder_and_without_what_cannot_be_seen(
    given: str, kept: str
) -> None:
    assert display_name(given) == kept


def test_a_file_name_sent_in_jamo_is_kept_in_syllables() -> None:
    assert display_name("\u1100\u116e\u11ba\u1103\u1161\u11a8.csv") == "굿닥.csv"


def test_a_long_file_name_still_ends_in_csv_and_fits_its_column() -> None:
    kept = display_name("가" * 300 + ".csv")
    assert len(kept) == 200
    assert kept.endswith(".csv")
