"""The apps that can be collected: shipped ones, and those that operators add."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from app.accounts.models import User
from app.audit.models import AuditEntry
from app.reviews import added_apps, apps, collecting, schedules
from app.reviews.models import StoreApp
from tests.factories.reviews import create_operator


@pytest.fixture
def operator(db: Any) -> User:
    return create_operator()


def test_shipped_apps_say_which_ids_are_verified(db: Any) -> None:
    found = {row.name_ko: row.places for row in apps.listed()}
    assert [(place.store, place.verified) for place in found["똑닥"]] == [
        ("appstore", True),
        ("googleplay", False),
    ]
    assert found["엠비닥"] == []


def test_an_added_app_is_listed_named_not_verified_and_can_be_collected(db: Any, operator: User) -> None:
    apps.add(
        operator.id,
        name_ko=" 새  앱 ",
        name_en="New App",
        app_store="1234567890",
        google_play="kr.co.new_app",
    )
    (row,) = [row for row in apps.listed() if row.name_ko == "새 앱"]
    assert [(place.store, place.app, place.verified) for place in row.places] == [
        ("appstore", "1234567890", False),
        ("googleplay", "kr.co.new_app", False),
    ]
    assert db.session.get(StoreApp, "kr.co.new_app").name_en == "New App (Google Play)"
    assert collecting.start(operator.id, "googleplay", "kr.co.new_app").app == "kr.co.new_app"
    assert "store_app.add" in set(db.session.scalars(select(AuditEntry.action)))


def test_an_id_more_of_an_app_that_is_there_stands_beside_the_others(db: Any, operator: User) -> None:
    apps.add(operator.id, name_ko="굿닥", google_play="com.example.goodoc")
    (row,) = [row for row in apps.listed() if row.name_ko == "굿닥"]
    assert row.name_en == "Goodoc"
    assert [place.store for place in row.places] == ["appstore", "googleplay"]


def test_the_address_of_a_page_in_the_store_will_do(db: Any, operator: User) -> None:
    added = apps.add(
        operator.id,
        name_ko="새 앱",
        app_store="https://apps.apple.com/kr/app/%EA%B5%BF%EB%8B%A5/id1234567890?l=ko",
        google_play="https://play.google.com/store/apps/details?hl=ko&id=kr.co.newapp",
    )
    assert (added.app_store, added.google_play) == ("1234567890", "kr.co.newapp")


@pytest.mark.parametrize(
    "given, where, why",
    [
        ({"name_ko": "  ", "app_store": "1234567890"}, "name_ko", "missing"),
        ({"name_ko": "가" * 61, "app_store": "1234567890"}, "name_ko", "long"),
        ({"name_ko": "앱", "name_en": "a" * 61, "app_store": "1234567890"}, "name_en", "long"),
        ({"name_ko": "앱"}, "app_store", "missing"),
        ({"name_ko": "앱", "app_store": "id123"}, "app_store", "form"),
        ({"name_ko": "앱", "app_store": "１２３４５６７８"}, "app_store", "form"),
        ({"name_ko": "앱", "app_store": "../../1"}, "app_store", "form"),
        ({"name_ko": "앱", "google_play": "nodots"}, "google_play", "form"),
        ({"name_ko": "앱", "google_play": "com.1x"}, "google_play", "form"),
        ({"name_ko": "앱", "google_play": "com.example/x"}, "google_play", "form"),
        ({"name_ko": "앱", "google_play": f"com.{'x' * 61}"}, "google_play", "form"),
    ],
)
def test_what_is_no_app_is_refused_by_field(
    db: Any, operator: User, given: dict[str, str], where: str, why: str
) -> None:
    with pytest.raises(apps.BadApp) as caught:
        apps.add(operator.id, **given)
    assert (caught.value.field, caught.value.why) == (where, why)


def test_an_id_stands_in_the_list_once(db: Any, operator: User) -> None:
    with pytest.raises(apps.AppKnown) as caught:
        apps.add(operator.id, name_ko="내 앱", app_store="517637141")
    assert caught.value.name_ko == "굿닥"
    apps.add(operator.id, name_ko="내 앱", google_play="kr.co.mine")
    with pytest.raises(apps.AppKnown):
        apps.add(operator.id, name_ko="다른 앱", google_play="kr.co.mine")


def _added(operator: User) -> int:
    return apps.add(operator.id, name_ko="새 앱", app_store="1234567890").id


def test_an_added_app_gets_another_name_and_id_and_what_was_scheduled_for_the_old_one_ends(
    db: Any, operator: User
) -> None:
    added = _added(operator)
    schedules.save(operator.id, "appstore", "1234567890", active=True, hour=4, weekday=None)
    added_apps.change(added, name_ko="고친 앱", app_store="2234567890", google_play="kr.co.new_app")
    (row,) = [row for row in apps.listed() if row.name_ko == "고친 앱"]
    assert [place.app for place in row.places] == ["2234567890", "kr.co.new_app"]
    assert schedules.find("appstore", "1234567890") is None
    assert db.session.get(StoreApp, "2234567890").name_ko == "고친 앱"


def test_a_new_name_alone_keeps_the_schedule(db: Any, operator: User) -> None:
    added = _added(operator)
    schedules.save(operator.id, "appstore", "1234567890", active=True, hour=4, weekday=None)
    added_apps.change(added, name_ko="고친 앱", app_store="1234567890")
    assert schedules.find("appstore", "1234567890") is not None
    assert db.session.get(StoreApp, "1234567890").name_ko == "고친 앱"


def test_an_id_of_another_app_is_refused(db: Any, operator: User) -> None:
    added = _added(operator)
    with pytest.raises(apps.AppKnown):
        added_apps.change(added, name_ko="새 앱", app_store="517637141")
    assert apps.find("appstore", "1234567890") is not None


def test_an_app_taken_off_the_list_is_not_collected_any_more(db: Any, operator: User) -> None:
    added = _added(operator)
    schedules.save(operator.id, "appstore", "1234567890", active=True, hour=4, weekday=None)
    added_apps.remove(added)
    assert apps.find("appstore", "1234567890") is None
    assert schedules.find("appstore", "1234567890") is None
    assert db.session.get(StoreApp, "1234567890").name_ko == "새 앱"
    with pytest.raises(added_apps.NoSuchApp):
        added_apps.remove(added)


def test_while_it_is_collected_its_id_stays(db: Any, operator: User) -> None:
    added = _added(operator)
    collecting.start(operator.id, "appstore", "1234567890")
    with pytest.raises(added_apps.AppBusy):
        added_apps.remove(added)
    with pytest.raises(added_apps.AppBusy):
        added_apps.change(added, name_ko="새 앱", google_play="kr.co.new_app")
    assert apps.find("appstore", "1234567890") is not None
