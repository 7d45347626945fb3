"""The steps of loading a register, as the worker takes them: one function for each.

The rows are written batch by batch under a register that nobody looks into yet, so that others can write in
between; one transaction at the end puts it in the place of the former one.
"""

from __future__ import annotations

from sqlalchemy import delete, insert, select

from app.extensions import db
from app.infra import clock, events, jobs, storage
from app.infra.database import fresh, transaction
from app.regions import geometry
from app.regions.clinic_rows import Found, Taken, Verdict
from app.regions.models import Clinic, Register, RegisterState, RejectedRow

CLEAR_JOB = "regions.clear"
CLEAR_BATCH = 5000
LOST_KO = (
    "처리하다가 문제가 생겼습니다. 파일을 다시 올려 주세요. 계속되면 작업 목록에서 오류를 확인해 주세요."
)
LOST_EN = "Something went wrong on the way. Please upload the file again; if it goes on, look into the list of jobs."


class Gone(Exception):
    """The register is not being loaded any more."""


def begin(register_id: int) -> Register | None:
    """Say that the file is being read, and forget what an earlier attempt wrote; None if it was finished before."""
    register = db.session.get(Register, register_id, populate_existing=True)
    if register is None or register.state not in (RegisterState.QUEUED, RegisterState.RUNNING):
        return None
    clear(register_id)
    with transaction():
        register = _held(register_id)
        register.state, register.share = RegisterState.RUNNING, 0.0
        register.total = register.kept = register.located = register.closed = 0
        register.duplicate = register.rejected = register.doubtful = 0
        events.publish("clinic_register.begun", register.topic)
    return register


def write(register_id: int, taken: Taken, share: float, encoding: str, *, tell: bool) -> None:
    """Write one batch and count it, in the transaction in progress. tell: whether to say so to who watches."""
    session, register = db.session, _held(register_id)
    if taken.clinics:
        session.execute(insert(Clinic), [_row(register_id, found) for found in taken.clinics])
    if taken.notes:
        session.execute(insert(RejectedRow), [{"register_id": register_id, **vars(n)} for n in taken.notes])
    register.total += taken.total
    register.closed += taken.closed
    register.kept += len(taken.clinics)
    register.located += sum(found.point is not None for found in taken.clinics)
    register.duplicate += taken.count(Verdict.DUPLICATE)
    register.rejected += taken.count(Verdict.REJECTED)
    register.doubtful += taken.count(Verdict.POSITION)
    register.share, register.encoding = share, encoding
    if tell:
        events.publish("clinic_register.progress", register.topic)


def _row(register_id: int, found: Found) -> dict[str, object]:
    point, district = found.point, found.district
    return {
        "register_id": register_id,
        "name": found.name,
        "kind": found.kind,
        "kind_name": found.kind_name,
        "skin": found.skin,
        "address": found.address,
        "telephone": found.telephone,
        "province": found.place.province.code,
        "area": district.code if district else None,
        "latitude": round(point[0], 6) if point else None,
        "longitude": round(point[1], 6) if point else None,
        "cell": geometry.square(*point, geometry.CELLS) if point else None,
        "block": geometry.square(*point, geometry.BLOCKS) if point else None,
    }


def finish(register_id: int) -> None:
    """Put the register in the place of the former one and erase the file, unless something speaks against it (an effect)."""
    register = _held(register_id)
    former = db.session.scalar(
        select(Register).where(Register.state == RegisterState.CURRENT).with_for_update()
    )
    if register.kept == 0:
        refuse(
            register_id,
            "영업 중인 의료기관이 한 줄도 없습니다. 파일을 확인해 주세요.",
            "Not one row is of an institution that is open. Please check the file.",
        )
        return
    if former is not None and register.kept * 2 < former.kept and not register.may_shrink:
        refuse(
            register_id,
            f"받을 수 있는 곳이 {register.kept:,}곳으로, 지금 명부({former.kept:,}곳)의 절반도 안 되어 바꾸지 않았습니다. "
            "맞는 파일이라면 ‘크게 줄어도 바꾸기’를 표시하고 다시 올려 주세요.",
            f"It has {register.kept:,} clinics, less than half of the present register ({former.kept:,}), which therefore "
            "stays. If the file is right, tick “replace even if much smaller” and upload it again.",
        )
        return
    if former is not None:
        former.state = RegisterState.REPLACED
        db.session.flush()  # at most one is current, also for a moment
        clear_later(former)
    register.state, register.under_way = RegisterState.CURRENT, None
    register.share, register.finished_at = 1.0, clock.now()
    storage.erase(register.object)
    events.publish("clinic_register.done", register.topic)


def refuse(register_id: int, reason_ko: str, reason_en: str) -> None:
    """End a load whose file will not do; the former register stays (an effect)."""
    register = _held(register_id)
    _fail(register, reason_ko, reason_en)


def fail(register_id: int) -> None:
    """End a load that failed for good; the former register stays (an effect)."""
    register = fresh(Register, register_id)
    if register is not None and register.state in (RegisterState.QUEUED, RegisterState.RUNNING):
        _fail(register, register.error_ko or LOST_KO, register.error_en or LOST_EN)


def _fail(register: Register, reason_ko: str, reason_en: str) -> None:
    register.state, register.under_way, register.finished_at = RegisterState.FAILED, None, clock.now()
    register.error_ko, register.error_en = reason_ko, reason_en
    storage.erase(register.object)
    clear_later(register)
    events.publish("clinic_register.failed", register.topic)


def clear_later(register: Register) -> None:
    """Have the clinics of a register removed that is no longer, or never became, the current one."""
    jobs.enqueue(CLEAR_JOB, dedupe_key=register.public_id, register_id=register.id)


def clear(register_id: int) -> None:
    """Remove the clinics of a register, and of one that is being loaded its rejected rows, a few thousand at a time."""
    while _remove(Clinic, register_id):
        pass
    register = db.session.get(Register, register_id)
    if register is not None and register.state in (RegisterState.QUEUED, RegisterState.RUNNING):
        while _remove(RejectedRow, register_id):
            pass


def _remove(model: type[Clinic] | type[RejectedRow], register_id: int) -> int:
    with transaction() as session:
        some = select(model.id).where(model.register_id == register_id).order_by(model.id).limit(CLEAR_BATCH)
        ids = list(session.scalars(some))
        if ids:
            session.execute(delete(model).where(model.id.in_(ids)))
    return len(ids)


def _held(register_id: int) -> Register:
    register = fresh(Register, register_id)
    if register is None:
        raise LookupError(f"clinic_register {register_id} is gone")
    if register.state not in (RegisterState.QUEUED, RegisterState.RUNNING):
        raise Gone
    return register
