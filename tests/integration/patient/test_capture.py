"""What the page with the camera may do, what it keeps on the device, and that doctors see from how far a photo was taken."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.cases import reading, service
from app.cases.models import CaseState, PhotoView
from tests.factories.accounts import sign_in
from tests.factories.cases import (
    OPINION,
    analyse,
    create_case,
    create_photo,
    create_reader,
    create_sender,
    take,
)
from tests.integration.patient.conftest import Browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_only_the_page_with_the_camera_may_use_it(browser: Callable[..., Browser]) -> None:
    patient = browser()
    case = patient.start()
    policies = {
        page: patient.get(page).headers["Permissions-Policy"] for page in (f"{case}/photos", f"{case}/place")
    }
    assert "camera=(self)" in policies[f"{case}/photos"]
    assert "camera=()" in policies[f"{case}/place"]


def key_in(page: str) -> bytes | None:
    found = re.search(r'data-keep-key="([^"]+)"', page)
    return base64.urlsafe_b64decode(found.group(1)) if found else None


def test_what_is_kept_on_the_device_is_sealed_for_each_case_and_on_a_shared_one_nothing_is(
    browser: Callable[..., Browser],
) -> None:
    patient = browser()
    pages = [f"{patient.start()}/photos" for _ in range(2)]
    keys = [key_in(patient.get(page).text) for page in pages]
    assert [len(key or b"") for key in keys] == [32, 32]
    assert keys[0] != keys[1]
    assert key_in(patient.get(pages[0]).text) == keys[0], "still the same tomorrow"
    with patient.client.session_transaction() as session:
        session["shared_device"] = True
    assert key_in(patient.get(pages[0]).text) is None


def test_the_doctor_is_told_from_how_far_and_what_the_model_did_not_look_at(app: Flask, db: Any) -> None:
    sender, doctor = create_sender(), create_reader()
    case = create_case(sender, state=CaseState.DRAFT, photo_count=0)
    create_photo(case, view=PhotoView.OVERVIEW)
    close = create_photo(case, view=PhotoView.CLOSEUP)
    service.submit(sender, case.public_id, reading_hours=24)
    analyse(case, OPINION, seen=[close])
    take(case, doctor)
    client = app.test_client()
    sign_in(client, doctor)
    page = client.get(f"/doctor/cases/{case.public_id}").text
    assert page.count("멀리서 찍은 사진") == page.count("가까이에서 찍은 사진") > 0
    assert "보지 않았습니다" not in page, "nothing of the model before the reveal"
    reading.store_first_read(case.id, doctor.id, diagnosis="nv", confidence="likely")
    reading.reveal(case.id, doctor.id)
    page = client.get(f"/doctor/cases/{case.public_id}").text
    assert "멀리서 찍은 사진이라 인공지능은 보지 않았습니다." in page
    assert "사진 2장 가운데 멀리서 찍은 1장은 인공지능이 보지 않았습니다." in page
    assert "분석하지 못했습니다" not in page
