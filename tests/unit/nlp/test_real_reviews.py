"""Figures on the real reviews, counted a second time without the library."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from nlp.report import Report, build
from nlp.reviews import Import, Review, read_file
from nlp.tokenize import Tokenizer

pytestmark = pytest.mark.shared_data


@pytest.fixture(scope="module")
def imports(real_reviews: Path) -> dict[str, Import]:
    return {path.name: read_file(path) for path in sorted(real_reviews.glob("appstore_*.csv"))}


@pytest.fixture(scope="module")
def rows(real_reviews: Path) -> list[dict[str, str]]:
    """The same files through the standard library alone."""
    return [
        row | {"APP": path.stem.removeprefix("appstore_")}
        for path in sorted(real_reviews.glob("appstore_*.csv"))
        for row in csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""))
    ]


@pytest.fixture(scope="module")
def reviews(imports: dict[str, Import]) -> list[Review]:
    return [review for found in imports.values() for review in found.reviews]


@pytest.fixture(scope="module")
def report(reviews: list[Review], mecab: Tokenizer) -> Report:
    return build(reviews, tokenizer=mecab)


def test_every_row_is_read(imports: dict[str, Import], rows: list[dict[str, str]]) -> None:
    assert len(rows) == 1869
    assert sum(len(found.reviews) for found in imports.values()) == 1869
    assert not any(found.rejected for found in imports.values())
    assert {found.encoding for found in imports.values()} == {"utf-8-sig"}


def test_counts_per_star_and_app_agree(report: Report, rows: list[dict[str, str]]) -> None:
    assert report.totals.by_star == dict(sorted(Counter(row["STAR"] for row in rows).items()))
    assert report.totals.by_app == dict(sorted(Counter(row["APP"] for row in rows).items()))


def test_months_agree_and_are_korean(report: Report, rows: list[dict[str, str]]) -> None:
    """Written with −07:00; Korea is 16 hours ahead of that."""
    local = [datetime.fromisoformat(row["DATE"]).replace(tzinfo=None) + timedelta(hours=16) for row in rows]
    assert report.totals.by_month == dict(sorted(Counter(f"{at:%Y-%m}" for at in local).items()))
    assert all(row["DATE"].endswith("-07:00") for row in rows)


def test_both_sides_of_the_owner_s_view_have_their_size(report: Report, rows: list[dict[str, str]]) -> None:
    stars = [int(row["STAR"]) for row in rows]
    owner = report.contrast.owner
    assert owner.high.reviews == sum(star >= 3 for star in stars)
    assert owner.low.reviews == sum(star <= 3 for star in stars)
    assert owner.shared == sum(star == 3 for star in stars)
    keyness = report.contrast.keyness
    assert keyness.high_reviews == sum(star >= 4 for star in stars)
    assert keyness.low_reviews == sum(star <= 2 for star in stars)


def test_the_promotion_burst_is_flagged(report: Report) -> None:
    assert "메디팡팡" in {burst.name_ko for burst in report.bursts}
    assert all(sample.app != "1550889868" for sample in (*report.samples.high, *report.samples.low))


def test_what_the_study_found_comes_out_again(report: Report) -> None:
    """Convenience praised, missing hospitals and what does not work complained of; complaints are longer."""
    assert {"편하다", "편리", "좋다"} <= {row.word for row in report.contrast.keyness.high[:5]}
    assert {"안 되다", "없다"} <= {row.word for row in report.contrast.keyness.low[:5]}
    assert report.study.busiest_month == "12"
    assert report.study.length_r == pytest.approx(-0.32, abs=0.02)


def test_the_report_is_the_same_twice(reviews: list[Review], report: Report, mecab: Tokenizer) -> None:
    assert build(reviews[::-1], tokenizer=mecab).to_json() == report.to_json()


def test_other_files_in_the_folder_are_refused_or_read_never_crash(real_reviews: Path) -> None:
    fitness = read_file(real_reviews / "fitness_googleplay.csv", app="fitness")
    with (real_reviews / "fitness_googleplay.csv").open(encoding="utf-8-sig", newline="") as file:
        plain = list(csv.DictReader(file))
    assert len(fitness.reviews) + len(fitness.rejected) == len(plain) == 2835
