"""Loading the register of clinics: every row accounted for, and the former one kept until the new one is whole."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.cli import invented_clinics
from app.infra import clock, jobs
from app.infra.jobs import Job, JobState
from app.regions import history, loading, service
from app.regions import jobs as work_of_regions
from app.regions.models import Clinic, Register, RegisterState, RejectedRow
from tests.factories.regions import (
    HAENAM,
    ask_for_register,
    clinic_row,
    create_register,
    licence_row,
    table,
)

Work = Callable[[], int]


def reload(db: Any, register: Register) -> Register:
    db.session.rollback()
    found = db.session.get(Register, register.id, populate_existing=True)
    assert found is not None
    return found


def wrong(register: Register) -> list[tuple[int, str, str]]:
    return [(row.line, row.verdict, row.reason_ko) for row in history.wrong_rows(register.id)]


def test_rows_become_clinics_and_the_rest_is_named_with_its_line(db: Any, work: Work) -> None:
    twice = clinic_row()
    rows = [
        clinic_row(),
        clinic_row(의료기관명=""),
        twice,
        twice,
        clinic_row(의료기관종별="약국"),
        clinic_row(소재지도로명주소="읍내 네거리", 소재지지번주소=""),
        clinic_row(소재지도로명주소="", 소재지지번주소=""),
    ]
    register = ask_for_register(table(rows))
    work()
    register = reload(db, register)
    assert register.state == RegisterState.CURRENT
    assert (register.total, register.kept, register.duplicate, register.rejected) == (7, 2, 1, 4)
    assert [(line, verdict) for line, verdict, _ in wrong(register)] == [
        (3, "rejected"),
        (5, "duplicate"),
        (6, "rejected"),
        (7, "rejected"),
        (8, "rejected"),
    ]
    reasons = [reason for _, _, reason in wrong(register)]
    assert "4줄" in reasons[1]
    assert "약국" in reasons[2]
    assert register.object.erased_at is not None
    assert (register.filename, register.dated, register.created_by_id) == (
        "의료기관.csv",
        date(2023, 5, 1),
        None,
    )


@pytest.mark.parametrize("encoding", ["cp949", "utf-8", "utf-8-sig"])
def test_licences_in_metres_stand_where_they_stand(db: Any, encoding: str, work: Work) -> None:
    """The known point: without the shift between the datums it would stand 300 m off."""
    register = ask_for_register(table([licence_row()], encoding))
    work()
    assert reload(db, register).encoding == encoding
    clinic = db.session.scalar(select(Clinic))
    assert (clinic.latitude, clinic.longitude) == pytest.approx((37.569253, 126.978787), abs=1e-5)
    assert (clinic.province, clinic.area, clinic.skin, clinic.kind) == ("11", "11020", 1, "clinic")


def test_metres_below_zero_are_jeju(db: Any, work: Work) -> None:
    place = {"소재지전체주소": "제주특별자치도 서귀포시 대정읍 1", "도로명전체주소": ""}
    ask_for_register(table([licence_row(**place, **{"좌표정보(X)": "140000", "좌표정보(Y)": "-25000"})]))
    work()
    clinic = db.session.scalar(select(Clinic))
    assert clinic.area == "39020"
    assert clinic.latitude == pytest.approx(33.27, abs=0.02)


@pytest.mark.parametrize(
    ("latitude", "longitude", "position", "said"),
    [
        (HAENAM[1], HAENAM[0], HAENAM, "바뀌어"),
        ("35.68", "139.69", None, "밖"),
        ("0", "0", None, "밖"),
        ("37.57", "126.98", None, "150km"),
        ("삼십사", "126.6", None, "숫자"),
        ("nan", "nan", None, "밖"),
        ("", "", None, None),
    ],
)
def test_a_position_that_cannot_be_is_mended_or_left_out_and_said(
    db: Any, work: Work, latitude: Any, longitude: Any, position: Any, said: str | None
) -> None:
    register = ask_for_register(table([clinic_row(위도=latitude, 경도=longitude)]))
    work()
    register = reload(db, register)
    clinic = db.session.scalar(select(Clinic))
    assert (clinic.latitude, clinic.longitude) == (position or (None, None))
    assert clinic.area == "36400"
    assert [said in reason for _, _, reason in wrong(register) if said] == ([True] if said else [])
    assert register.rejected == 0
    assert register.doubtful == (1 if said else 0)


def test_places_that_have_closed_are_left_out_and_counted(db: Any, work: Work) -> None:
    states = ("영업/정상", "폐업", "휴업", "취소/말소/만료/정지/중지", "제외/삭제/전출")
    register = ask_for_register(table(licence_row(영업상태명=state) for state in states))
    work()
    register = reload(db, register)
    assert (register.kept, register.closed, wrong(register)) == (1, 4, [])


def test_a_city_of_several_districts_is_told_apart_by_the_position(db: Any, work: Work) -> None:
    bucheon = {"소재지도로명주소": "경기도 부천시 길주로 1", "소재지지번주소": ""}
    rows = [
        clinic_row(**bucheon, 위도="37.525", 경도="126.796"),
        clinic_row(**bucheon | {"소재지도로명주소": "경기도 부천시 길주로 2"}, 위도="", 경도=""),
    ]
    ask_for_register(table(rows))
    work()
    assert db.session.scalars(select(Clinic.area).order_by(Clinic.id)).all() == ["31053", None]


def test_a_cut_row_and_a_broken_letter_are_rejected(db: Any, work: Work) -> None:
    content = table([clinic_row(), clinic_row()], "cp949")
    content += (
        "잘린의원,의원\r\n".encode("cp949")
        + b"\xff\xfe"
        + table([clinic_row()], "cp949").split(b"\r\n")[1]
        + b"\r\n"
    )
    register = ask_for_register(content)
    work()
    assert [(line, verdict) for line, verdict, _ in wrong(reload(db, register))] == [
        (4, "rejected"),
        (5, "rejected"),
    ]


def test_several_files_in_a_zip_are_one_register(db: Any, work: Work) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(
            "병원.csv", table([licence_row(의료기관종별명="병원"), licence_row(사업장명="")], "cp949")
        )
        archive.writestr("의원.csv", table([licence_row()], "cp949"))
        archive.writestr("readme.txt", "no table")
    register = ask_for_register(packed.getvalue(), "의료기관.zip")
    work()
    register = reload(db, register)
    assert (register.kept, register.rejected) == (2, 1)
    assert [(row.part, row.line) for row in history.wrong_rows(register.id)] == [("병원.csv", 3)]


@pytest.mark.parametrize(
    ("content", "filename", "said"),
    [
        ("가,나\n1,2\n".encode(), "a.csv", "열이 없습니다"),
        (b"PK\x03\x04broken", "a.zip", "깨졌"),
        ("의료기관명,주소\n".encode("utf-16"), "a.csv", "UTF-16"),
        ("의료기관명,주소\n".encode(), "a.csv", "한 줄도"),
    ],
)
def test_a_file_that_is_no_register_changes_nothing_and_says_why(
    db: Any, work: Work, content: bytes, filename: str, said: str
) -> None:
    kept = create_register([clinic_row()])
    register = ask_for_register(content, filename)
    work()
    register = reload(db, register)
    assert register.state == RegisterState.FAILED
    assert said in (register.error_ko or "")
    assert service.current_register().id == kept.id  # type: ignore[union-attr]
    assert len(service.clinics_in("36400")) == 1


def test_a_new_register_takes_the_place_of_the_former_whose_clinics_go(db: Any, work: Work) -> None:
    former = create_register([clinic_row(), clinic_row()])
    create_register([clinic_row(의료기관명="새로운의원")])
    work()
    assert reload(db, former).state == RegisterState.REPLACED
    assert [near.clinic.name for near in service.clinics_in("36400")] == ["새로운의원"]
    assert db.session.scalar(select(func.count()).select_from(Clinic)) == 1


def test_a_much_smaller_register_needs_a_word_of_consent(db: Any, work: Work) -> None:
    former = create_register([clinic_row() for _ in range(5)])
    small = create_register([clinic_row()])
    assert reload(db, small).state == RegisterState.FAILED
    assert "절반" in (reload(db, small).error_ko or "")
    assert service.current_register().id == former.id  # type: ignore[union-attr]
    meant = create_register([clinic_row()], may_shrink=True)
    assert reload(db, meant).state == RegisterState.CURRENT


def test_a_load_that_died_on_the_way_begins_anew_and_doubles_nothing(
    db: Any, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    former_id = create_register([clinic_row()]).id
    public_id = ask_for_register(table(clinic_row() for _ in range(3))).public_id
    job_id = db.session.scalar(select(Job.id).where(Job.dedupe_key == public_id))
    with monkeypatch.context() as broken:
        broken.setattr(loading, "finish", lambda _id: 1 / 0)
        jobs.run(job_id, "test")
    assert service.current_register().id == former_id  # type: ignore[union-attr]
    assert len(service.clinics_in("36400")) == 1
    job = db.session.get(Job, job_id)
    assert job.state == JobState.QUEUED
    moment = job.run_after + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: moment)
    jobs.run(job_id, "test")
    assert db.session.scalar(select(Register.kept).where(Register.public_id == public_id)) == 3
    assert len(service.clinics_in("36400")) == 3


def test_one_register_is_loaded_at_a_time(db: Any) -> None:
    first = ask_for_register(table([clinic_row()]))
    with pytest.raises(service.LoadUnderWay) as refused:
        ask_for_register(table([clinic_row()]))
    assert refused.value.register.id == first.id


def test_a_day_to_come_and_another_kind_of_file_are_refused(db: Any) -> None:
    tomorrow = clock.today_in_korea().date() + timedelta(days=1)
    with pytest.raises(service.DatedAhead):
        ask_for_register(table([clinic_row()]), dated=tomorrow)
    for filename, content in (("a.xlsx", b"PK"), ("a.csv", b"")):
        with pytest.raises(service.NotARegister):
            ask_for_register(content, filename)
    assert db.session.scalar(select(func.count()).select_from(Register)) == 0


def test_a_lost_file_ends_the_load_with_a_reason(
    db: Any, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    register = ask_for_register(table([clinic_row()]))

    def lost(_row: object) -> bytes:
        raise work_of_regions.storage.ObjectLost("missing")

    monkeypatch.setattr(work_of_regions.storage, "get", lost)
    work()
    register = reload(db, register)
    assert (register.state, register.error_ko) == (RegisterState.FAILED, loading.LOST_KO)


def test_invented_registers_are_read_whole(db: Any, work: Work) -> None:
    register = ask_for_register(invented_clinics.file(400))
    work()
    register = reload(db, register)
    assert register.total == 400
    assert register.rejected == register.duplicate == register.doubtful == 0
    assert register.kept + register.closed == 400
    assert register.located > 350
    assert not db.session.scalars(select(RejectedRow)).all()
