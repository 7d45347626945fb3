"""How texts are cut into sentences, and that nothing makes that slow."""

from __future__ import annotations

import time
import unicodedata

import pytest

from nlp.sentiment.sentences import sentences

BOTH = "편하긴 한데 병원이 없어요"


def test_a_text_is_cut_alike_however_its_syllables_are_written() -> None:
    apart = unicodedata.normalize("NFD", BOTH)
    assert apart != BOTH
    assert sentences(apart) == sentences(BOTH) == ["편하긴 한데", "병원이 없어요"]
    assert sentences("좋아요\u200b 그런데 느려요") == ["좋아요", "그런데 느려요"]


@pytest.mark.parametrize("filling", [" ", ",", ", ", ".", "요 ", "지만", "\n", "\u0301"])
def test_a_long_text_costs_no_more_than_its_length(filling: str) -> None:
    def taken(length: int) -> float:
        text = "병원" + filling * (length // len(filling)) + "x"
        began = time.process_time()
        sentences(text)
        return time.process_time() - began

    taken(1_000)
    # Quadratic it would be a minute; the bound is generous for a busy machine.
    assert taken(100_000) < 5.0
