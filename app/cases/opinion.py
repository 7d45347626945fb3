"""Several photos of one lesion, one opinion.

The photos show the same lesion, so they are not independent evidence: what the model says of each
is averaged (linear opinion pool: Stone 1961), not multiplied. Photos it could not read take no part
while there is another one. The mean keeps what was measured on single photos meaningful, so the
urgent notice rests on the mean risk; the place in the queue is more cautious and looks at the most
worrying single photo.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

NOT_READABLE, UNCERTAIN, READING = "not_readable", "uncertain", "reading"
DISAGREE = "photos_disagree"


@dataclass(frozen=True)
class Thresholds:
    """The model's settings that a decision over several photos needs (risk limits 0..1; priors by class).

    clinical_priors: of clinical photos, where ``priors`` are those of dermoscopy; None if the model makes no
    difference between the two.
    """

    risk: float
    urgent: float
    priors: Mapping[str, float]
    clinical_priors: Mapping[str, float] | None = None

    def prior(self, key: str, clinical: float) -> float:
        """How common a class is among pictures that look like a clinical photo by so much, 0 … 1."""
        if self.clinical_priors is None:
            return self.priors[key]
        return (1.0 - clinical) * self.priors[key] + clinical * self.clinical_priors[key]


@dataclass(frozen=True)
class Combined:
    """What the model says of a case.

    probabilities: by class, sum 1; top: the class with the largest probability over its prior among such photos; risk: mean
    P(malignant or premalignant), 0..1; highest_risk: of the most worrying photo; outcome: reading, uncertain
    or not_readable, and a machine key for why; urgent: mean risk above the second threshold; soon: highest
    risk above the first; photos and read: how many there are and how many took part.
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

    def to_json(self) -> dict[str, Any]:
        """Plain data, ready to be stored."""
        return asdict(self)


def combine(predictions: Sequence[Mapping[str, Any]], thresholds: Thresholds) -> Combined:
    """Combine what one model said of each photo (`vision`'s ``Prediction.to_json()``); at least one."""
    if not predictions:
        raise ValueError("an opinion needs at least one photo")
    readable = [p for p in predictions if p["outcome"] != NOT_READABLE]
    used = readable or list(predictions)
    classes = list(used[0]["probabilities"])
    mean = {key: sum(float(p["probabilities"][key]) for p in used) / len(used) for key in classes}
    clinical = sum(float(p.get("clinical", 0.5)) for p in used) / len(used)
    risk = sum(float(p["risk"]) for p in used) / len(used)
    highest = max(float(p["risk"]) for p in used)
    outcome, reason = _outcome(used, bool(readable))
    return Combined(
        probabilities={key: round(value, 6) for key, value in mean.items()},
        top=max(classes, key=lambda key: mean[key] / thresholds.prior(key, clinical)),
        risk=round(risk, 6),
        highest_risk=round(highest, 6),
        outcome=outcome,
        reason=reason,
        urgent=bool(readable) and risk >= thresholds.urgent,
        soon=bool(readable) and highest >= thresholds.risk,
        photos=len(predictions),
        read=len(readable),
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
