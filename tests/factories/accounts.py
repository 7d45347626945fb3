"""People of every kind, and how a test's browser is signed in as one of them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from datetime import date
from typing import Any

from flask.testing import FlaskClient

from app.accounts import invitations, service
from app.accounts.models import Invitation, Patient, Sex, User
from app.infra import clock
from app.infra.database import random_id
from app.permissions import Role

PASSWORD = "kein Mond ueber Gwangju"
_numbers = itertools.count(1)


def create_patient(**given: Any) -> User:
    """Return a patient's user with a mobile number, and no password unless one is given."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "name": f"김환자{number}",
        "birth_date": date(1954, 3, 2),
        "sex": Sex.FEMALE,
        "mobile": f"+82102{number:07d}",
    }
    return service.register_patient(**(values | given))


def create_child(guardian: User, **given: Any) -> Patient:
    """Return a child in the care of `guardian`."""
    values: dict[str, Any] = {
        "name": f"김아이{next(_numbers)}",
        "birth_date": date(2018, 5, 5),
        "sex": Sex.MALE,
        "relation": "mother",
    }
    return service.add_dependent(guardian, **(values | given))


def create_doctor(**given: Any) -> User:
    """Return a doctor with a password."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "name": f"이의사{number}",
        "email": f"doctor{number}@example.test",
        "password": PASSWORD,
        "licence_number": f"D{number:06d}",
        "clinic": "살핌의원",
        "specialty": "피부과",
    }
    return service.create_doctor(**(values | given))


def create_operator(**given: Any) -> User:
    """Return an operator with a password."""
    values: dict[str, Any] = {"name": "박운영", "email": f"people{next(_numbers)}@example.test"}
    return service.create_operator(**(values | {"password": PASSWORD} | given))


def create_invitation(invited_by: User | None = None, **given: Any) -> Invitation:
    """Return an open invitation of a doctor."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "invited_by": invited_by,
        "role": Role.DOCTOR,
        "email": f"guest{number}@example.test",
        "licence_number": f"G{number:06d}",
        "clinic": "새봄의원",
        "specialty": "피부과",
    }
    return invitations.invite(**(values | given))


def sign_in(client: FlaskClient, user: User, *, shared: bool = False, proven_at: float | None = None) -> None:
    """Put into the client's cookie what a sign-in would put there.

    `proven_at`: when the person last proved who they are (seconds; the library looks at the real clock).
    """
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = user.fs_uniquifier, True
        session["sid"], session["seen"] = random_id(), int(clock.now().timestamp())
        session["shared_device"] = shared
        if proven_at is not None:
            session["fs_paa"] = proven_at


def form_token(client: FlaskClient, page: str) -> str:
    """Return the form token that a page carries."""
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(page).text)
    assert found, f"no form on {page}"
    return found.group(1)


def submit(client: FlaskClient, page: str, to: str | None = None, **fields: str) -> Any:
    """Open a page and send its form, as a person does."""
    return client.post(to or page, data={"csrf_token": form_token(client, page), **fields})


def last_code(messages: Callable[[], list[dict[str, str]]]) -> str:
    """Return the six digits in the newest message."""
    found = re.search(r"\b\d{6}\b", messages()[-1]["body"])
    assert found, "no code in the newest message"
    return found.group(0)
