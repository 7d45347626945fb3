"""The telephone: whoever has been found by their number, looked up once for each page, and recorded."""

from __future__ import annotations

from app.accounts import callers
from app.accounts.models import Patient
from app.audit import service as audit
from app.policy import visible_or_404


def caller_or_404(public_id: str) -> Patient:
    """Return the patient who is on the telephone; 404 for whoever cannot be reached by telephone."""
    patient = visible_or_404(callers.callers().where(Patient.public_id == public_id))
    audit.record("call.looked", f"patient:{patient.public_id}", patient_id=patient.id)
    return patient
