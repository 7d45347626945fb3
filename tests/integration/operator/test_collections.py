"""The operator collects reviews from the stores, and watches it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import User
from app.audit.models import AuditEntry
from app.reviews import apps, collecting
from app.reviews import jobs as work_of_reviews
from app.reviews.collection_models import Collection
from tests.factories import collections
from tests.factories.accounts import create_doctor, create_patient, sign_in
from tests.factories.collections import Shop, create_collection
from tests.factories.reviews import create_analysis
from tests.harness.client import Client
from tests.harness.stores import Answer

Work = Callable[[], int]
APPS = "/operator/reviews/apps"
GOODOC = {"store": "appstore", "app": "517637141"}


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setattr(work_of_reviews, "PAUSE", 0.0)
    monkeypatch.setattr(work_of_reviews, "TRIES", 1)
    with collections.open_shop() as opened:
        yield opened


@pytest.fixture
def app(make_app: Callable[..., Flask], shop: Shop) -> Flask:
    return make_app(app_store_url=shop.url, google_play_url=shop.url)


def _page(office: Client, address: str, status: int = 200) -> str:
    answer = office.get(address)
    assert answer.status_code == status
    return re.sub(r"\s+", " ", answer.text)


def test_the_page_says_what_was_never_tried_and_which_ids_are_verified(office: Client) -> None:
    page = _page(office, APPS)
    assert "실제 장터에서는 한 번도 시험하지 못했습니다" in page
    assert "이용 약관" in page
    assert "517637141" in page
    assert "번호 확인됨" in page
    assert "번호 확인 안 됨" in page
    assert "이 앱의 번호를 모릅니다" in page


def test_started_watched_failed_and_gone_on_with(office: Client, db: Any, work: Work, shop: Shop) -> None:
    shop.refuse = lambda page: Answer(status=429, headers={"Retry-After": "900"}) if page == 3 else None
    address = office.post("/operator/reviews/collections", data=GOODOC).location
    page = _page(office, address)
    assert "차례를 기다리고 있습니다" in page
    assert f"{address}/events" in page
    assert "차례를 기다림" in _page(office, APPS)
    work()
    page = _page(office, f"{address}/status")
    assert "data-finished" in page
    assert "900초 뒤에 이어서" in page
    assert "일부만 모았습니다" in page
    assert "여기까지 모은 것은 저장되어" in page
    assert "일부만" in _page(office, f"{APPS}/work")
    shop.refuse = lambda page: None
    assert office.post(f"{address}/resume").location == address
    work()
    page = _page(office, address)
    assert "장터가 보여 주는 것을 모두 읽었습니다" in page
    assert "굿닥 후기 모으기" in page
    assert "새로 6, 고쳐진 것 0" in _page(office, "/operator/reviews/collections")
    done = {"collection.start", "collection.resume"}
    assert done <= set(db.session.scalars(select(AuditEntry.action)))


def test_progress_while_it_runs(office: Client, operator: User, db: Any) -> None:
    from app.reviews import collecting_steps

    item = create_collection(operator)
    collecting_steps.begin(item.id, item.turn)
    collecting_steps.keep_page(item.id, item.turn, [], collecting_steps.PageKept("{}", 7, 20, False))
    page = _page(office, f"/operator/reviews/collections/{item.public_id}")
    assert "20쪽 가운데 7쪽을 읽었습니다" in page
    assert 'value="7"' in page
    assert office.post(f"/operator/reviews/collections/{item.public_id}/stop").status_code == 303
    assert "멈추는 중" in _page(office, f"/operator/reviews/collections/{item.public_id}")


def test_a_second_start_leads_to_the_one_that_is_there(office: Client, db: Any) -> None:
    first = office.post("/operator/reviews/collections", data=GOODOC).location
    assert office.post("/operator/reviews/collections", data=GOODOC).location == first
    assert "이미 모으고 있습니다" in _page(office, first)


def test_an_unknown_app_is_not_started(office: Client, db: Any) -> None:
    data = {"store": "appstore", "app": "1" * 90}
    assert office.post("/operator/reviews/collections", data=data).location == APPS
    assert "목록에 없는 앱입니다" in _page(office, APPS)
    assert db.session.scalar(select(Collection)) is None


def test_an_app_is_added_by_hand(office: Client, db: Any) -> None:
    data = {"name_ko": "새 앱", "app_store": "1234567890"}
    assert office.post(APPS, data=data).status_code == 303
    page = _page(office, APPS)
    assert "새 앱" in page
    assert "1234567890" in page


@pytest.mark.parametrize(
    "data, said",
    [
        ({"name_ko": "", "app_store": "1234567890"}, "앱 이름을 적어 주세요"),
        ({"name_ko": "앱"}, "하나는 적어 주세요"),
        ({"name_ko": "앱", "app_store": "열"}, "숫자 6–15자리"),
        ({"name_ko": "앱", "google_play": "nodots"}, "점으로 이은 것"),
        ({"name_ko": "앱", "app_store": "517637141"}, "이미 있는 앱입니다: 굿닥"),
        ({"name_ko": "가" * 61, "app_store": "1234567890"}, "60자까지"),
    ],
)
def test_what_is_wrong_with_an_app_is_said_at_its_field(
    office: Client, db: Any, data: dict[str, str], said: str
) -> None:
    answer = office.post(APPS, data=data)
    assert answer.status_code == 422
    assert said in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_an_added_app_is_changed_and_taken_off_the_list(office: Client, operator: User, db: Any) -> None:
    added = apps.add(operator.id, name_ko="새 앱", app_store="1234567890").id
    here = f"{APPS}/{added}"
    assert here in _page(office, APPS)
    assert 'value="1234567890"' in _page(office, here)
    answer = office.post(here, data={"name_ko": "새 앱", "app_store": "새번호"})
    assert answer.status_code == 422
    assert "숫자 6–15자리" in answer.text
    office.post(here, data={"name_ko": "고친 앱", "app_store": "1234567890"})
    assert "고친 앱" in _page(office, APPS)
    collecting.start(operator.id, "appstore", "1234567890")
    answer = office.post(f"{here}/remove", follow_redirects=True)
    assert "지금 모으고 있습니다" in answer.text
    collecting.stop(db.session.scalars(select(Collection)).one().id)
    answer = office.post(f"{here}/remove", follow_redirects=True)
    assert "모은 후기는 그대로 있습니다" in answer.text
    _page(office, here, status=404)
    assert "이미 목록에 없습니다" in office.post(f"{here}/remove", follow_redirects=True).text


def test_a_time_is_set_shown_and_taken_away(office: Client, db: Any) -> None:
    address = "/operator/reviews/schedules/appstore/517637141"
    assert "정하지 않음" in _page(office, address)
    data = {"often": "weekly", "weekday": "2", "hour": "4"}
    assert office.post(address, data=data).location == APPS
    assert "다음에 스스로 모으는 때: 11월 25일 (수) 오전 4:00" in _page(office, APPS)
    assert office.post(address, data=data | {"hour": "24"}).status_code == 422
    assert office.post(address, data=data | {"often": "hourly"}).status_code == 422
    office.post(address, data=data | {"often": "never"})
    assert "다음에 스스로" not in _page(office, APPS)
    assert "collection.schedule" in set(db.session.scalars(select(AuditEntry.action)))
    _page(office, "/operator/reviews/schedules/appstore/999999", 404)
    assert office.post("/operator/reviews/schedules/appstore/999999", data=data).status_code == 404


def test_reports_call_an_added_app_by_its_name(
    office: Client, operator: User, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work_of_reviews, "CLOUD_SIZE", (240, 160))
    apps.add(operator.id, name_ko="새 앱", google_play="kr.co.newapp")
    create_collection(operator, "googleplay", "kr.co.newapp")
    work()
    run = create_analysis(operator)
    work()
    assert "새 앱 (Google Play)" in _page(office, f"/operator/analyses/{run.public_id}")
    table = office.get(f"/operator/analyses/{run.public_id}/tables/apps.csv").data.decode("utf-8-sig")
    assert "새 앱 (Google Play)" in table


def test_others_neither_see_nor_start_anything(app: Flask, operator: User, db: Any) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    item = create_collection(operator)
    address = f"/operator/reviews/collections/{item.public_id}"
    for person in (create_patient(), create_doctor(password_hash="none")):
        client = app.test_client()
        sign_in(client, person)
        for page in (APPS, address, f"{address}/status", f"{address}/events"):
            assert client.get(page).status_code == 403
        for act in (f"{address}/stop", f"{address}/resume", APPS):
            assert client.post(act).status_code == 403
        assert client.post("/operator/reviews/collections", data=GOODOC).status_code == 403
    db.session.rollback()
    assert collecting.under_way("appstore", "517637141") is not None


@pytest.mark.parametrize("state", ["queued", "failed", "done"])
def test_it_reads_in_english_too(office: Client, operator: User, work: Work, shop: Shop, state: str) -> None:
    if state == "failed":
        shop.refuse = lambda page: Answer(status=429, headers={"Retry-After": "900"})
    item = create_collection(operator)
    if state != "queued":
        work()
    office.set_cookie("lang", "en")
    for address in (
        APPS,
        f"/operator/reviews/collections/{item.public_id}",
        "/operator/reviews/collections",
        "/operator/reviews/schedules/appstore/517637141",
    ):
        page = re.sub(r"<footer.*", "", _page(office, address).replace("한국어", "").replace("살핌", ""))
        body = page.split("<main", 1)[1].split("</main>", 1)[0]
        assert not re.findall(r"[가-힣]+", re.sub(r'value="[^"]*"', "", body)), address
    assert "Never tried against the live stores" in body
