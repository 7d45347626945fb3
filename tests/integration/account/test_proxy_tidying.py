"""Names, numbers and addresses of people who were only asked are forgotten, whether or not anybody asks again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.accounts import proxy_offers
from app.accounts.models import User
from app.accounts.proxy_access import permissions_held
from app.accounts.proxy_models import ProxyOffer, ProxyRequest
from app.accounts.proxy_tidying import KEEP
from app.infra import jobs
from tests.factories.accounts import create_patient
from tests.factories.proxies import create_offer, create_request, create_telephone_patient
from tests.harness.clock import FrozenClock

Work = Callable[[], int]


@pytest.fixture
def later(db: Any, clock: FrozenClock, work: Work) -> Callable[[timedelta], list[str]]:
    """Return a function: let time pass and the worker work, then give every number and address that is left."""

    def pass_by(time: timedelta) -> list[str]:
        clock.advance(seconds=time.total_seconds())
        jobs.ask_for_regular()
        work()
        db.session.rollback()
        db.session.expire_all()
        asked = db.session.scalars(select(ProxyRequest.mobile).order_by(ProxyRequest.id))
        return [*asked, *db.session.scalars(select(ProxyOffer.address).order_by(ProxyOffer.id))]

    return pass_by


@pytest.fixture
def helper(db: Any) -> User:
    return create_patient(name="박하늘")


def test_whom_a_helper_asked_is_forgotten_though_the_helper_asks_nobody_else(
    helper: User, later: Callable[[timedelta], list[str]]
) -> None:
    create_request(helper, mobile="+821030000001")
    patient = create_telephone_patient(helper, mobile="+821030000002").patient
    assert later(KEEP) == ["+821030000001", "+821030000002"]
    assert later(timedelta(hours=1)) == []
    assert [held.patient for held in permissions_held(helper)] == [patient], "what came of it stands"


@pytest.mark.parametrize("how", ["taken back", "turned down", "taken up"])
def test_an_offer_that_was_closed_is_forgotten(
    helper: User, later: Callable[[timedelta], list[str]], how: str
) -> None:
    patient = create_patient()
    offer = create_offer(patient, str(helper.mobile))
    create_offer(patient, "still@example.com")
    if how == "taken up":
        proxy_offers.accept(helper, offer.public_id)
    else:
        proxy_offers.close(patient if how == "taken back" else helper, offer.public_id)
    assert later(KEEP) == [helper.mobile, "still@example.com"]
    assert later(timedelta(hours=1)) == ["still@example.com"], "what is open stays"
    assert len(permissions_held(helper)) == (how == "taken up")


def test_an_offer_that_nobody_took_up_is_forgotten(later: Callable[[timedelta], list[str]]) -> None:
    create_offer(create_patient(), "nobody@example.com")
    assert later(proxy_offers.LASTS + KEEP) == ["nobody@example.com"]
    assert later(timedelta(hours=1)) == []
