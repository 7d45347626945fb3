"""Rules of eligibility with the first of them, which rule admitted a booking, where patients live, consents by telephone.

The first rules are dated by the law as it stands: the government's trial until the amended Medical Service Act
takes effect on 2026-12-24, and the Act's own grounds from that day on. Its sub-decrees are still open, which the
texts say; an operator replaces a rule by its next version when they are known.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

OPEN = sa.text("closed_at IS NULL")
MADE = datetime(2026, 11, 26, tzinfo=UTC)
ACT = date(2026, 12, 24)
TRIAL = (date(2025, 10, 27), date(2026, 12, 23))

ACT_KO = (
    "개정 의료법(2025-12-23 공포, 2026-12-24 시행). 자세한 기준을 정할 시행령과 시행규칙은 아직 확정되지 않았습니다. "
    "확정되면 이 규칙을 고쳐야 합니다."
)
ACT_EN = (
    "The amended Medical Service Act (promulgated 2025-12-23, in effect from 2026-12-24). The decree and rules that will "
    "set the details are not final yet; this rule has to be revised when they are."
)

# key, kind, (title ko, en), (explanation ko, en), parameters
BY_THE_ACT: tuple[tuple[str, str, tuple[str, str], tuple[str, str], dict[str, Any]], ...] = (
    (
        "revisit",
        "revisit",
        ("같은 증상으로 다시 보는 진료", "A return visit for the same symptom"),
        (
            "같은 점에 대해 이 의사나 같은 병원의 의사가 최근 6개월(180일) 안에 본 적이 있으면 화면으로 상담할 수 있습니다. "
            "사진을 읽고 서명한 판독도 본 것으로 칩니다. 며칠까지인지, 판독을 진료로 볼지는 하위법령을 기다려야 합니다.",
            "If this doctor, or another of the same clinic, has seen the same spot within the last six months (180 days), "
            "the consultation may be by video. A signed reading of the photo counts as having seen it. How many days "
            "count, and whether a reading does, will be set by the sub-decrees.",
        ),
        {"within_days": 180, "reading_counts": True},
    ),
    (
        "same_region",
        "residence",
        ("사는 곳과 병원이 같은 시·도", "Living in the same province as the clinic"),
        (
            "사시는 곳과 의사의 병원이 같은 시·도에 있으면 처음 보는 의사와도 화면으로 상담할 수 있습니다. "
            "지역을 시·도로 볼지 시·군·구로 볼지는 하위법령을 기다려야 합니다.",
            "If you live in the province where the doctor's clinic is, you may also talk by video to a doctor who sees you "
            "for the first time. Whether the region is the province or the district will be set by the sub-decrees.",
        ),
        {"level": "province"},
    ),
    (
        "island_remote",
        "exception",
        ("섬이나 벽지에 삽니다", "I live on an island or in a remote area"),
        (
            "가까운 곳에 병원이 없는 섬이나 벽지에 사시면 지역과 상관없이 상담할 수 있습니다.",
            "Who lives on an island or in a remote area without a clinic nearby may talk to a doctor of any region.",
        ),
        {"needs_check": True},
    ),
    (
        "long_term_care",
        "exception",
        ("장기요양 등급을 받았습니다", "I am under long-term care"),
        (
            "장기요양 등급이 있어 병원에 가기 어려우시면 지역과 상관없이 상담할 수 있습니다.",
            "Who is graded for long-term care and can hardly get to a clinic may talk to a doctor of any region.",
        ),
        {"needs_check": True},
    ),
    (
        "disability",
        "exception",
        ("장애인으로 등록되어 있습니다", "I am registered as disabled"),
        (
            "등록된 장애로 병원에 가기 어려우시면 지역과 상관없이 상담할 수 있습니다.",
            "Who is registered as disabled and can hardly get to a clinic may talk to a doctor of any region.",
        ),
        {"needs_check": True},
    ),
    (
        "rare_disease",
        "exception",
        ("희귀질환이 있습니다", "I have a rare disease"),
        (
            "희귀질환으로 꾸준히 살펴야 하시면 지역과 상관없이 상담할 수 있습니다.",
            "Who needs to be followed for a rare disease may talk to a doctor of any region.",
        ),
        {"needs_check": True},
    ),
    (
        "after_surgery",
        "exception",
        ("수술을 받고 경과를 보는 중입니다", "I am being followed after an operation"),
        (
            "수술이나 치료를 받고 꾸준히 살펴야 하시면 지역과 상관없이 상담할 수 있습니다.",
            "Who needs to be followed after an operation or a treatment may talk to a doctor of any region.",
        ),
        {"needs_check": True},
    ),
)


def key(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=nullable)


def upgrade() -> None:
    rules = _rules()
    op.bulk_insert(rules, [_trial(), *(_by_the_act(*each) for each in BY_THE_ACT)])
    _booking()
    for column in (
        sa.Column("area", sa.LargeBinary(), nullable=True),
        sa.Column("exceptions", sa.LargeBinary(), nullable=True),
    ):
        op.add_column("patient", column)
    _consent()


def _rules() -> sa.Table:
    table = op.create_table(
        "eligibility_rule",
        key("id"),
        sa.Column("public_id", sa.String(length=24), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("title_ko", sa.String(length=120), nullable=False),
        sa.Column("title_en", sa.String(length=120), nullable=False),
        *(
            sa.Column(f"{name}_{language}", sa.Text(), nullable=False)
            for name in ("explanation", "basis")
            for language in ("ko", "en")
        ),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        key("created_by_id", nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "valid_until IS NULL OR valid_from <= valid_until", name=op.f("ck_eligibility_rule_span")
        ),
        sa.CheckConstraint(
            "kind IN ('revisit', 'residence', 'exception', 'pilot')", name=op.f("ck_eligibility_rule_kind")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["user.id"], name=op.f("fk_eligibility_rule_created_by_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_eligibility_rule")),
        sa.UniqueConstraint("public_id", name=op.f("uq_eligibility_rule_public_id")),
        sa.UniqueConstraint("key", "version", name=op.f("uq_eligibility_rule_key")),
    )
    op.create_index(
        "uq_eligibility_rule_open",
        "eligibility_rule",
        ["key"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    return table


def _row(
    name: str,
    kind: str,
    title: tuple[str, str],
    explanation: tuple[str, str],
    basis: tuple[str, str],
    span: tuple[date, date | None],
    parameters: dict[str, Any],
) -> dict[str, Any]:
    texts = {"title": title, "explanation": explanation, "basis": basis}
    return {
        "public_id": f"rule-{name}",
        "key": name,
        "version": 1,
        "kind": kind,
        **{f"{part}_ko": both[0] for part, both in texts.items()},
        **{f"{part}_en": both[1] for part, both in texts.items()},
        "valid_from": span[0],
        "valid_until": span[1],
        "parameters": parameters,
        "active": True,
        "created_at": MADE,
    }


def _trial() -> dict[str, Any]:
    return _row(
        "trial",
        "pilot",
        ("비대면진료 시범사업", "The government's telemedicine trial"),
        (
            "정부의 시범사업 기간에는 의원(동네 병원)의 의사와 누구나 화면으로 상담할 수 있습니다. 처음 보는 의사도 됩니다. "
            "12월 24일부터는 법이 바뀌어 조건이 생깁니다.",
            "While the government's trial runs, anybody may talk by video to a doctor of a local clinic, also for the first "
            "time. From December 24 the law changes and there are conditions.",
        ),
        (
            "보건복지부 비대면진료 시범사업 (2025-10-27부터의 기준: 의원급 중심, 초진 허용). "
            "개정 의료법이 시행되는 2026-12-24 전날까지.",
            "The telemedicine trial of the Ministry of Health and Welfare (as from 2025-10-27: clinic level, first visits "
            "allowed), until the day before the amended Medical Service Act takes effect on 2026-12-24.",
        ),
        TRIAL,
        {},
    )


def _by_the_act(
    name: str,
    kind: str,
    title: tuple[str, str],
    explanation: tuple[str, str],
    parameters: dict[str, Any],
) -> dict[str, Any]:
    return _row(name, kind, title, explanation, (ACT_KO, ACT_EN), (ACT, None), parameters)


def _booking() -> None:
    op.add_column("booking", sa.Column("admission", sa.LargeBinary(), nullable=True))
    admitted_by = key("admitted_by_id", nullable=True)
    name = op.f("fk_booking_admitted_by_id_eligibility_rule")
    if op.get_bind().dialect.name == "sqlite":
        # Not in a batch: SQLite would make the table anew, and others may refer to it by now.
        admitted_by.append_foreign_key(sa.ForeignKey("eligibility_rule.id", name=name))
        op.add_column("booking", admitted_by, inline_references=True)
    else:
        op.add_column("booking", admitted_by)
        op.create_foreign_key(name, "booking", "eligibility_rule", ["admitted_by_id"], ["id"])
    op.create_index(op.f("ix_booking_admitted_by_id"), "booking", ["admitted_by_id"])


def _consent() -> None:
    with op.batch_alter_table("consent") as table:
        table.alter_column("user_id", existing_type=key("user_id").type, nullable=True)
        table.add_column(
            sa.Column("channel", sa.String(length=16), server_default="portal", nullable=False)
        )
        table.add_column(key("recorded_by_id", nullable=True))
        table.create_foreign_key(
            op.f("fk_consent_recorded_by_id_user"), "user", ["recorded_by_id"], ["id"]
        )
        table.create_check_constraint(
            op.f("ck_consent_recorded"), "(channel = 'telephone') = (recorded_by_id IS NOT NULL)"
        )
        table.create_check_constraint(
            op.f("ck_consent_agreed"), "user_id IS NOT NULL OR channel = 'telephone'"
        )


def downgrade() -> None:
    # Who agreed without an account has no place in the table as it was.
    op.execute("DELETE FROM consent WHERE user_id IS NULL")
    with op.batch_alter_table("consent") as table:
        table.drop_constraint(op.f("ck_consent_agreed"), type_="check")
        table.drop_constraint(op.f("ck_consent_recorded"), type_="check")
        table.drop_constraint(op.f("fk_consent_recorded_by_id_user"), type_="foreignkey")
        table.drop_column("recorded_by_id")
        table.drop_column("channel")
        table.alter_column("user_id", existing_type=key("user_id").type, nullable=False)
    for column in ("exceptions", "area"):
        op.drop_column("patient", column)
    op.drop_index(op.f("ix_booking_admitted_by_id"), "booking")
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(op.f("fk_booking_admitted_by_id_eligibility_rule"), "booking", type_="foreignkey")
    op.drop_column("booking", "admitted_by_id")
    op.drop_column("booking", "admission")
    op.drop_table("eligibility_rule")
