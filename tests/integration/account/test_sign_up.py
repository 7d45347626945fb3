"""A patient signs up: a proven number or address, consents of their own, and nobody under 14 alone."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts import service
from app.accounts.models import Consent, ConsentKind, OneTimeCode, User
from tests.factories.accounts import PASSWORD, create_patient, form_token, last_code, submit
from tests.harness.client import Client
from tests.integration.account.conftest import Messages

DETAILS = {"name": "김영희", "birth_date": "1954-03-02", "sex": "female"}
AGREED = {"terms": "y", "health_data": "y"}
CAMERA = "/patient/cases/new"


def prove(client: Client, messages: Messages, identity: str) -> None:
    assert submit(client, "/sign-up", identity=identity).location == "/sign-up/code"
    answer = submit(client, "/sign-up/code", code=last_code(messages))
    assert answer.location == "/sign-up/consents"


def register(client: Client, details: dict[str, str] = DETAILS, **agreed: str) -> Any:
    """Agree, and say who one is; returns the last answer."""
    password = {"password": agreed.pop("password")} if "password" in agreed else {}
    assert submit(client, "/sign-up/consents", **(AGREED | agreed)).location == "/sign-up/details"
    return submit(client, "/sign-up/details", **details, **password)


def test_with_a_number_alone_and_no_password(client: Client, db: Any, sms: Messages) -> None:
    prove(client, sms, "010-1234-5678")
    answer = register(client)
    assert answer.location == "/home"
    user = service.find_user(mobile="+821012345678")
    assert user is not None
    assert (user.name, user.email, user.password) == ("김영희", None, None)
    assert user.patient is not None
    assert (user.patient.birth_date, user.patient.sex) == ("1954-03-02", "female")
    assert client.get("/account").status_code == 200


def follow(client: Client, page: str, words: str) -> str:
    """The address that a link of a page leads to, found by the words on it."""
    found = re.search(rf'href="([^"]+)"[^>]*>(?:(?!</a>).)*{words}', client.get(page).text, re.DOTALL)
    assert found, words
    return html.unescape(found[1].rpartition('href="')[2])


def test_whoever_wanted_to_send_a_photo_comes_out_there(client: Client, db: Any, sms: Messages) -> None:
    page = follow(client, "/", "사진 찍어 보내기")
    assert page == f"/sign-up?next={CAMERA}"
    wanted = {"next": CAMERA}
    assert submit(client, page, "/sign-up", identity="010-1234-5678", **wanted).location == "/sign-up/code"
    assert follow(client, "/sign-up/code", "다시 적고 새 번호 받기") == page
    submit(client, "/sign-up/code", code=last_code(sms))
    answer = register(client)
    assert answer.location == CAMERA
    assert client.get(CAMERA).status_code == 200


def test_so_does_whoever_has_an_account_already(client: Client, db: Any, sms: Messages) -> None:
    user = create_patient(password=PASSWORD)
    login = follow(client, follow(client, "/", "사진 찍어 보내기"), "로그인</a></p>")
    assert login == f"/login?next={CAMERA}"
    assert follow(client, login, "가입하기") == f"/sign-up?next={CAMERA}"
    submit(client, login, "/login/code", identity=str(user.mobile), next=CAMERA, without_password="1")
    assert follow(client, "/login/code/enter", "다시 적고 새 번호 받기") == f"/login/code?next={CAMERA}"
    assert submit(client, "/login/code/enter", code=last_code(sms)).location == CAMERA
    assert client.get(f"/sign-up?next={CAMERA}").location == CAMERA


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)"],
)
def test_the_way_on_from_signing_up_is_never_elsewhere(
    client: Client, db: Any, sms: Messages, wanted: str
) -> None:
    submit(client, "/sign-up", identity="010-1234-5678", next=wanted)
    assert "/login?next" not in client.get(f"/sign-up?{urlencode({'next': wanted})}").text
    submit(client, "/sign-up/code", code=last_code(sms))
    assert register(client).location == "/home"


def test_each_consent_is_kept_with_version_and_time(
    client: Client, db: Any, sms: Messages, clock: Any
) -> None:
    prove(client, sms, "01012345678")
    register(client, ai_notice="y")
    rows = db.session.scalars(select(Consent)).all()
    assert {row.kind for row in rows} == {"terms", "health_data", "ai_notice"}
    assert {row.given_at for row in rows} == {clock.now}
    assert {(row.kind, row.version) for row in rows} == {
        (kind.value, service.texts()[kind].version) for kind in ConsentKind if kind != "telemedicine"
    }


def test_no_box_is_ticked_beforehand(client: Client, sms: Messages) -> None:
    prove(client, sms, "01012345678")
    page = client.get("/sign-up/consents").text
    assert page.count('type="checkbox"') == 4
    assert "checked" not in page


@pytest.mark.parametrize("lacking", ["terms", "health_data"])
def test_what_is_needed_must_be_agreed_to(client: Client, db: Any, sms: Messages, lacking: str) -> None:
    prove(client, sms, "01012345678")
    agreed = {kind: "y" for kind in AGREED if kind != lacking}
    answer = submit(client, "/sign-up/consents", **agreed)
    assert answer.status_code == 200
    assert "동의하셔야 가입할 수 있습니다" in answer.text
    assert client.get("/sign-up/details").location == "/sign-up/consents"
    assert db.session.scalar(select(func.count()).select_from(User)) == 0


def test_what_was_agreed_to_and_taken_back_is_not_registered(client: Client, db: Any, sms: Messages) -> None:
    prove(client, sms, "01012345678")
    submit(client, "/sign-up/consents", **AGREED)
    assert "checked" in client.get("/sign-up/consents").text, "own ticks are found again"
    assert submit(client, "/sign-up/consents", terms="y").status_code == 200
    assert client.get("/sign-up/details").location == "/sign-up/consents"


def test_an_address_needs_a_password(client: Client, db: Any, mails: Messages) -> None:
    prove(client, mails, "Young.Hee@Example.com")
    answer = register(client)
    assert "비밀번호를 정해 주세요" in answer.text
    assert register(client, password=PASSWORD).location == "/home"
    user = service.find_user(email="young.hee@example.com")
    assert user is not None
    assert user.verify_and_update_password(PASSWORD)


def test_a_child_is_told_to_come_with_a_guardian(client: Client, db: Any, sms: Messages) -> None:
    prove(client, sms, "01012345678")
    for born, refused in (("20121124", True), ("20121123", False)):  # 14 on the test's very day
        answer = register(client, DETAILS | {"birth_date": born})
        assert ("보호자가 가입한 뒤" in answer.text) is refused


@pytest.mark.parametrize(
    "typed",
    [
        "19540302",
        "1954.3.2",
        "1954. 3. 2.",
        "1954년 3월 2일",
        "1954 0302",
        " 1954/03/02 ",
        "１９５４０３０２",
    ],
)
def test_a_birth_date_however_written(client: Client, db: Any, sms: Messages, typed: str) -> None:
    prove(client, sms, "01012345678")
    assert register(client, DETAILS | {"birth_date": typed}).location == "/home"
    user = service.find_user(mobile="+821012345678")
    assert user is not None
    assert user.patient is not None
    assert user.patient.birth_date == "1954-03-02"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("540302", "태어난 해를 네 자리로"),
        ("54.3.2", "태어난 해를 네 자리로"),
        ("1954-02-30", "달력에 없는 날"),
        ("19541302", "달력에 없는 날"),
        ("20301231", "아직 오지 않은 날"),
        ("18500101", "너무 오래전"),
        ("1954112", "여덟 자리 숫자로"),  # 12 January or 2 November: not for us to guess
        ("삼월 이일", "여덟 자리 숫자로"),
    ],
)
def test_a_birth_date_that_cannot_be_is_named_for_what_it_is(
    client: Client, sms: Messages, typed: str, words: str
) -> None:
    prove(client, sms, "01012345678")
    answer = register(client, DETAILS | {"birth_date": typed})
    assert words in answer.text
    assert f'value="{typed}"' in answer.text


@pytest.mark.parametrize(
    "typed", ["0212345678", "hello", "+1 202 555 0123", "a@b", "010-12", "0101234567890", ""]
)
def test_what_is_neither_a_mobile_number_nor_an_address_is_refused(
    client: Client, db: Any, typed: str
) -> None:
    answer = submit(client, "/sign-up", identity=typed)
    assert answer.status_code == 200
    assert "is-error" in answer.text
    assert db.session.scalar(select(func.count()).select_from(OneTimeCode)) == 0


def test_a_known_number_gets_a_message_instead_of_a_code(
    client: Client, patient: User, sms: Messages
) -> None:
    answer = submit(client, "/sign-up", identity=str(patient.mobile))
    assert answer.location == "/sign-up/code"
    (message,) = sms()
    assert message["to"] == patient.mobile
    assert "이미 가입되어 있습니다" in message["body"]
    assert "/login" in message["body"]


def test_the_details_are_out_of_reach_without_a_code(client: Client, sms: Messages) -> None:
    assert client.get("/sign-up/details").location == "/sign-up"
    submit(client, "/sign-up", identity="01012345678")
    assert client.get("/sign-up/details").location == "/sign-up"
    right = last_code(sms)
    wrong = f"{(int(right) + 1) % 10**6:06d}"
    assert submit(client, "/sign-up/code", code=wrong).status_code == 200
    assert client.get("/sign-up/details").location == "/sign-up"


def test_a_code_is_good_once_and_for_ten_minutes(client: Client, sms: Messages, clock: Any) -> None:
    submit(client, "/sign-up", identity="01012345678")
    code = last_code(sms)
    clock.advance(minutes=10)
    assert "시간이 지났습니다" in submit(client, "/sign-up/code", code=code).text
    submit(client, "/sign-up", identity="01012345678")
    code = last_code(sms)
    assert submit(client, "/sign-up/code", code=code).location == "/sign-up/consents"
    assert "맞지 않거나" in submit(client, "/sign-up/code", code=code).text


VOID = "이 번호는 이제 쓸 수 없습니다"


def guess_wrongly(client: Client, page: str, right: str) -> list[str]:
    """Enter five wrong codes and return what is said each time."""
    token = form_token(client, page)
    guesses = [f"{(int(right) + step) % 10**6:06d}" for step in range(1, 6)]
    return [client.post(page, data={"csrf_token": token, "code": guess}).text for guess in guesses]


def test_five_wrong_tries_void_a_code_and_the_page_says_how_to_get_another(
    client: Client, sms: Messages, clock: Any
) -> None:
    submit(client, "/sign-up", identity="01012345678")
    right = last_code(sms)
    *earlier, last = guess_wrongly(client, "/sign-up/code", right)
    assert all("맞지 않거나" in said and VOID not in said for said in earlier)
    answer = submit(client, "/sign-up/code", code=right)
    for said in (last, answer.text):
        assert VOID in said
        assert 'name="code"' not in said
        assert re.search(
            r'<a href="/sign-up" class="krds-btn[^>]*>(?:(?!</a>).)*새 번호 받기', said, re.DOTALL
        )
    clock.advance(seconds=31)
    submit(client, "/sign-up", identity="01012345678")
    assert submit(client, "/sign-up/code", code=last_code(sms)).location == "/sign-up/consents"


def test_who_asks_again_at_once_is_led_to_where_the_code_is_entered(client: Client, sms: Messages) -> None:
    for _ in range(2):
        assert submit(client, "/sign-up", identity="01012345678").location == "/sign-up/code"
    assert "조금 전에 이미 보냈습니다" in client.get("/sign-up/code").text
    (only,) = sms()
    assert submit(client, "/sign-up/code", code=last_code(sms)).location == "/sign-up/consents"
    assert only["to"] == "+821012345678"


def test_who_asks_again_at_once_when_the_code_is_void_is_told_to_wait(client: Client, sms: Messages) -> None:
    submit(client, "/sign-up", identity="01012345678")
    guess_wrongly(client, "/sign-up/code", last_code(sms))
    assert "방금 보냈습니다" in submit(client, "/sign-up", identity="01012345678").text


def test_codes_are_not_sent_without_end(client: Client, sms: Messages, clock: Any) -> None:
    for sent in range(1, 7):
        for _ in range(2):
            assert submit(client, "/sign-up", identity="01012345678").location == "/sign-up/code"
        assert len(sms()) == sent
        clock.advance(seconds=31)
    assert submit(client, "/sign-up", identity="01012345678").location == "/sign-up/code"
    assert len(sms()) == 6
    clock.advance(minutes=10)
    assert "너무 여러 번" in submit(client, "/sign-up", identity="01012345678").text
    clock.advance(hours=1)
    assert submit(client, "/sign-up", identity="01012345678").status_code == 302


def test_two_browsers_with_one_code_make_one_account(
    app: Flask, client: Client, db: Any, sms: Messages
) -> None:
    prove(client, sms, "01012345678")
    create_patient(mobile="+821012345678")
    answer = register(client)
    assert answer.location == "/login"
    assert db.session.scalar(select(func.count()).select_from(User)) == 1


def test_the_cookie_between_the_pages_does_not_show_the_number(client: Client) -> None:
    submit(client, "/sign-up", identity="010-1234-5678")
    with client.session_transaction() as session:
        kept = dict(session)
    assert "pending" in kept
    assert "1012345678" not in str(kept)
