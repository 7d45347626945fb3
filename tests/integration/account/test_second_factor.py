"""The second factor: required of doctors and operators where configured, codes good once, a way back."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from passlib.totp import TOTP

from app.accounts.models import User
from app.audit.models import AuditEntry
from app.extensions import db as database
from tests.factories.accounts import (
    PASSWORD,
    create_doctor,
    create_operator,
    create_patient,
    form_token,
    sign_in,
    submit,
)
from tests.harness.client import Client


@pytest.fixture
def strict(make_app: Callable[..., Flask]) -> Any:
    """A portal that requires a second factor of doctors and operators."""
    app = make_app(second_factor="required")
    with app.app_context():
        yield app
        database.session.rollback()


HALF_MINUTE = 30


@pytest.fixture(autouse=True)
def authenticator_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Codes stand still, in the middle of a half-minute; call it to let seconds pass for them.

    With the running clock a code made just before the half-minute turns is another's when it is checked.
    """
    shown = [time.time() // HALF_MINUTE * HALF_MINUTE + HALF_MINUTE / 2]
    monkeypatch.setattr(TOTP, "now", staticmethod(lambda: shown[0]))

    def pass_by(seconds: float) -> None:
        shown[0] += seconds

    return pass_by


def code_for(key: str, steps: int = 0) -> str:
    """What an authenticator app shows, `steps` half-minutes from now."""
    totp = TOTP(key=key.replace("-", "").replace(" ", ""), format="base32")
    return str(totp.generate(totp.now() + HALF_MINUTE * steps).token)


def begin_setup(client: Client) -> tuple[str, str]:
    """Ask for a secret; return it as the page shows it, and where the page sends the first code."""
    page = submit(client, "/tf-setup", setup="authenticator").text
    assert 'src="data:image/svg+xml;base64,' in page
    key = re.search(r"<figcaption><code>([^<]+)</code>", page)
    target = re.search(r'action="(/tf-[^"]+)"', page)
    assert key
    assert target
    return key.group(1), target.group(1)


def password_step(client: Client, user: User) -> Any:
    return submit(client, "/login", identity=str(user.email), password=PASSWORD)


def enrol(client: Client, user: User) -> str:
    """Sign in for the first time, set the second factor up, and return its key."""
    assert password_step(client, user).location == "/tf-setup"
    key, target = begin_setup(client)
    answer = submit(client, "/tf-setup", target, code=code_for(key, -1))
    assert answer.location.endswith("/home")
    return key


@pytest.mark.parametrize("create", [create_doctor, create_operator])
def test_doctors_and_operators_cannot_do_without(strict: Flask, create: Callable[..., User]) -> None:
    client: Any = strict.test_client()
    user = create()
    assert password_step(client, user).location == "/tf-setup"
    assert client.get("/account").location.startswith("/login")
    enrol(client, user)
    assert client.get("/account").status_code == 200


def test_patients_may_do_without(strict: Flask) -> None:
    client = strict.test_client()
    patient = create_patient(password=PASSWORD)
    assert submit(client, "/login", identity=str(patient.mobile), password=PASSWORD).location == "/home"


def test_where_it_is_optional_the_password_is_enough(client: Client, db: Any) -> None:
    assert password_step(client, create_doctor()).location == "/home"


def test_the_password_alone_opens_nothing(strict: Flask) -> None:
    user = create_doctor()
    enrol(strict.test_client(), user)  # type: ignore[arg-type]
    thief: Any = strict.test_client()
    assert password_step(thief, user).location.split("?")[0] == "/tf-validate"
    for page in ("/account", "/doctor/", "/tf-setup", "/mf-recovery-codes", "/change"):
        assert thief.get(page).location.startswith("/login"), page
    # Asking for a new secret instead of answering with the old one.
    password_step(thief, user)
    answer = thief.post(
        "/tf-setup", data={"csrf_token": form_token(thief, "/tf-validate"), "setup": "authenticator"}
    )
    assert answer.location.startswith("/login")


@pytest.mark.parametrize("create", [create_doctor, create_operator])
def test_a_session_begun_by_password_alone_ends_once_more_is_required(
    make_app: Callable[..., Flask], create: Callable[..., User]
) -> None:
    lenient, strict = make_app(), make_app(second_factor="required")
    with strict.app_context():
        user, client, kept = create(), lenient.test_client(), strict.test_client()
        assert password_step(client, user).location == "/home"
        assert client.get("/account").status_code == 200
        name = strict.config["SESSION_COOKIE_NAME"]
        cookie = client.get_cookie(name)
        assert cookie is not None
        kept.set_cookie(name, cookie.value)
        fragment = kept.get("/account", headers={"HX-Request": "true"})
        assert (fragment.status_code, fragment.location) == (401, None)
        assert kept.get("/account").location == "/tf-setup"
        for page in ("/account", "/home"):
            assert kept.get(page).location.startswith("/login"), page
        copy = strict.test_client()
        copy.set_cookie(name, cookie.value)
        assert copy.get("/account").location.startswith("/login"), (
            "the session has ended, not this cookie only"
        )
        assert password_step(kept, user).location == "/tf-setup"
        key, target = begin_setup(kept)
        assert submit(kept, "/tf-setup", target, code=code_for(key)).location.endswith("/home")
        assert kept.get("/account").status_code == 200
        database.session.rollback()


def test_who_is_sent_from_an_old_session_enters_the_code_and_goes_on(strict: Flask) -> None:
    user = create_doctor()
    key = enrol(strict.test_client(), user)  # type: ignore[arg-type]
    client: Any = strict.test_client()
    sign_in(client, user, shared=True, proven_at=time.time())
    answer = client.get("/account/profile")
    assert answer.location.startswith("/tf-validate?next=")
    assert "두 번째 확인이 있어야" in client.get(answer.location).text
    assert submit(client, answer.location, code=code_for(key)).location.endswith("/account/profile")
    assert client.get("/account/profile").status_code == 200
    with client.session_transaction() as session:
        assert session["shared_device"], "what was said of the device still holds"


def test_a_session_without_the_second_factor_cannot_replace_it(strict: Flask) -> None:
    user = create_doctor()
    enrol(strict.test_client(), user)  # type: ignore[arg-type]
    client: Any = strict.test_client()
    sign_in(client, user, proven_at=time.time())
    assert client.get("/tf-setup").location.startswith("/tf-validate")
    assert client.get("/tf-setup").location.startswith("/login")


def test_who_has_not_given_it_may_still_sign_out(strict: Flask) -> None:
    client: Any = strict.test_client()
    sign_in(client, create_doctor())
    assert submit(client, "/accessibility", "/logout").location == "/"
    assert client.get("/account").location.startswith("/login")


def test_a_patient_s_open_session_goes_on(strict: Flask) -> None:
    client: Any = strict.test_client()
    sign_in(client, create_patient())
    assert client.get("/account").status_code == 200


def test_a_new_password_and_signing_out_elsewhere_keep_the_second_factor(strict: Flask) -> None:
    client: Any = strict.test_client()
    enrol(client, create_doctor())
    new = "ein ganz anderer Mond"
    fields = {"password": PASSWORD, "new_password": new, "new_password_confirm": new}
    assert submit(client, "/change", **fields).location == "/account/security"
    assert client.get("/account").status_code == 200
    assert submit(client, "/account/security", "/account/sign-out-everywhere").status_code == 302
    assert client.get("/account").status_code == 200


def test_a_code_is_accepted_once(strict: Flask) -> None:
    user = create_doctor()
    key = enrol(strict.test_client(), user)  # type: ignore[arg-type]
    shown = code_for(key)
    first: Any = strict.test_client()
    password_step(first, user)
    assert submit(first, "/tf-validate", code=f"{shown[:3]} {shown[3:]}").location.endswith("/home")
    second: Any = strict.test_client()
    password_step(second, user)
    assert submit(second, "/tf-validate", code=shown).status_code == 200
    assert second.get("/account").location.startswith("/login")


@pytest.mark.parametrize(("seconds", "accepted"), [(-HALF_MINUTE, True), (HALF_MINUTE, True), (75, False)])
def test_a_code_may_come_a_half_minute_late_or_early(
    strict: Flask, authenticator_time: Callable[[float], None], seconds: float, accepted: bool
) -> None:
    user = create_doctor()
    client: Any = strict.test_client()
    key = enrol(client, user)
    authenticator_time(120)
    shown = code_for(key)
    authenticator_time(seconds)
    again: Any = strict.test_client()
    password_step(again, user)
    assert (submit(again, "/tf-validate", code=shown).status_code == 302) is accepted


def test_guessing_codes_ends(strict: Flask, clock: Any) -> None:
    user = create_doctor()
    key = enrol(strict.test_client(), user)  # type: ignore[arg-type]
    thief: Any = strict.test_client()
    password_step(thief, user)
    right = {code_for(key, step) for step in (-1, 0, 1, 2)}
    wrong = next(code for code in ("000000", "111111", "222222", "333333", "444444") if code not in right)
    for _ in range(8):
        assert "맞지 않습니다" in submit(thief, "/tf-validate", code=wrong).text
    assert "잠시 막았습니다" in submit(thief, "/tf-validate", code=code_for(key, 1)).text
    password_step(thief, user)  # beginning anew does not help
    assert "잠시 막았습니다" in submit(thief, "/tf-validate", code=code_for(key, 1)).text
    assert "잠시 막았습니다" in submit(thief, "/mf-recovery", code="aaaa-bbbb-cccc").text
    clock.advance(minutes=16)
    assert submit(thief, "/tf-validate", code=code_for(key, 1)).location.endswith("/home")


def test_recovery_codes_help_once_each(strict: Flask) -> None:
    user = create_doctor()
    owner: Any = strict.test_client()
    enrol(owner, user)
    assert "복구 번호를 받아 두세요" in owner.get("/account/security").text
    page = submit(owner, "/mf-recovery-codes", generate_new_codes="y").text
    assert "복구 번호를 받아 두세요" not in owner.get("/account/security").text
    codes = re.findall(r"<code>([0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4})</code>", page)
    assert len(set(codes)) == 8
    for expected in (True, False):
        lost: Any = strict.test_client()
        password_step(lost, user)
        answer = submit(lost, "/mf-recovery", code=codes[0].upper())
        assert (str(answer.location or "").endswith("/home")) is expected
        assert (lost.get("/account").status_code == 200) is expected
    database.session.expire_all()
    assert codes[0] not in (user.mf_recovery_codes or [])
    assert len(user.mf_recovery_codes or []) == 7


def test_what_is_required_cannot_be_switched_off(strict: Flask) -> None:
    user = create_doctor()
    client: Any = strict.test_client()
    enrol(client, user)
    assert "끄기" not in client.get("/tf-setup").text
    submit(client, "/tf-setup", setup="disable")
    database.session.expire_all()
    assert user.tf_totp_secret is not None


def test_a_mistyped_first_code_is_asked_for_again_of_the_same_secret(client: Client, db: Any) -> None:
    user = create_doctor()
    password_step(client, user)
    key, target = begin_setup(client)
    page = submit(client, "/tf-setup", target, code="000000").text
    assert "번호가 맞지 않습니다" in page
    assert key in page
    assert f'action="{target}"' in page
    assert submit(client, "/tf-setup", target, code=code_for(key)).location.endswith("/account/security")
    assert submit(client, "/tf-setup", "/tf-setup/forged", code="000000").location == "/tf-setup"


def test_who_chose_it_may_switch_it_off_again(client: Client, db: Any) -> None:
    user = create_patient(password=PASSWORD)
    sign_in(client, user, proven_at=time.time())
    key, target = begin_setup(client)
    assert submit(client, "/tf-setup", target, code=code_for(key)).location == "/account/security"
    db.session.expire_all()
    assert user.tf_primary_method == "authenticator"
    assert "켜짐" in client.get("/account/security").text
    submit(client, "/tf-setup", setup="disable")
    db.session.expire_all()
    assert (user.tf_primary_method, user.tf_totp_secret, user.mf_recovery_codes) == (None, None, None)


@pytest.mark.parametrize("page", ["/tf-setup", "/mf-recovery-codes", "/account/contact"])
def test_grave_pages_ask_who_is_there_once_more(app: Flask, db: Any, page: str) -> None:
    with_password, without = create_patient(password=PASSWORD), create_patient()
    for user, where in ((with_password, "/verify?next="), (without, "/confirm?next=")):
        client = app.test_client()
        sign_in(client, user, proven_at=time.time() - 16 * 60)
        assert client.get(page).location.startswith(where)


def test_the_secret_and_the_codes_are_not_in_the_database_in_the_clear(strict: Flask) -> None:
    user = create_doctor()
    client: Any = strict.test_client()
    key = enrol(client, user)
    submit(client, "/mf-recovery-codes", generate_new_codes="y")
    database.session.expire_all()
    plain = [key.replace("-", "").lower().encode(), *(code.encode() for code in user.mf_recovery_codes or [])]
    row = database.session.execute(
        database.text('SELECT tf_totp_secret, mf_recovery_codes FROM "user" WHERE id = :id'), {"id": user.id}
    ).one()
    for stored in row:
        assert not any(part in bytes(stored).lower() for part in plain)


def test_a_wrong_code_is_in_the_audit_log(strict: Flask) -> None:
    user = create_doctor()
    enrol(strict.test_client(), user)  # type: ignore[arg-type]
    client: Any = strict.test_client()
    password_step(client, user)
    submit(client, "/tf-validate", code="000000")
    last = database.session.scalars(database.select(AuditEntry).order_by(AuditEntry.number.desc())).first()
    assert last is not None
    assert (last.action, last.target, last.outcome) == ("sign_in", f"user:{user.id}", "failed")
