"""Which rule admits: by day, by region, by what was seen before, by what is said."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from app.consultations.eligibility import Facts, Reason, decide
from app.consultations.eligibility_admit import korean_day
from app.consultations.eligibility_models import RuleKind
from tests.factories.eligibility import ACT, JEONNAM, SEOUL, SUNCHEON, TRIAL_ENDS, YEOSU, rule

TRIAL = rule(RuleKind.PILOT, "trial", valid_from=date(2025, 10, 27), valid_until=TRIAL_ENDS)
REVISIT = rule(RuleKind.REVISIT, "revisit", parameters={"within_days": 180, "reading_counts": True})
PROVINCE = rule(RuleKind.RESIDENCE, "same_region", parameters={"level": "province"})
DISTRICT = rule(RuleKind.RESIDENCE, "same_district", parameters={"level": "district"})
ISLAND = rule(RuleKind.EXCEPTION, "island", parameters={"needs_check": True})
SEEN = {"about_lesion": True, "last_visit": ACT - timedelta(days=180)}
READ = {"about_lesion": True, "last_reading": ACT - timedelta(days=3)}

CASES: list[tuple[str, dict[str, Any], list[Any], date, str | None]] = [
    ("anybody during the trial", {}, [TRIAL, REVISIT, PROVINCE], TRIAL_ENDS, "trial"),
    ("nobody in particular afterwards", {}, [TRIAL, REVISIT, PROVINCE, ISLAND], ACT, None),
    ("the Act's rules not before its day", {**SEEN}, [REVISIT, PROVINCE], TRIAL_ENDS, None),
    ("seen on the last day that counts", SEEN, [REVISIT], ACT, "revisit"),
    ("seen a day too long ago", SEEN, [REVISIT], ACT + timedelta(days=1), None),
    ("a reading counts where it does", READ, [REVISIT], ACT, "revisit"),
    (
        "and not where it does not",
        READ,
        [rule(RuleKind.REVISIT, parameters={"within_days": 180, "reading_counts": False})],
        ACT,
        None,
    ),
    ("same province", {"patient_area": SUNCHEON, "doctor_area": YEOSU}, [PROVINCE], ACT, "same_region"),
    ("but another district", {"patient_area": SUNCHEON, "doctor_area": YEOSU}, [DISTRICT], ACT, None),
    (
        "same district",
        {"patient_area": SUNCHEON, "doctor_area": SUNCHEON},
        [DISTRICT],
        ACT,
        "same_district",
    ),
    (
        "the province alone is no district",
        {"patient_area": SUNCHEON, "doctor_area": JEONNAM},
        [DISTRICT],
        ACT,
        None,
    ),
    ("another province", {"patient_area": SUNCHEON, "doctor_area": SEOUL}, [PROVINCE], ACT, None),
    ("nothing is known of the patient", {"doctor_area": SEOUL}, [PROVINCE], ACT, None),
    ("nothing is known of the doctor", {"patient_area": SEOUL}, [PROVINCE], ACT, None),
    (
        "an exception that was declared",
        {"exceptions": frozenset({"island"})},
        [PROVINCE, ISLAND],
        ACT,
        "island",
    ),
    ("another exception", {"exceptions": frozenset({"rare"})}, [ISLAND], ACT, None),
    (
        "what needs no check comes before what does",
        {"patient_area": SEOUL, "doctor_area": SEOUL, "exceptions": frozenset({"island"})},
        [ISLAND, PROVINCE],
        ACT,
        "same_region",
    ),
    ("what is switched off", {}, [rule(RuleKind.PILOT, valid_from=ACT, active=False)], ACT, None),
]


@pytest.mark.parametrize(
    ("facts", "rules", "on", "admits"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_who_is_admitted_by_what(
    facts: dict[str, Any], rules: list[Any], on: date, admits: str | None
) -> None:
    found = decide(Facts(**facts), rules, on)
    assert (found.rule.key if found.rule else None) == admits
    assert len(found.verdicts) == len(rules)


@pytest.mark.parametrize(
    ("facts", "one", "on", "reason"),
    [
        ({}, TRIAL, ACT, Reason.OVER),
        ({}, PROVINCE, TRIAL_ENDS, Reason.NOT_YET),
        ({}, rule(RuleKind.PILOT, active=False), ACT, Reason.OFF),
        ({}, REVISIT, ACT, Reason.NO_LESION),
        ({"about_lesion": True}, REVISIT, ACT, Reason.NEVER_SEEN),
        (SEEN, REVISIT, ACT + timedelta(days=1), Reason.TOO_LONG_AGO),
        ({"about_lesion": True, "last_visit": ACT + timedelta(days=1)}, REVISIT, ACT, Reason.NEVER_SEEN),
        ({"doctor_area": SEOUL}, PROVINCE, ACT, Reason.AREA_UNKNOWN),
        ({"patient_area": SEOUL}, PROVINCE, ACT, Reason.DOCTOR_AREA_UNKNOWN),
        ({"patient_area": SEOUL, "doctor_area": YEOSU}, PROVINCE, ACT, Reason.ELSEWHERE),
        ({}, ISLAND, ACT, Reason.NOT_DECLARED),
    ],
)
def test_why_not(facts: dict[str, Any], one: Any, on: date, reason: Reason) -> None:
    found = decide(Facts(**facts), [one], on)
    assert [verdict.reason for verdict in found.verdicts] == [reason]
    assert bool(found.refusals) == (reason not in {Reason.OVER, Reason.NOT_YET, Reason.OFF})


def test_the_day_turns_at_midnight_in_korea() -> None:
    last_minute = datetime(2026, 12, 23, 14, 59, tzinfo=UTC)
    assert korean_day(last_minute) == TRIAL_ENDS
    assert korean_day(last_minute + timedelta(minutes=1)) == ACT


def test_what_is_kept_says_whether_the_doctor_has_to_check() -> None:
    told = Facts(exceptions=frozenset({"island"}))
    kept = decide(told, [ISLAND], ACT).snapshot()
    assert kept["needs_check"] is True
    assert kept["on"] == "2026-12-24"
    assert kept["facts"]["exceptions"] == ["island"]
    assert decide(told, [TRIAL, ISLAND], TRIAL_ENDS).snapshot()["needs_check"] is False
