"""The vocabulary of permissions and which role holds which. Data only: it imports nothing of the house."""

from __future__ import annotations

import enum


class Role(enum.StrEnum):
    """What a person is to the portal. Each person has exactly one role."""

    PATIENT = "patient"
    DOCTOR = "doctor"
    OPERATOR = "operator"


class Permission(enum.StrEnum):
    """scope:resource:action. Holding one is needed, never enough: object rules decide whose."""

    ACCOUNT_MANAGE = "own:account:manage"
    NOTICE_READ = "own:notice:read"

    DATA_MANAGE = "patient:data:manage"
    CONSENT_MANAGE = "patient:consent:manage"
    DEPENDENT_MANAGE = "patient:dependent:manage"
    CASE_SEND = "patient:case:send"
    CASE_READ_OWN = "patient:case:read"
    BOOKING_MAKE = "patient:booking:make"
    PROXY_ARRANGE = "patient:proxy:arrange"

    QUEUE_TAKE = "doctor:queue:take"
    CASE_READ_ASSIGNED = "doctor:case:read"
    FINDING_SIGN = "doctor:finding:sign"
    AVAILABILITY_MANAGE = "doctor:availability:manage"
    BOOKING_READ_OWN = "doctor:booking:read"

    REVIEW_IMPORT = "operator:review:import"
    REVIEW_READ = "operator:review:read"
    REGION_READ = "operator:region:read"
    CLINIC_REGISTER_LOAD = "operator:clinic_register:load"
    JOB_MANAGE = "operator:job:manage"
    INVITATION_SEND = "operator:invitation:send"
    AUDIT_READ = "operator:audit:read"
    ELIGIBILITY_MANAGE = "operator:eligibility:manage"
    CALL_HANDLE = "operator:call:handle"
    PROXY_MANAGE = "operator:proxy:manage"
    MESSAGE_MANAGE = "operator:message:manage"


_SELF = frozenset({Permission.ACCOUNT_MANAGE, Permission.NOTICE_READ})

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.PATIENT: _SELF
    | {
        Permission.DATA_MANAGE,
        Permission.CONSENT_MANAGE,
        Permission.DEPENDENT_MANAGE,
        Permission.CASE_SEND,
        Permission.CASE_READ_OWN,
        Permission.BOOKING_MAKE,
        Permission.PROXY_ARRANGE,
    },
    Role.DOCTOR: _SELF
    | {
        Permission.QUEUE_TAKE,
        Permission.CASE_READ_ASSIGNED,
        Permission.FINDING_SIGN,
        Permission.AVAILABILITY_MANAGE,
        Permission.BOOKING_READ_OWN,
    },
    Role.OPERATOR: _SELF
    | {
        Permission.REVIEW_IMPORT,
        Permission.REVIEW_READ,
        Permission.REGION_READ,
        Permission.CLINIC_REGISTER_LOAD,
        Permission.JOB_MANAGE,
        Permission.INVITATION_SEND,
        Permission.AUDIT_READ,
        Permission.ELIGIBILITY_MANAGE,
        Permission.CALL_HANDLE,
        Permission.PROXY_MANAGE,
        Permission.MESSAGE_MANAGE,
    },
}
