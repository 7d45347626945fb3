"""The page that compares a model on trial with the one in use."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from app.cases import shadow
from app.infra.database import transaction
from tests.factories.cases import MODEL, WORRYING, create_case
from tests.harness.client import Client


def test_the_operator_sees_counts_and_no_case(office: Client, db: Any) -> None:
    page = office.get("/operator/models").text
    assert "아직 읽은 사례가 없습니다" in page
    assert "SALPIM_SHADOW_MODEL" in page
    case = create_case(diagnosis="mel", reason="경계가 고르지 않습니다.")
    with transaction():
        shadow.store(case.id, replace(MODEL, name="trial", version="2.0", sha256="cd" * 32), [WORRYING], 12.4)
    page = office.get("/operator/models").text
    assert "drawn 1.0" in page
    assert "trial 2.0" in page
    assert "1건 가운데 1건" in page
    assert "100% (21–100)" in page
    assert "12밀리초" in page
    assert case.public_id not in page
