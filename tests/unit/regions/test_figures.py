"""The ranking of the provinces comes out of the figures."""

from __future__ import annotations

import statistics

import pytest

from app.regions import figures


def test_every_year_has_every_province() -> None:
    assert figures.years() == (2024, 2023, 2021, 2018, 2015)
    for year in figures.years():
        assert len({row.province.code for row in figures.figures(year)}) == 17


@pytest.mark.parametrize(
    ("year", "other"), [(2024, 2024), (2023, 2024), (2021, 2020), (2018, 2020), (2015, 2015)]
)
def test_institutions_are_of_the_nearest_year_and_say_which(year: int, other: int) -> None:
    assert figures.places_year(year) == other
    assert {row.places_year for row in figures.figures(year)} == {other}


def test_the_old_provinces_with_few_clinics_come_first() -> None:
    """Jeonnam, Gyeongbuk and Jeonbuk are among the first four of every year; Gangwon stands between them."""
    for year in figures.years():
        first = [row.figures.province.name_en for row in figures.ranking(year)[:4]]
        assert first[0] == "Jeonnam"
        assert set(first) == {"Jeonnam", "Gyeongbuk", "Gangwon", "Jeonbuk"}


@pytest.mark.parametrize("year", [2015, 2018, 2021, 2023])
def test_most_elders_live_in_jeonnam_gyeongbuk_and_jeonbuk(year: int) -> None:
    """In 2024 Gangwon is a tenth of a point before Jeonbuk."""
    rows = figures.ranking(year, figures.By.ELDERS)
    assert {row.figures.province.name_en for row in rows[:3]} == {"Jeonnam", "Gyeongbuk", "Jeonbuk"}


@pytest.mark.parametrize("by", figures.By)
def test_a_ranking_follows_what_it_is_by(by: figures.By) -> None:
    rows = figures.ranking(2024, by)
    worth = {
        figures.By.INDEX: [-row.index for row in rows],
        figures.By.ELDERS: [-row.figures.share for row in rows],
        figures.By.PLACES: [row.figures.per_elders for row in rows],
    }[by]
    assert worth == sorted(worth)
    assert {row.figures.province.code: row.index for row in rows} == {
        row.figures.province.code: row.index for row in figures.ranking(2024)
    }


def test_the_index_is_the_mean_of_both_scores() -> None:
    rows = figures.ranking(2024)
    assert [row.rank for row in rows] == list(range(1, 18))
    assert [row.index for row in rows] == sorted((row.index for row in rows), reverse=True)
    assert statistics.fmean(row.index for row in rows) == pytest.approx(0, abs=1e-9)
    shares = [row.figures.share for row in rows]
    few = [-row.figures.per_elders for row in rows]
    first = rows[0].figures
    by_hand = (
        (first.share - statistics.fmean(shares)) / statistics.pstdev(shares)
        + (-first.per_elders - statistics.fmean(few)) / statistics.pstdev(few)
    ) / 2
    assert rows[0].index == pytest.approx(by_hand)


def test_a_provinces_numbers_are_those_of_the_tables() -> None:
    jeonnam = next(row for row in figures.figures(2015) if row.province.code == "36")
    assert (jeonnam.people, jeonnam.elders, jeonnam.places) == (1908996, 391837, 23 + 81 + 901)
    assert jeonnam.per_elders == pytest.approx(2.565, abs=0.001)


def test_a_year_without_figures_is_refused() -> None:
    with pytest.raises(LookupError):
        figures.figures(1999)
