"""Error pages that help: what happened, what to do now, and the id to quote. Also as fragment and as JSON."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, jsonify, make_response, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from app.extensions import limiter
from app.web.preferences import is_local
from app.web.request_id import current_request_id


@dataclass(frozen=True)
class Explanation:
    """The words of one error. `emergency`: also point to 119; `code`: a stable name for programs."""

    code: str
    title: Any
    happened: Any
    advice: Any
    emergency: bool = False


EXPLANATIONS: dict[int, Explanation] = {
    400: Explanation(
        "bad_request",
        _l("요청을 알아듣지 못했습니다"),
        _l("보내신 내용이 중간에 빠졌거나 형식이 맞지 않습니다."),
        _l("앞 화면으로 돌아가 빠진 곳이 없는지 보고 다시 보내 주세요."),
    ),
    401: Explanation(
        "signed_out",
        _l("다시 로그인해 주세요"),
        _l("로그인하지 않았거나, 한동안 쓰지 않아 로그아웃되었습니다."),
        _l("로그인한 뒤 이어서 해 주세요."),
    ),
    403: Explanation(
        "forbidden",
        _l("볼 수 없는 화면입니다"),
        _l("이 화면은 허락된 분만 볼 수 있습니다. 다른 계정으로 로그인하셨을 수도 있습니다."),
        _l("내 계정이 맞는지 확인해 주세요. 맞는데도 보이지 않으면 아래 번호를 알려 주세요."),
    ),
    404: Explanation(
        "not_found",
        _l("찾으시는 화면이 없습니다"),
        _l("주소가 바뀌었거나 잘못 적혔거나, 볼 수 없게 된 화면입니다."),
        _l("첫 화면에서 다시 찾아 주세요."),
    ),
    405: Explanation(
        "method_not_allowed",
        _l("이 주소로는 열 수 없습니다"),
        _l("저장하던 화면을 새로 고쳤거나 주소를 직접 입력하신 것 같습니다."),
        _l("첫 화면이나 앞 화면에서 다시 시작해 주세요."),
    ),
    409: Explanation(
        "conflict",
        _l("그 사이에 내용이 바뀌었습니다"),
        _l("다른 창이나 다른 분이 먼저 처리했습니다."),
        _l("화면을 새로 열어 지금 상태를 확인해 주세요."),
    ),
    413: Explanation(
        "too_large",
        _l("사진이나 파일이 너무 큽니다"),
        _l("한 번에 받을 수 있는 크기를 넘었습니다. 아무것도 저장되지 않았습니다."),
        _l("사진 수를 줄이거나 더 작은 크기로 찍어 다시 보내 주세요."),
    ),
    429: Explanation(
        "too_many",
        _l("잠시 쉬었다가 해 주세요"),
        _l("짧은 시간에 너무 여러 번 시도하셨습니다. 보안을 위해 잠시 멈췄습니다."),
        _l("몇 분 뒤에 다시 시도해 주세요. 이미 보내신 내용은 그대로 있습니다."),
        emergency=True,
    ),
    500: Explanation(
        "server_error",
        _l("저희 쪽에 문제가 생겼습니다"),
        _l("처리하다가 오류가 났습니다. 잘못하신 것이 아닙니다."),
        _l("잠시 뒤 다시 시도해 주세요. 계속되면 아래 번호를 알려 주세요."),
        emergency=True,
    ),
    503: Explanation(
        "unavailable",
        _l("지금은 잠시 쉬는 중입니다"),
        _l("점검 중이거나 이용이 몰려 답을 드리지 못했습니다."),
        _l("몇 분 뒤에 다시 열어 주세요."),
        emergency=True,
    ),
}

HOME = "account.home"
"""The view where each role begins, if the portal has it."""

FORM_EXPIRED = Explanation(
    "form_expired",
    _l("화면이 오래되어 보내지 못했습니다"),
    _l("안전을 위해 한동안 쓰지 않은 화면은 받지 않습니다. 아무것도 저장되지 않았습니다."),
    _l("화면을 새로 연 뒤 다시 보내 주세요. 쿠키가 꺼져 있다면 켜 주세요."),
)


def explain(status: int) -> Explanation:
    """The words for `status`; unknown ones borrow from 400 or 500."""
    return EXPLANATIONS.get(status) or EXPLANATIONS[500 if status >= 500 else 400]


def wants_fragment() -> bool:
    """Whether htmx asks and only a part of a page is to be replaced."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Boosted") != "true"


def wants_json() -> bool:
    """Whether a program (fetch, the API) rather than a person's browser reads the answer."""
    if request.path.startswith("/api/"):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"], default="text/html")
    return best == "application/json"


def error_response(status: int, words: Explanation, headers: dict[str, str] | None = None) -> Response:
    """The answer for `status` in the form the caller can use. Keeps helpful headers such as Retry-After."""
    if wants_json():
        body = {
            "code": words.code,
            "title": str(words.title),
            "happened": str(words.happened),
            "advice": str(words.advice),
            "request_id": current_request_id(),
        }
        response = jsonify(error=body)
    else:
        response = make_response(_render(status, words))
    response.status_code = status
    response.headers["Cache-Control"] = "private, no-store"
    for name in ("Retry-After", "Allow"):
        if headers and name in headers:
            response.headers[name] = headers[name]
    return response


def _render(status: int, words: Explanation) -> str:
    values = {
        "status": status,
        "words": words,
        "request_id": current_request_id(),
        "stands_on": _stands_on(),
        "own_start": _own_start() if status == 403 else None,
    }
    template = "errors/fragment.html" if wants_fragment() else "errors/page.html"
    if status < 500:
        return render_template(template, **values)
    try:
        return render_template(template, **values)
    except Exception as error:  # noqa: BLE001 - whatever it is, a person must still get an answer
        # The ordinary page asks who is signed in; with the database down not even that can be answered.
        current_app.logger.warning("error page fell back to the plain one: %s", type(error).__name__)
        return current_app.jinja_env.get_template("errors/plain.html").render(**values)


def _own_start() -> str | None:
    """Where the signed-in person begins: who came through a door for others is shown their own. None for a visitor."""
    # The guard has just looked at who it is. Other errors do not ask: the database may be what is broken.
    signed_in = getattr(current_user, "is_authenticated", False)
    return url_for(HOME) if signed_in and HOME in current_app.view_functions else None


def _stands_on() -> str | None:
    """The local address of the page that a fragment was asked for, None if it is not told."""
    told = urlsplit(request.headers.get("HX-Current-URL", ""))
    ours = told.netloc == request.host and is_local(told.path)
    return told.path if ours else None


def _how_long_to_wait(status: int) -> dict[str, str]:
    """For a program that was slowed down: the header that says after how many seconds it may come again."""
    reached = limiter.current_limit if status == 429 else None
    # Not the portal's own clock: the limits count by the system's.
    return {"Retry-After": str(max(1, reached.reset_at - int(time.time())))} if reached else {}


def register(app: Flask) -> None:
    """Answer every HTTP error, form-token failure and unforeseen exception with an explanation."""

    def http_error(error: HTTPException) -> Response | HTTPException:
        status = error.code or 500
        if status < 400 or error.response is not None:
            return error  # a redirect, or an answer that a view has already made
        return error_response(status, explain(status), dict(error.get_headers()) | _how_long_to_wait(status))

    def csrf_error(_error: CSRFError) -> Response:
        return error_response(400, FORM_EXPIRED)

    def crash(_error: Exception) -> Response:
        return error_response(500, EXPLANATIONS[500])

    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(CSRFError, csrf_error)
    # Flask wraps an unforeseen exception, logs it and hands it to the handler of 500.
    app.register_error_handler(500, crash)
