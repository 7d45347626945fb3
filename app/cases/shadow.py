"""A model on trial reads beside the one in use: what it says is kept apart, and compared with what doctors found.

A doctor's first reading was stored before any model's opinion was sent, so it favours none. A signed finding was
written by somebody who had seen the opinion of the model in use, and favours that.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app.accounts import service as accounts
from app.accounts.models import ConsentKind
from app.audit import service as audit
from app.cases.analysis import Model
from app.cases.models import Case, CaseOpinion, CaseState
from app.cases.opinion import combine
from app.cases.shadow_models import ShadowOpinion
from app.extensions import db
from app.infra import clock, jobs
from app.infra.database import fresh

JOB = "cases.read_in_shadow"
LATEST = 2000
"""How many cases a comparison looks at, the newest ones: each has to be decrypted."""
_Z = 1.96
GONE = {CaseState.DRAFT, CaseState.WITHDRAWN, CaseState.RESTRICTED}


@dataclass(frozen=True)
class Against:
    """Both models against what doctors said of the same cases: in how many each of them agrees, and only one does."""

    cases: int = 0
    in_use: int = 0
    on_trial: int = 0
    only_in_use: int = 0
    only_on_trial: int = 0

    def and_one(self, said: str, in_use: str, on_trial: str) -> Against:
        """Count one case more."""
        used, tried = said == in_use, said == on_trial
        return Against(
            self.cases + 1,
            self.in_use + used,
            self.on_trial + tried,
            self.only_in_use + (used and not tried),
            self.only_on_trial + (tried and not used),
        )


@dataclass(frozen=True)
class Comparison:
    """One model on trial beside the ones in use: cases both read, where they agree, and what doctors said.

    milliseconds: its median for the photos of a case.
    """

    name: str
    version: str
    sha256: str
    cases: int = 0
    same_top: int = 0
    both_urgent: int = 0
    only_in_use_urgent: int = 0
    only_on_trial_urgent: int = 0
    milliseconds: float = 0.0
    first_reads: Against = Against()
    findings: Against = Against()


def interval(count: int, of: int) -> tuple[float, float]:
    """Return the 95 % interval of a share, 0..1 (Wilson 1927)."""
    share, z2 = count / of, _Z * _Z
    middle, half = share + z2 / (2 * of), _Z * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    return max(0.0, (middle - half) / (1 + z2 / of)), min(1.0, (middle + half) / (1 + z2 / of))


def ask(case_id: int, shadow_model: str) -> None:
    """Have a case that was just analysed read by the model on trial too, where there is one."""
    if shadow_model:
        # A folder's path may be longer than a key.
        key = hashlib.sha256(f"{case_id} {shadow_model}".encode()).hexdigest()
        jobs.enqueue(JOB, dedupe_key=key, case_id=case_id)


def may_be_read(case: Case | None) -> bool:
    """Whether a model on trial may look at a case: while it is here, and the patient wants models to look."""
    if case is None or case.state in GONE or case.without_ai_since is not None:
        return False
    return all(
        accounts.has_consent(kind, case.patient_id)
        for kind in (ConsentKind.HEALTH_DATA, ConsentKind.AI_NOTICE)
    )


def store(case_id: int, model: Model, said: Sequence[dict[str, Any]], milliseconds: float) -> None:
    """Keep what the model on trial said, in the transaction in progress; a second time changes nothing."""
    case = fresh(Case, case_id)
    if case is None or not may_be_read(case):
        return
    known = select(ShadowOpinion.id).where(
        ShadowOpinion.case_id == case_id,
        ShadowOpinion.model_sha256 == model.sha256,
        ShadowOpinion.model_version == model.version,
    )
    if db.session.scalar(known) is not None:
        return
    db.session.add(
        ShadowOpinion(
            case_id=case_id,
            model_name=model.name,
            model_version=model.version,
            model_sha256=model.sha256,
            opinion=combine(said, model.thresholds, model.pool).to_json(),
            milliseconds=milliseconds,
            created_at=clock.now(),
        )
    )
    audit.record("case.shadow", case.topic, patient_id=case.patient_id)


def in_use() -> CaseOpinion | None:
    """Return the newest opinion of the model in use: it says which that is. None before the first."""
    return db.session.scalar(select(CaseOpinion).order_by(CaseOpinion.id.desc()).limit(1))


def comparisons() -> list[Comparison]:
    """Return a comparison for each model that was ever on trial, over the `LATEST` cases it read; the newest first."""
    query = (
        select(ShadowOpinion, Case)
        .join(Case, Case.id == ShadowOpinion.case_id)
        .where(Case.state.not_in(GONE), Case.without_ai_since.is_(None))
        .options(selectinload(Case.opinions), selectinload(Case.first_reads), selectinload(Case.findings))
        .order_by(ShadowOpinion.id.desc())
        .limit(LATEST)
    )
    found: dict[tuple[str, str], Comparison] = {}
    times: dict[tuple[str, str], list[float]] = {}
    for shadow, case in db.session.execute(query):
        if case.opinion is None:
            continue
        key = (shadow.model_sha256, shadow.model_version)
        start = found.get(key) or Comparison(shadow.model_name, shadow.model_version, shadow.model_sha256)
        found[key] = _and_one(start, case, case.opinion.opinion, shadow.opinion)
        times.setdefault(key, []).append(shadow.milliseconds)
    return [replace(one, milliseconds=median(times[key])) for key, one in found.items()]


def _and_one(so_far: Comparison, case: Case, used: dict[str, Any], tried: dict[str, Any]) -> Comparison:
    first = case.first_reads[0].diagnosis if case.first_reads else None
    signed = case.findings[-1].diagnosis if case.findings else None
    return replace(
        so_far,
        cases=so_far.cases + 1,
        same_top=so_far.same_top + (used["top"] == tried["top"]),
        both_urgent=so_far.both_urgent + (used["urgent"] and tried["urgent"]),
        only_in_use_urgent=so_far.only_in_use_urgent + (used["urgent"] and not tried["urgent"]),
        only_on_trial_urgent=so_far.only_on_trial_urgent + (tried["urgent"] and not used["urgent"]),
        first_reads=_against(so_far.first_reads, first, used, tried),
        findings=_against(so_far.findings, signed, used, tried),
    )


def _against(so_far: Against, said: str | None, used: dict[str, Any], tried: dict[str, Any]) -> Against:
    # What no model can say (another disease, not to be told from photos) says nothing about either.
    if said is None or said not in used["probabilities"]:
        return so_far
    return so_far.and_one(said, used["top"], tried["top"])
