"""When somebody turns 14, counted by days in Korea."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.accounts.age import begun_alone, came_of_age
from app.accounts.models import Patient


@pytest.mark.parametrize(
    ("born", "since"),
    [
        ("2010-11-24", datetime(2024, 11, 23, 15, tzinfo=UTC)),
        ("2008-02-29", datetime(2022, 2, 28, 15, tzinfo=UTC)),
    ],
)
def test_the_birthday_begins_at_midnight_in_korea(born: str, since: datetime) -> None:
    assert came_of_age(Patient(birth_date=born)) == since


def test_what_was_begun_before_the_birthday_is_not_begun_alone() -> None:
    grown, unknown = Patient(birth_date="2010-11-24"), Patient(birth_date=None)
    eve = datetime(2024, 11, 23, 14, 59, tzinfo=UTC)
    assert [begun_alone(who, eve) for who in (grown, unknown)] == [False, True]
    assert begun_alone(grown, datetime(2024, 11, 23, 15, tzinfo=UTC))
