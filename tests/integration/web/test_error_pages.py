"""Every error page: what happened, what to do now, the number to quote, and 119 where waiting may be dangerous."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from app.policy import public
from app.web.errors import EXPLANATIONS
from tests.factories.accounts import create_patient, form_token, sign_in
from tests.harness.client import Client

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

CALL_119 = {"ko": "기다리지 말고 119에 전화하세요", "en": "do not wait: call 119"}
QUOTE = {"ko": "문의하실 때 알려 주실 번호", "en": "Please mention this number when you contact us"}
WORDS: dict[int, dict[str, tuple[str, str]]] = {
    400: {
        "ko": ("요청을 알아듣지 못했습니다", "앞 화면으로 돌아가 빠진 곳이 없는지 보고 다시 보내 주세요."),
        "en": ("We did not understand the request", "Please go back, check that nothing is missing"),
    },
    403: {
        "ko": ("볼 수 없는 화면입니다", "내 계정이 맞는지 확인해 주세요."),
        "en": ("You cannot see this page", "Check that you are using the right account."),
    },
    404: {
        "ko": ("찾으시는 화면이 없습니다", "첫 화면에서 다시 찾아 주세요."),
        "en": ("This page does not exist", "Please start again from the home page."),
    },
    405: {
        "ko": ("이 주소로는 열 수 없습니다", "첫 화면이나 앞 화면에서 다시 시작해 주세요."),
        "en": ("This address cannot be opened", "Please start again from the home page or the page before."),
    },
    413: {
        "ko": ("사진이나 파일이 너무 큽니다", "사진 수를 줄이거나 더 작은 크기로 찍어 다시 보내 주세요."),
        "en": ("The photo or file is too large", "Send fewer photos, or take them at a smaller size."),
    },
    429: {
        "ko": ("잠시 쉬었다가 해 주세요", "이미 보내신 내용은 그대로 있습니다."),
        "en": ("Please take a short break", "What you have already sent is safe."),
    },
    500: {
        "ko": ("저희 쪽에 문제가 생겼습니다", "잠시 뒤 다시 시도해 주세요."),
        "en": ("Something went wrong on our side", "Please try again shortly."),
    },
}
URGENT = {429, 500}
"""Where somebody who needs help at once may be kept from it."""


def _something_not_on_offer(client: Client) -> Any:
    token = form_token(client, "/login")
    return client.post("/preferences", data={"csrf_token": token, "text": "gigantic"})


def _a_door_for_others(client: Client) -> Any:
    sign_in(client, create_patient())
    return client.get("/operator/")


def _a_flood(client: Client) -> Any:
    data = {"csrf_token": form_token(client, "/recover"), "identity": "x"}
    answers = [client.post("/recover", data=data) for _ in range(21)]
    return answers[-1]


WAYS: dict[int, Callable[[Client], Any]] = {
    400: _something_not_on_offer,
    403: _a_door_for_others,
    404: lambda client: client.get("/nowhere"),
    405: lambda client: client.post("/terms"),
    413: lambda client: client.post("/login", data=b"x" * (1024 * 1024 + 1)),
    429: _a_flood,
    500: lambda client: client.get("/crashing"),
}


def _crash() -> str:
    raise RuntimeError("the inside of the house")


@pytest.fixture
def visitor(make_app: Callable[..., Flask]) -> Any:
    """Somebody at a portal where everything can go wrong."""
    app = make_app(rate_limits=True, max_upload_mb=1)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.add_url_rule("/crashing", "crashing", public(_crash))
    with app.app_context():
        yield app.test_client()


def _main(page: str) -> str:
    found = re.search(r"<main\b.*?</main>", page, re.DOTALL)
    assert found, page
    return html.unescape(found[0])


@on_sqlite
@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("status", WORDS)
def test_an_error_page_helps(visitor: Client, status: int, language: str) -> None:
    visitor.set_cookie("lang", language)
    answer = WAYS[status](visitor)
    assert answer.status_code == status
    assert answer.mimetype == "text/html"
    assert f'<html lang="{language}"' in answer.text
    main = _main(answer.text)
    title, advice = WORDS[status][language]
    assert re.search(rf"<h1[^>]*>{title}</h1>", main)
    assert advice in main
    assert QUOTE[language] in main
    assert f"<code>{answer.headers['X-Request-ID']}</code>" in main
    assert ('href="/home"' if status == 403 else 'href="/"') in main, (
        "a way out: who is signed in has pages of their own"
    )
    assert (CALL_119[language] in main) == (status in URGENT)
    assert "no-store" in answer.headers["Cache-Control"]
    assert "the inside of the house" not in answer.text


@on_sqlite
@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("status", WORDS)
def test_a_part_of_a_page_is_told_the_same_in_short(visitor: Client, status: int, language: str) -> None:
    visitor.set_cookie("lang", language)
    visitor.environ_base["HTTP_HX_REQUEST"] = "true"
    answer = WAYS[status](visitor)
    assert answer.status_code == status
    told = html.unescape(answer.text)
    assert "<html" not in told
    assert all(words in told for words in WORDS[status][language])
    assert f"<code>{answer.headers['X-Request-ID']}</code>" in told
    assert ("119" in told) == (status in URGENT)


@on_sqlite
def test_a_program_learns_what_would_have_been_allowed(visitor: Client) -> None:
    assert "GET" in WAYS[405](visitor).headers["Allow"]


def test_a_program_learns_when_it_may_come_again(visitor: Client) -> None:
    assert 1 <= int(_a_flood(visitor).headers["Retry-After"]) <= 61


def test_every_status_with_words_of_its_own_that_a_visitor_can_cause_is_tried() -> None:
    assert set(EXPLANATIONS) - set(WORDS) == {401, 409, 503}
    assert {status for status in WORDS if EXPLANATIONS[status].emergency} == URGENT


@on_sqlite
@pytest.mark.parametrize("language", ["ko", "en"])
def test_with_the_database_gone_a_signed_in_person_still_gets_an_answer(
    app: Flask, db: Any, language: str
) -> None:
    client = app.test_client()
    sign_in(client, create_patient())
    app.config["PROPAGATE_EXCEPTIONS"] = False

    def gone(*_given: Any) -> None:
        raise OperationalError("SELECT 1", {}, OSError("the inside of the house"))

    app.login_manager.user_loader(gone)  # type: ignore[attr-defined]
    answer = client.get("/home", headers={"Accept-Language": language})
    assert answer.status_code == 500
    assert WORDS[500][language][0] in html.unescape(answer.text)
    assert f'<html lang="{language}"' in answer.text
    assert "119" in answer.text
    assert answer.headers["X-Request-ID"] in answer.text
    assert "the inside of the house" not in answer.text
