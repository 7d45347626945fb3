"""Several photos of one lesion, one opinion.

How probabilities of several photos become one is the model's own matter (`Pool`), and measured with it. What follows
from them here: photos it could not read take no part while there is another one; photos that contradict each other
make the opinion uncertain; the urgent notice rests on the risk of all together, while the place in the queue is more
cautious and looks at the most worrying single photo.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

NOT_READABLE, UNCERTAIN, READING = "not_readable", "uncertain", "reading"
DISAGREE = "photos_disagree"


@dataclass(frozen=True)
class Pooled:
    """Several photos read together: probabilities by class (sum 1), the class-balanced decision, P(risky) 0..1."""

    probabilities: Mapping[str, float]
    top: str
    risk: float


Pool = Callable[[Sequence[Mapping[str, Any]]], Pooled]
"""What a model makes of its opinions of several photos (`vision`'s ``Prediction.to_json()``); at least one."""


@dataclass(frozen=True)
class Thresholds:
    """The model's limits of risk (0..1): for the place in the queue, and for an urgent notice."""

    risk: float
    urgent: float


@dataclass(frozen=True)
class Combined:
    """What the model says of a case.

    probabilities: by class, sum 1; top: its class-balanced decision; risk: P(malignant or premalignant) of all
    photos together, 0..1; highest_risk: of the most worrying photo; outcome: reading, uncertain
    or not_readable, and a machine key for why; urgent: risk above the second threshold; soon: highest
    risk above the first; photos and read: how many there are and how many took part; known: what of the patient
    was used beside the photos (names of attributes).
    """

    probabilities: dict[str, float]
    top: str
    risk: float
    highest_risk: float
    outcome: str
    reason: str
    urgent: bool
    soon: bool
    photos: int
    read: int
    known: list[str]

    def to_json(self) -> dict[str, Any]:
        """Plain data, ready to be stored."""
        return asdict(self)


def combine(predictions: Sequence[Mapping[str, Any]], thresholds: Thresholds, pool: Pool) -> Combined:
    """Combine what one model said of each photo (`vision`'s ``Prediction.to_json()``); at least one."""
    if not predictions:
        raise ValueError("an opinion needs at least one photo")
    readable = [p for p in predictions if p["outcome"] != NOT_READABLE]
    used = readable or list(predictions)
    pooled = pool(used)
    highest = max(float(p["risk"]) for p in used)
    outcome, reason = _outcome(used, bool(readable))
    return Combined(
        probabilities={key: round(value, 6) for key, value in pooled.probabilities.items()},
        top=pooled.top,
        risk=round(pooled.risk, 6),
        highest_risk=round(highest, 6),
        outcome=outcome,
        reason=reason,
        urgent=bool(readable) and pooled.risk >= thresholds.urgent,
        soon=bool(readable) and highest >= thresholds.risk,
        photos=len(predictions),
        read=len(readable),
        known=list(used[0].get("known", ())),
    )


def _outcome(used: Sequence[Mapping[str, Any]], readable: bool) -> tuple[str, str]:
    if not readable:
        return NOT_READABLE, str(used[0]["reason"])
    firm = [p for p in used if p["outcome"] == READING]
    if not firm:
        return UNCERTAIN, str(used[0]["reason"])
    if len({p["top"] for p in firm}) > 1:
        return UNCERTAIN, DISAGREE
    return READING, str(firm[0]["reason"])


def ranked(opinion: Mapping[str, Any], count: int = 3) -> list[tuple[str, float]]:
    """Return the `count` most probable classes of a stored opinion, best first, with probabilities (0..1)."""
    pairs = sorted(opinion["probabilities"].items(), key=lambda pair: -pair[1])
    return [(str(key), float(value)) for key, value in pairs[:count]]
