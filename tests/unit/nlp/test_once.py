from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from nlp.once import Again, Once
from nlp.reviews import Review

MakeReview = Callable[..., Review]


@pytest.fixture
def named(make_review: MakeReview) -> Review:
    """A review with the store's id."""
    return replace(make_review("좋아요", 5, author="a"), store="googleplay", store_id="gp-0000-1")


def test_ids_decide_where_there_are_some(named: Review) -> None:
    once = Once()
    others = [replace(named, store_id=f"gp-0000-{n}") for n in range(12)]
    assert once.add(others) == Again(0, 0)
    assert once.add(others) == Again(12, 0)
    assert once.add([replace(named, store="appstore")]) == Again(0, 0)
    assert len(once.reviews) == 13


def test_the_later_state_of_an_edited_review_is_the_one_counted(named: Review) -> None:
    later = replace(named, text="이제 안 돼요", star=1, at=named.at + timedelta(days=9))
    same_day = replace(named, text="그저 그래요", star=3)
    for states, kept in (([named, later], later), ([later, named], later), ([named, same_day], same_day)):
        once = Once()
        once.add([states[0]])
        assert once.add([states[1]]).known == 1
        assert once.reviews == [kept]


def test_a_review_without_an_id_is_one_with_an_id_if_all_else_is_equal(named: Review) -> None:
    nameless = replace(named, store="", store_id="")
    other = replace(named, store_id="gp-0000-2")
    for first, second in ((nameless, named), (named, nameless)):
        once = Once()
        once.add([first])
        assert once.add([second]) == Again(1, 0)
        assert once.reviews == [named]
        assert once.add([other]) == Again(0, 0)


def test_an_edit_that_a_file_without_ids_had_brought_is_not_counted_beside(named: Review) -> None:
    later = replace(named, text="이제 안 돼요", star=1, at=named.at + timedelta(days=9))
    once = Once()
    once.add([named, replace(later, store="", store_id="")])
    once.add([later])
    assert once.reviews == [later]
    assert once.add([replace(later, store="", store_id="")]) == Again(1, 0)


def test_row_numbers_are_no_ids_of_a_store(named: Review) -> None:
    once = Once()
    once.add([replace(named, store_id="1"), replace(named, store_id="2", text="또 왔어요")])
    assert once.add([replace(named, store_id="2"), replace(named, store_id="3", text="또 왔어요")]).known == 2
    assert len(once.reviews) == 2


def test_where_nobody_is_named_other_stars_are_another_review(make_review: MakeReview) -> None:
    one, five = (make_review("좋아요", star, author="") for star in (1, 5))
    once = Once()
    assert once.add([one, five, one]) == Again(1, 0)
    assert once.reviews == [one, five]
    someone = make_review("좋아요", 5, author="b")
    assert once.add([someone, replace(someone, star=4)]) == Again(1, 0)
