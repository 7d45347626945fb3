"""Several photos of one lesion become one reading that no photo can silence."""

from __future__ import annotations

import numpy as np
import pytest

from vision.classes import KEYS, RISKY
from vision.several import pooled

EVEN = np.full(len(KEYS), 1 / len(KEYS))
RISK = np.array(RISKY)


def said(**given: float) -> np.ndarray:
    rest = (1 - sum(given.values())) / (len(KEYS) - len(given))
    return np.array([given.get(key, rest) for key in KEYS])


def test_one_photo_is_passed_on_as_it_is() -> None:
    photo = said(mel=0.5, nv=0.3)
    together, shares = pooled(photo[None], EVEN[None])
    assert together == pytest.approx(photo, abs=1e-6)
    assert shares == pytest.approx(photo, abs=1e-6)


def test_photos_that_see_one_cancer_each_but_not_the_same_do_not_come_out_as_none() -> None:
    photos = np.stack([said(mel=0.6, bcc=0.0, akiec=0.0, nv=0.4), said(mel=0.0, bcc=0.6, akiec=0.0, nv=0.4)])
    together, _ = pooled(photos, np.stack([EVEN, EVEN]))
    assert together[RISK].sum() == pytest.approx(0.6, abs=1e-6)
    # The mean of the logs alone, which this is within either group, would call it a mole.
    logs = np.exp(np.log(photos + 1e-9).mean(axis=0))
    assert (logs / logs.sum())[RISK].sum() < 0.01


def test_the_risk_lies_between_that_of_single_photos_and_all_sums_to_one() -> None:
    rng = np.random.default_rng(3)
    for _ in range(200):
        photos = rng.dirichlet(np.full(len(KEYS), 0.2), rng.integers(1, 6))
        together, shares = pooled(photos, rng.dirichlet(np.ones(len(KEYS)), len(photos)))
        alone = photos[:, RISK].sum(axis=1)
        assert alone.min() - 1e-6 <= together[RISK].sum() <= alone.max() + 1e-6
        assert together.sum() == pytest.approx(1)
        assert shares.sum() == pytest.approx(1)


def test_certain_photos_and_rounded_ones_are_read() -> None:
    certain = np.eye(len(KEYS))[[KEYS.index("mel"), KEYS.index("nv")]]
    assert pooled(certain, np.stack([EVEN, EVEN]))[0][RISK].sum() == pytest.approx(0.5)
    rounded = np.eye(len(KEYS))[[KEYS.index("mel")]] * 1.000002
    assert pooled(rounded, EVEN[None])[0][KEYS.index("mel")] == pytest.approx(1, abs=1e-6)


def test_the_decision_weighs_rare_classes_up() -> None:
    common_moles = said(nv=0.9, mel=0.02)
    photos = np.stack([said(nv=0.62, mel=0.2)] * 2)
    together, shares = pooled(photos, np.stack([common_moles] * 2))
    assert KEYS[int(together.argmax())] == "nv"
    assert KEYS[int(shares.argmax())] == "mel"
