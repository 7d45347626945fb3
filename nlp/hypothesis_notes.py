"""What the tests of the study's hypotheses say, in one sentence each, Korean and English."""

from __future__ import annotations

from calendar import month_name
from dataclasses import dataclass
from typing import Literal

from nlp.ranks import Dominance
from nlp.rates import RateRatio

Verdict = Literal["supported", "refuted", "undecided"]
Note = tuple[str, str]


@dataclass(frozen=True)
class Claim:
    """That the year (``key`` A) or calendar month (B) ``claimed`` has the most reviews of ``counts``."""

    key: Literal["A", "B"]
    claimed: int
    counts: dict[int, int]

    def short(self, group: int) -> str:
        """As figures name it: ``2020`` or ``07``."""
        return f"{group:02}"

    def korean(self, group: int) -> str:
        return f"{group}년" if self.key == "A" else f"{group}월"

    def english(self, group: int) -> str:
        return str(group) if self.key == "A" else month_name[group]


def unobserved(claim: Claim) -> Note:
    """The claimed period, or any other, is not in the data."""
    return (
        f"{claim.korean(claim.claimed)}이나 견줄 다른 시기의 후기가 없어 판단할 수 없습니다.",
        f"There are no reviews of {claim.english(claim.claimed)}, or of no other period, so nothing can be said.",
    )


def most(claim: Claim, ratio: RateRatio, verdict: Verdict) -> Note:
    """Reviews per app and month of the claimed period against the rival's."""
    own, rival = claim.claimed, ratio.rival
    total = claim.counts.get(own, 0)
    interval_ko = f"95% 구간 {_times(ratio.low)}~{_times(ratio.high)}배"
    interval_en = f"95% interval {_times(ratio.low)} to {_times(ratio.high)}"
    rate, other = f"{ratio.rates[own]:.1f}", f"{ratio.rates[rival]:.1f}"
    own_ko, rival_ko, effect = claim.korean(own), claim.korean(rival), _times(ratio.effect)
    own_en, rival_en = claim.english(own), claim.english(rival)
    compared_ko = (
        f"앱 하나에 한 달 {rate}개(모두 {total:,}개)로 {rival_ko} {other}개의 {effect}배입니다({interval_ko})"
    )
    compared_en = (
        f"{rate} reviews per app and month ({total:,} in all) against {other} in {rival_en},"
        f" {effect} times as many ({interval_en})"
    )
    if verdict == "supported":
        return f"{own_ko}에 후기가 가장 많습니다: {compared_ko}.", f"{own_en} has the most: {compared_en}."
    if verdict == "refuted":
        return (
            f"{own_ko}에 후기가 가장 많은 것은 아닙니다: {compared_ko}.",
            f"{own_en} does not have the most: {compared_en}.",
        )
    return (
        f"{own_ko}에 후기가 가장 많은지는 이 자료로 가릴 수 없습니다: {compared_ko}.",
        f"These reviews cannot tell whether {own_en} has the most: {compared_en}.",
    )


def _times(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:,.0f}"


def too_few() -> Note:
    """One of the two kinds of reviews is all but missing."""
    return (
        "3점 이하이거나 4점 이상인 후기가 둘도 안 되어 길이를 견줄 수 없습니다.",
        "There are fewer than two reviews of 3★ and less, or of 4★ and more, so lengths cannot be compared.",
    )


def longer(found: Dominance, complaints: float, others: float, verdict: Verdict) -> Note:
    """Lengths of reviews of 3★ and less against the others; the medians in characters."""
    chance, low, high = (f"{50 * (1 + value):.0f}" for value in (found.delta, found.low, found.high))
    compared_ko = (
        f"하나씩 뽑아 견주면 3점 이하인 쪽이 더 길 확률이 {chance}%입니다"
        f"(95% 구간 {low}~{high}%, 길이의 중앙값 {complaints:.0f}자와 {others:.0f}자)"
    )
    compared_en = (
        f"of one each drawn at random the one of 3★ or less is the longer with a probability of {chance}%"
        f" (95% interval {low} to {high}%, median lengths {complaints:.0f} and {others:.0f} characters)"
    )
    if verdict == "supported":
        return f"불만 후기가 더 깁니다: {compared_ko}.", f"Complaints are longer: {compared_en}."
    if verdict == "refuted":
        return f"불만 후기가 오히려 더 짧습니다: {compared_ko}.", f"Complaints are shorter: {compared_en}."
    return (
        f"불만 후기가 더 긴지는 이 자료로 가릴 수 없습니다: {compared_ko}.",
        f"These reviews cannot tell whether complaints are longer: {compared_en}.",
    )
