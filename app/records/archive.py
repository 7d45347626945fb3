"""Everything about one person in one ZIP file, written while it is sent: nothing of it ever lies on a disk."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.accounts import holdings
from app.accounts.consents import may_decide_for
from app.accounts.errors import NotYours
from app.accounts.models import Patient, User
from app.accounts.own_data import stamp
from app.accounts.people import helper_names, staff_names
from app.audit import reading
from app.audit import service as audit
from app.extensions import db
from app.infra import clock, storage

SCHEMA = "salpim-own-data/1"
FOLDER = Path(__file__).parent
README, SCHEMA_FILE = FOLDER / "archive.README.txt", FOLDER / "archive.schema.json"


class _Sink(io.RawIOBase):
    """Where the ZIP is written to: what has come is taken out again at once."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        return len(part)

    def taken(self) -> bytes:
        """Return what was written since the last call."""
        found, self._parts = b"".join(self._parts), []
        return found


def data_of(user: User, patient: Patient) -> dict[str, Any]:
    """Return what `user` may see of `patient`, as archive.schema.json describes it."""
    found: dict[str, Any] = {"schema": SCHEMA, "made_at": stamp(clock.now())}
    for holding in holdings.holdings():
        found |= holding.shown(user, patient)
    found["access_log"] = _access_log(patient)
    return found


def _access_log(patient: Patient) -> list[dict[str, Any]]:
    entries = reading.all_about(patient.id)
    names = staff_names({entry.actor_id for entry in entries if entry.actor_id is not None})
    helpers = helper_names({entry.proxy for entry in entries if entry.proxy is not None})
    return [
        {
            "at": stamp(entry.at),
            "who": names.get(entry.actor_id or 0)
            if entry.proxy is None
            else helpers.get(entry.proxy) or None,
            "role": entry.actor_role if entry.proxy is None else "helper",
            "what": entry.action,
            "outcome": str(entry.outcome),
        }
        for entry in entries
    ]


def stream(user: User, patient: Patient) -> Iterator[bytes]:
    """Record that the archive was taken, and return its bytes, to be sent one piece after another.

    Raises `NotYours` for anybody but the patient and a child's guardian: helpers take nothing along.
    One photo at a time is in memory. Photos that are lost in the store are named in data.json, not passed over.
    """
    if not may_decide_for(user, patient):
        raise NotYours
    audit.record("archive.taken", f"patient:{patient.public_id}", patient_id=patient.id)
    return _pieces(user.id, patient.id)


def _pieces(user_id: int, patient_id: int) -> Iterator[bytes]:
    user, patient = db.session.get(User, user_id), db.session.get(Patient, patient_id)
    assert user is not None
    assert patient is not None
    sink, lost = _Sink(), []
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", README.read_text(encoding="utf-8"))
        archive.writestr("schema.json", SCHEMA_FILE.read_text(encoding="utf-8"))
        yield sink.taken()
        for holding in holdings.holdings():
            for file in holding.files(user, patient):
                try:
                    picture = storage.get(file.object)
                except storage.ObjectLost:
                    lost.append(file.name)
                    continue
                archive.writestr(zipfile.ZipInfo(file.name), picture)  # a JPEG is packed already
                yield sink.taken()
        found = data_of(user, patient) | {"lost_files": lost}
        archive.writestr("data.json", json.dumps(found, ensure_ascii=False, indent=1))
    yield sink.taken()
