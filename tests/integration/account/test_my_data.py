"""My data: who looked, everything in one file, setting it right, and the two steps to having it erased."""

from __future__ import annotations

import io
import json
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts import leaving
from app.accounts.models import Departure, User
from app.audit import service as audit
from app.audit.models import AuditEntry
from app.cases import reading
from app.cases.models import CaseState
from app.infra import storage as objects
from app.records import archive, restricted
from tests.factories.accounts import create_child, create_doctor, create_patient, sign_in
from tests.factories.cases import create_case, create_sender
from tests.harness.client import Client
from tests.harness.clock import FrozenClock


@pytest.fixture
def person(app: Flask, db: Any, client: Client) -> User:
    """Someone signed in who has just proven who they are."""
    app.config["WTF_CSRF_ENABLED"] = False
    user = create_sender()
    sign_in(client, user, proven_at=time.time())
    return user


def public_id(user: User) -> str:
    assert user.patient is not None
    return user.patient.public_id


def taken(client: Client, patient_id: str) -> zipfile.ZipFile:
    # Read within the request, as a server does.
    answer = client.post(f"/account/data/{patient_id}/archive", buffered=True)
    assert answer.status_code == 200
    assert answer.mimetype == "application/zip"
    return zipfile.ZipFile(io.BytesIO(answer.data))


def fits(value: Any, schema: dict[str, Any]) -> bool:
    """Compare with the part of JSON Schema that the archive's schema uses."""
    if "const" in schema:
        return bool(value == schema["const"])
    if schema.get("type") == "array":
        return isinstance(value, list) and all(fits(item, schema.get("items", {})) for item in value)
    if schema.get("type") == "object":
        properties = schema.get("properties", {})
        return (
            isinstance(value, dict)
            and set(schema.get("required", ())) <= set(value)
            and all(fits(value[name], part) for name, part in properties.items() if name in value)
        )
    return True


def test_everything_is_in_one_file_as_the_schema_says(db: Any, person: User, client: Client) -> None:
    signed = create_case(person, photo_count=2)
    create_case(person, state=CaseState.DRAFT)
    found = taken(client, public_id(person))
    data = json.loads(found.read("data.json"))
    schema = json.loads(found.read("schema.json"))
    assert fits(data, schema)
    assert set(data) - {"lost_files"} <= set(schema["properties"]), (
        "nothing that the schema does not speak of"
    )
    assert data["person"]["name"] == person.name
    assert data["account"]["mobile"] == person.mobile
    [first, second] = data["cases"]
    assert first["findings"][0]["advice"] == signed.findings[0].advice
    assert first["findings"][0]["signature_holds"]
    assert len(first["machine_opinion"]["most_likely"]) == 3
    assert second["state"] == "draft"
    for photo, row in zip(first["photos"], signed.photos, strict=True):
        assert found.read(photo["file"]) == objects.get(row.object)
    readme = found.read("README.txt").decode()
    assert "살핌에 있는 내 자료" in readme
    assert "Everything that Salpim holds" in readme
    assert found.testzip() is None
    assert any(entry["what"] == "archive.taken" for entry in data["access_log"])


def test_a_reading_before_the_signature_is_not_in_it(db: Any, person: User, client: Client) -> None:
    doctor = create_doctor()
    case = create_case(person, state=CaseState.READING, doctor=doctor)
    reading.store_first_read(
        case.id, doctor.id, diagnosis="mel", confidence="likely", note="불규칙한 가장자리"
    )
    reading.reveal(case.id, doctor.id)
    text = taken(client, public_id(person)).read("data.json").decode()
    assert "불규칙한" not in text
    assert "machine_opinion" not in text
    assert '"mel"' not in text


def test_a_lost_photo_is_named(db: Any, person: User, client: Client, storage: Path) -> None:
    create_case(person)
    for path in storage.rglob("*"):
        if path.is_file():
            path.unlink()
    found = taken(client, public_id(person))
    assert len(json.loads(found.read("data.json"))["lost_files"]) == 1


def test_the_archive_is_sent_piece_by_piece(db: Any, person: User) -> None:
    create_case(person, photo_count=3)
    assert person.patient is not None
    pieces = list(archive.stream(person, person.patient))
    assert len(pieces) > 4
    assert zipfile.ZipFile(io.BytesIO(b"".join(pieces))).testzip() is None


def test_only_who_proves_themself_again_gets_it_and_only_of_their_own(
    db: Any, app: Flask, person: User, client: Client
) -> None:
    stranger = create_sender()
    child = create_child(person)
    assert json.loads(taken(client, child.public_id).read("data.json"))["person"]["name"] == child.name
    assert client.post(f"/account/data/{public_id(stranger)}/archive").status_code == 404
    stale = app.test_client()
    sign_in(stale, person)
    answer = stale.get(f"/account/data/{public_id(person)}/archive")
    assert answer.status_code == 302
    assert "/confirm" in answer.location


def test_i_see_who_looked_and_who_tried_to(db: Any, app: Flask, person: User, client: Client) -> None:
    doctor, other = create_doctor(), create_doctor()
    case = create_case(person, doctor=doctor)
    looking, trying = app.test_client(), app.test_client()
    sign_in(looking, doctor)
    sign_in(trying, other)
    assert looking.get(f"/doctor/cases/{case.public_id}").status_code == 200
    assert trying.get(f"/doctor/cases/{case.public_id}").status_code == 404
    page = client.get(f"/account/data/{public_id(person)}/log").text
    assert f"{doctor.name} (의사)" in page
    assert "판독을 읽었습니다." in page
    assert f"{other.name} (의사)" in page
    assert "보려고 했지만 막혔습니다." in page
    mine = '<p class="access-log__who">나</p>'
    assert mine not in page
    assert mine in client.get(f"/account/data/{public_id(person)}/log?show=all").text
    assert client.get(f"/account/data/{public_id(create_patient())}/log").status_code == 404


def test_details_are_set_right_and_the_log_says_which(db: Any, person: User, client: Client) -> None:
    address = f"/account/data/{public_id(person)}/correct"
    answer = client.post(address, data={"name": "김고침", "birth_date": "19550405", "sex": "female"})
    assert answer.status_code == 302
    db.session.refresh(person)
    assert person.patient is not None
    assert (person.name, person.patient.name, person.patient.birth_date) == ("김고침", "김고침", "1955-04-05")
    query = select(AuditEntry.target).where(AuditEntry.action == "person.corrected")
    assert db.session.scalar(query) == f"patient:{public_id(person)}:birth_date,name"
    answer = client.post(address, data={"name": "김고침", "birth_date": "20200101", "sex": "female"})
    assert "만 14세가 안 되면" in answer.text


def test_a_child_stays_a_child(db: Any, person: User, client: Client) -> None:
    child = create_child(person)
    address = f"/account/data/{child.public_id}/correct"
    answer = client.post(address, data={"name": "김아이", "birth_date": "20000101", "sex": "male"})
    assert "만 14세부터는 본인이" in answer.text
    assert (
        client.post(address, data={"name": "김새이름", "birth_date": "20190101", "sex": "male"}).status_code
        == 302
    )
    db.session.refresh(child)
    assert child.name == "김새이름"


def test_two_steps_and_a_word_and_then_a_week(db: Any, person: User, client: Client) -> None:
    signed = create_case(person)
    base = f"/account/data/{public_id(person)}/erase"
    page = client.get(base).text
    assert "의사의 판독과 사진" in page
    assert str(signed.findings[0].signed_at.year + 5) in page
    assert "‘지우기’라고 적어 주세요." in client.post(f"{base}/confirm", data={"word": "네"}).text
    assert db.session.scalars(select(Departure)).all() == []
    assert client.post(f"{base}/confirm", data={"word": " ‘지우기’ "}).status_code == 302
    assert "지우기로 하셨습니다" in client.get("/account/data").text
    assert client.get(base).status_code == 302, "asked already"
    assert client.get("/home").location == "/account/data", (
        "who signs in again is led to where it is taken back"
    )
    client.post(f"{base}/cancel")
    assert "지우기로 하셨습니다" not in client.get("/account/data").text


def test_who_has_left_is_signed_out(db: Any, person: User, client: Client, clock: FrozenClock) -> None:
    assert person.patient is not None
    departure = leaving.ask(person, person.patient)
    clock.advance(days=8)
    assert leaving.begin(departure.id)
    assert client.get("/account/data").status_code == 302


def test_a_restricted_record_is_shown_for_a_reason_only(
    db: Any, app: Flask, person: User, clock: FrozenClock, work: Any
) -> None:
    case = create_case(person)
    name, born = person.name, "1954-03-02"
    assert person.patient is not None
    departure = leaving.ask(person, person.patient)
    clock.advance(days=8)
    leaving.begin(departure.id)
    work()
    db.session.rollback()
    db.session.expire_all()
    assert restricted.find(name, born) == [case.public_id]
    assert [found for found, _until in restricted.all_restricted()] == [case.public_id]
    for reason in ("", "  ", "x" * 61):
        with pytest.raises(restricted.NoReason):
            restricted.read(case.public_id, reason)
    record = restricted.read(case.public_id, "광주지법 2027고합12")
    assert record.content["findings"][0]["signature_holds"]
    assert len(record.photos) == 1
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "record.read")).one()
    assert entry.target.endswith("광주지법 2027고합12")
    assert entry.patient_id == case.patient_id
    said = app.test_cli_runner().invoke(args=["records", "show", case.public_id, "--reason", "2027-12"])
    assert name in said.output
    assert audit.verify()[1] is None
