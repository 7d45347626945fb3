"""The finding on paper: whole, tagged, safe from what people write, and only of a finding that holds."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import typst
from sqlalchemy import select

from app.accounts.models import User
from app.audit.models import AuditEntry
from app.cases import signing
from app.cases.models import Case, CaseState
from app.records import finding, finding_data, fonts
from tests.factories.cases import WORRYING, create_case, create_doctor, create_sender
from tests.integration.patient.conftest import Browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

NASTY = '#panic("x") $x^2$ *굵게* _밑줄_ @ref <tag> \\ `code` = 제목'


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What was handed to the compiler, beside the PDF itself."""
    seen: list[dict[str, Any]] = []
    real = finding.compile_pdf

    def note(content: dict[str, Any], files: dict[str, bytes]) -> bytes:
        seen.append(content | {"files": files})
        return real(content, files)

    monkeypatch.setattr(finding, "compile_pdf", note)
    return seen


def text_of(content: Any) -> str:
    """Every word of the content, one after the other."""
    if isinstance(content, dict):
        return "\n".join(text_of(value) for key, value in content.items() if key != "files")
    if isinstance(content, list):
        return "\n".join(text_of(value) for value in content)
    return str(content)


def signed_case(user: User | None = None, **given: Any) -> Case:
    doctor = create_doctor(name="최은영", licence_number="D777001", clinic="살핌의원")
    values: dict[str, Any] = {"doctor": doctor, "opinion": WORRYING, "diagnosis": "bkl", "site": "upper_back"}
    values |= {
        "reason": "가장자리가 고릅니다.",
        "next_step": "in_person",
        "within_days": 14,
        "photo_count": 2,
    }
    return create_case(user or create_sender(name="김순자", birth_date=date(1954, 3, 2)), **(values | given))


def owner(case: Case, db: Any) -> User:
    found = db.session.get(User, case.created_by_id)
    assert isinstance(found, User)
    return found


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("large", ["", "&large=1"])
def test_it_is_a_tagged_pdf_in_the_language_asked_for(
    browser: Callable[..., Browser], db: Any, language: str, large: str
) -> None:
    case = signed_case()
    answer = browser(owner(case, db)).get(
        f"/patient/cases/{case.public_id}/finding.pdf?lang={language}{large}"
    )
    assert answer.status_code == 200
    assert answer.mimetype == "application/pdf"
    assert answer.data.startswith(b"%PDF-")
    for mark in (
        b"/StructTreeRoot",
        b"/MarkInfo",
        b"/Marked true",
        b"/Lang(" + language.encode(),
        b"pdfuaid:part",
    ):
        assert mark in answer.data, mark
    assert answer.headers["Cache-Control"] == "private, no-store"
    name = unquote(answer.headers["Content-Disposition"].split("UTF-8''")[-1])
    day = "2026-11-23"
    assert ("살핌-판독-" if language == "ko" else "Salpim") in name
    assert day in name
    assert "순자" not in name
    entry = db.session.scalar(select(AuditEntry).where(AuditEntry.action == "finding.exported"))
    assert (entry.actor_id, entry.patient_id) == (case.created_by_id, case.patient_id)
    if folder := os.environ.get("SALPIM_SCREENSHOTS"):
        Path(folder, f"finding-{language}{'-large' if large else ''}.pdf").write_bytes(answer.data)


def test_everything_that_a_clinic_needs_stands_on_it(
    browser: Callable[..., Browser], db: Any, printed: list[dict[str, Any]]
) -> None:
    case = signed_case()
    assert case.finding is not None
    patient = browser(owner(case, db))
    patient.get(f"/patient/cases/{case.public_id}/finding.pdf")
    words = text_of(printed[0]).replace("\N{NO-BREAK SPACE}", " ")
    expected = [
        "김순자",
        "1954년",
        "등 위쪽",
        "최은영",
        "D777001",
        "살핌의원",
        "검버섯",
        case.finding.advice,
    ]
    expected += [
        "2026년 12월 7일",
        "1판",
        "흑색종",
        "88%",
        "drawn 1.0",
        "의사의 의견이 우선",
        "연구·시연용, 의료기기 아님",
    ]
    expected += ["가장자리가 고릅니다.", f"http://localhost/patient/cases/{case.public_id}", "119"]
    assert [word for word in expected if word not in words] == []
    assert sorted(printed[0]["files"]) == ["photo1.svg", "photo2.svg", "place.svg"]
    code = finding_data.check_code(case.finding)
    assert code.replace("-", "").lower() == case.finding.signature[:16]
    assert code in words
    assert code in patient.get(f"/patient/cases/{case.public_id}").text


def test_what_people_write_is_printed_and_never_obeyed(
    browser: Callable[..., Browser], db: Any, printed: list[dict[str, Any]]
) -> None:
    case = signed_case(create_sender(name=NASTY), advice=f"{NASTY}\n{NASTY} 😀", reason=NASTY)
    answer = browser(owner(case, db)).get(f"/patient/cases/{case.public_id}/finding.pdf")
    assert answer.status_code == 200
    assert NASTY in text_of(printed[0])


def test_letters_that_the_font_lacks_become_boxes(database_url: str) -> None:
    assert fonts.printable({"a": ["가 😀 \x07 é", "줄\n바꿈"]}) == {"a": ["가 □ □ é", "줄\n바꿈"]}


def test_an_amended_finding_says_which_version_it_is_and_why(
    browser: Callable[..., Browser], db: Any, printed: list[dict[str, Any]]
) -> None:
    case = signed_case()
    assert case.doctor_id is not None
    draft = signing.Draft(
        diagnosis="bkl",
        advice="일주일 안에 가 보세요.",
        next_step="in_person",
        within_days=7,
        reason="가장자리가 고릅니다.",
        amendment_reason="더 서두르시는 것이 좋겠습니다.",
    )
    signing.save_draft(case.id, case.doctor_id, draft)
    signing.sign(case.id, case.doctor_id, draft.digest)
    answer = browser(owner(case, db)).get(f"/patient/cases/{case.public_id}/finding.pdf")
    words = text_of(printed[0])
    assert "이 판독서는 2판입니다." in words
    assert "더 서두르시는 것이 좋겠습니다." in words
    assert "일주일 안에 가 보세요." in words
    assert "2판" in unquote(answer.headers["Content-Disposition"])


def test_without_a_model_it_says_so(
    browser: Callable[..., Browser], db: Any, printed: list[dict[str, Any]]
) -> None:
    case = signed_case(opinion=None, reason=None)
    browser(owner(case, db)).get(f"/patient/cases/{case.public_id}/finding.pdf")
    assert "인공지능이 분석하지 못했습니다" in text_of(printed[0])
    assert "%" not in text_of(printed[0]["machine"])


@pytest.mark.parametrize("state", [state for state in CaseState if state != CaseState.SIGNED])
def test_there_is_none_without_a_finding_that_holds(
    browser: Callable[..., Browser], db: Any, state: CaseState
) -> None:
    case = create_case(state=state)
    assert browser(owner(case, db)).get(f"/patient/cases/{case.public_id}/finding.pdf").status_code == 404


def test_a_finding_that_was_changed_behind_the_portals_back_does_not_leave_it(
    browser: Callable[..., Browser], db: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = signed_case()
    user = owner(case, db)
    monkeypatch.setattr(signing, "signature_of", lambda _finding: "0" * 64)
    answer = browser(user).get(f"/patient/cases/{case.public_id}/finding.pdf")
    assert answer.status_code == 303
    assert db.session.scalar(select(AuditEntry).where(AuditEntry.action == "finding.exported")) is None


def test_the_compiler_refuses_what_is_not_accessible(database_url: str) -> None:
    """A picture without words: so the standard that is asked for is really checked."""
    bare = b'#set document(title: "x")\n#image("p.svg")'
    with pytest.raises(typst.TypstError):
        typst.compile(
            {"main.typ": bare, "p.svg": b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>'},
            format="pdf",
            pdf_standards=finding.STANDARD,
        )
