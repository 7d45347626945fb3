"""Registers of clinics to look at: one in use, one refused, one being read."""

from __future__ import annotations

import random

from app.infra import clock, jobs
from app.infra.database import transaction
from app.regions.models import Register, RegisterState
from tests.e2e.site import Site
from tests.factories.regions import HAENAM, ask_for_register, clinic_row, create_register

DISTRICTS = ("해남읍", "삼산면", "화산면", "현산면", "송지면", "북평면", "옥천면", "황산면")


def registers(site: Site, operator_id: int) -> None:
    """Load what the pages show; runs where a worker's own session may end."""
    with site.app.app_context():
        chance = random.Random(5)
        rows = [
            clinic_row(
                의료기관명=f"지어낸{place}{'피부과의원' if number % 9 == 0 else '의원'}",
                소재지도로명주소=f"전라남도 해남군 {place} 지어낸로 {number}",
                위도=HAENAM[0] + chance.gauss(0, 0.08),
                경도=HAENAM[1] + chance.gauss(0, 0.08),
                진료과목="내과, 피부과" if number % 4 == 0 else "내과",
                의료기관전화번호="" if number % 7 == 0 else f"061-555-{number:04d}",
            )
            for number, place in enumerate(DISTRICTS * 4)
        ]
        rows += [
            clinic_row(의료기관명="", 소재지도로명주소="어딘가"),
            clinic_row(위도="35.68", 경도="139.69"),
        ]
        site.ids["register current"] = create_register(rows, user_id=operator_id).public_id
        site.ids["register failed"] = create_register([clinic_row()], user_id=operator_id).public_id
        reading = ask_for_register(
            b"-", "전국의료기관표준데이터_2023_전국_모든_시도_아주긴이름.csv", user_id=operator_id
        )
        with transaction() as session:
            item = session.get(Register, reading.id)
            assert item is not None
            # No worker goes on with it while it is looked at.
            job = session.query(jobs.Job).filter_by(dedupe_key=item.public_id).one()
            job.state, job.finished_at = jobs.JobState.DONE, clock.now()
            item.state, item.total, item.share = RegisterState.RUNNING, 42_000, 0.42
        site.ids["register reading"] = reading.public_id
