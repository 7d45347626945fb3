from __future__ import annotations

import math

import numpy as np
import pytest

from nlp.counting import count_matrix, document_frequency, tf_idf
from nlp.keyness import background_prior, log_odds_z


def test_log_odds_as_computed_by_hand() -> None:
    """Two words; counts 10, 5 against 2, 8; one pseudo-count each, so 11, 6 of 17 and 3, 9 of 12."""
    delta, z = log_odds_z(np.array([10.0, 5.0]), np.array([2.0, 8.0]), np.array([1.0, 1.0]))
    expected = math.log(11 / 6) - math.log(3 / 9)
    assert delta == pytest.approx([expected, -expected])
    assert delta[0] == pytest.approx(1.7047481)
    assert z == pytest.approx([1.7047481 / math.sqrt(1 / 11 + 1 / 3), -1.7047481 / math.sqrt(1 / 6 + 1 / 9)])
    assert z == pytest.approx([2.61728, -3.23453], abs=1e-4)


def test_equal_use_is_no_difference_however_often() -> None:
    delta, z = log_odds_z(np.array([500.0, 5.0]), np.array([500.0, 5.0]), np.array([1.0, 1.0]))
    assert delta == pytest.approx([0, 0])
    assert z == pytest.approx([0, 0])


def test_the_prior_calms_rare_words() -> None:
    high, low = np.array([3.0, 300.0, 1000.0]), np.array([0.0, 100.0, 1000.0])
    _, z = log_odds_z(high, low, background_prior(high + low, 1000))
    assert 0 < z[0] < 1.96 < z[1]


def test_sides_swapped_swap_the_sign() -> None:
    high, low, prior = np.array([7.0, 1.0, 4.0]), np.array([2.0, 9.0, 4.0]), np.array([0.5, 0.5, 1.0])
    assert log_odds_z(high, low, prior)[1] == pytest.approx(-log_odds_z(low, high, prior)[1])


@pytest.mark.parametrize("prior", [[1.0], [1.0, 0.0]])
def test_a_prior_that_does_not_fit_is_refused(prior: list[float]) -> None:
    with pytest.raises(ValueError, match="prior"):
        log_odds_z(np.array([1.0, 2.0]), np.array([2.0, 1.0]), np.array(prior))


def test_the_background_prior_has_the_size_asked_for() -> None:
    prior = background_prior(np.array([0.0, 10.0, 30.0]), 1000)
    assert prior.sum() == pytest.approx(1000)
    assert prior[2] == pytest.approx(3 * prior[1])
    assert prior[0] > 0


def test_tf_idf_as_computed_by_hand() -> None:
    """병원 is in both of two reviews (idf 1), 예약 in one (idf ln(3/2) + 1)."""
    # 병원 (0) 예약 (1) 예약, a gap, 병원; then a review without words.
    columns, ends = np.array([0, 1, 1, -1, 0], dtype=np.int32), np.array([0, 4, 5, 5])
    counts = count_matrix(columns, ends, 2)
    weights = tf_idf(counts[:2]).toarray()
    booking = 2 * (math.log(3 / 2) + 1)
    assert weights[0] == pytest.approx(np.array([1, booking]) / math.hypot(1, booking))
    assert weights[1] == pytest.approx([1, 0])
    assert tf_idf(counts).toarray()[2] == pytest.approx([0, 0])
    assert document_frequency(counts).tolist() == [2, 1]
