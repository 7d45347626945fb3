"""Registers of clinics. Every clinic in them is made up."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterable
from datetime import date
from typing import Any

from app.extensions import db
from app.infra import jobs
from app.regions import service
from app.regions.models import Register

STANDARD = (
    "의료기관명",
    "의료기관종별",
    "소재지도로명주소",
    "소재지지번주소",
    "의료기관전화번호",
    "위도",
    "경도",
    "진료과목",
)
LICENCES = (
    "번호",
    "관리번호",
    "영업상태명",
    "소재지전화",
    "소재지전체주소",
    "도로명전체주소",
    "사업장명",
    "좌표정보(X)",
    "좌표정보(Y)",
    "의료기관종별명",
    "진료과목내용명",
)
HAENAM = (34.5735, 126.5990)

_numbers = itertools.count(1)


def clinic_row(**given: Any) -> dict[str, str]:
    """Return one row of the standard data, another one each time: a clinic in 해남군."""
    number = next(_numbers)
    values = {
        "의료기관명": f"지어낸{number}의원",
        "의료기관종별": "의원",
        "소재지도로명주소": f"전라남도 해남군 해남읍 지어낸로 {number}",
        "소재지지번주소": "",
        "의료기관전화번호": f"061-555-{number:04d}",
        "위도": str(HAENAM[0]),
        "경도": str(HAENAM[1]),
        "진료과목": "내과",
    }
    return {key: str(value) for key, value in (values | given).items()}


def licence_row(**given: Any) -> dict[str, str]:
    """Return one row in the shape of LOCALDATA: a clinic in the middle of Seoul, in metres of EPSG:5174."""
    number = next(_numbers)
    values = {
        "번호": number,
        "관리번호": f"PHMA-{number}",
        "영업상태명": "영업/정상",
        "소재지전화": f"02-555-{number:04d}",
        "소재지전체주소": f"서울특별시 중구 지어낸동 {number}",
        "도로명전체주소": f"서울특별시 중구 지어낸로 {number}",
        "사업장명": f"지어낸{number}의원",
        "좌표정보(X)": "198056.37",
        "좌표정보(Y)": "451885.36",
        "의료기관종별명": "의원",
        "진료과목내용명": "내과, 피부과",
    }
    return {key: str(value) for key, value in (values | given).items()}


def table(rows: Iterable[dict[str, str]], encoding: str = "utf-8-sig") -> bytes:
    """Return rows of one shape as a CSV file."""
    kept = list(rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, kept[0])
    writer.writeheader()
    writer.writerows(kept)
    return text.getvalue().encode(encoding)


def ask_for_register(content: bytes, filename: str = "의료기관.csv", **given: Any) -> Register:
    """Hand in a file; the worker has not read it yet."""
    values: dict[str, Any] = {"dated": date(2023, 5, 1), "source": "공공데이터포털", "user_id": None}
    return service.load_register(filename, content, **(values | given))


def create_register(rows: Iterable[dict[str, str]], **given: Any) -> Register:
    """Hand in a file of rows and have it read at once."""
    public_id = ask_for_register(table(rows), **given).public_id
    job = db.session.query(jobs.Job).filter_by(kind=service.LOAD_JOB, dedupe_key=public_id).one()
    jobs.run(job.id, "test")
    return db.session.query(Register).filter_by(public_id=public_id).one()
