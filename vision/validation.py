"""The validation pictures of a model that is being fitted, what each counts, and how they are halved."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vision.data import Record
from vision.samples import Samples

Bool = npt.NDArray[np.bool_]

DOMAIN_WEIGHTS = {"dermoscopy": 0.4, "milk-dermoscopy": 0.15, "close-up": 0.3, "smartphone": 0.15}
"""How much each kind of picture counts in the calibration: half of it as a patient's camera sees."""


@dataclass(frozen=True, eq=False)
class Validation:
    """Validation pictures with their raw readings."""

    records: list[Record]
    samples: Samples

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """Class index by row."""
        return np.array([r.label for r in self.records], dtype=np.int64)

    def domain(self, *names: str) -> Bool:
        """Rows of some domains."""
        return np.array([r.domain in names for r in self.records])

    def half(self, name: str) -> Bool:
        """Rows of half 'A' or 'B', divided by lesion or patient."""
        return np.array([half_of(r.group) == name for r in self.records])


def half_of(group: str) -> str:
    """'A' or 'B', fixed by the name of the lesion or patient."""
    return "AB"[hashlib.sha256(group.encode()).digest()[0] & 1]


def weights_of(validation: Validation, rows: Bool) -> npt.NDArray[np.float64]:
    """What each picture counts, 0 outside ``rows``: see ``weights_by_domain``."""
    weights = np.zeros(len(rows))
    weights[rows] = weights_by_domain(np.array([r.domain for r in validation.records])[rows])
    return weights


def weights_by_domain(domains: npt.NDArray[np.str_]) -> npt.NDArray[np.float64]:
    """What each of some pictures counts, (n,): each domain what DOMAIN_WEIGHTS says, shared out evenly."""
    counts = {name: max(1, int((domains == name).sum())) for name in DOMAIN_WEIGHTS}
    return np.array([DOMAIN_WEIGHTS[name] / counts[name] for name in domains])
