"""The one table of what every argument of every address means, and whose it is.

Everything else that the matrix expects follows from what the views themselves declare.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

EVERYONE = ""


@dataclass(frozen=True)
class Thing:
    """An argument: the name of its value in a set of the world, and whose role owns it there.

    `owner` is "patient" (that set's), "doctor" (that set's), "operator" or `EVERYONE`. With `literal`,
    the value itself is given: it is no object.
    """

    kind: str = ""
    owner: str = EVERYONE
    literal: str | None = None


def choice(value: str) -> Thing:
    """One of a few words, the same for all."""
    return Thing(literal=value)


# First match counts; the first column is a pattern of endpoints.
ARGUMENTS: tuple[tuple[str, str, Thing], ...] = (
    ("web.asset_file", "name", choice("main.css")),
    # one's own account
    ("account.join", "token", Thing("invitation token")),
    ("account.stop_proxy", "token", Thing("stop token")),
    ("account.helping_code", "public_id", Thing("asked", "patient")),
    ("account.helping_details", "public_id", Thing("proven", "patient")),
    ("account.helping_*", "public_id", Thing("permission held", "patient")),
    ("account.offer_*", "public_id", Thing("offer", "patient")),
    ("account.helper_*", "public_id", Thing("permission given", "patient")),
    ("account.end_guardianship", "patient_id", Thing("child", "patient")),
    ("account.give_consent", "patient_id", Thing("patient", "patient")),
    ("account.withdraw_consent", "patient_id", Thing("child", "patient")),
    ("account.access_log", "patient_id", Thing("patient", "patient")),
    ("account.archive_of", "patient_id", Thing("child", "patient")),
    ("account.correct_person", "patient_id", Thing("child", "patient")),
    ("account.erase*", "patient_id", Thing("child", "patient")),
    ("account.*consent", "kind", choice("telemedicine")),
    ("account.remove_contact", "channel", choice("email")),
    ("security.reset_password", "token", choice("no-token")),
    ("security.two_factor_setup_validate", "token", choice("no-token")),
    ("notices.follow", "public_id", Thing("patient's notice", "patient")),
    # patients
    ("patient.case_photos", "public_id", Thing("draft case", "patient")),
    ("patient.upload*", "public_id", Thing("draft case", "patient")),
    ("patient.upload*", "upload_id", Thing("draft upload", "patient")),
    ("patient.photo_remove", "public_id", Thing("draft case", "patient")),
    ("patient.photo_remove", "photo_id", Thing("draft photo", "patient")),
    ("patient.case_place", "public_id", Thing("draft case", "patient")),
    ("patient.case_same", "public_id", Thing("draft case", "patient")),
    ("patient.case_questions", "public_id", Thing("draft case", "patient")),
    ("patient.case_answer", "public_id", Thing("draft case", "patient")),
    ("patient.case_answer", "key", choice("itches")),
    ("patient.case_keep", "public_id", Thing("draft case", "patient")),
    ("patient.case_person", "public_id", Thing("draft case", "patient")),
    ("patient.case_review", "public_id", Thing("draft case", "patient")),
    ("patient.case_withdraw", "public_id", Thing("waiting case", "patient")),
    ("patient.case*", "public_id", Thing("signed case", "patient")),
    ("patient.lesion*", "public_id", Thing("lesion", "patient")),
    ("patient.photo*", "photo_id", Thing("signed photo", "patient")),
    ("patient.finding_pdf", "public_id", Thing("signed case", "patient")),
    ("patient.booking*", "public_id", Thing("booking", "patient")),
    # doctors
    # Somebody else's is answered like one that is gone already: see test_effects.py.
    ("doctor.availability_remove", "pattern_id", Thing("pattern")),
    ("doctor.availability_off_remove", "off_id", Thing("time off")),
    ("doctor.availability_extra_remove", "extra_id", Thing("extra time")),
    ("doctor.booking*", "public_id", Thing("booking", "doctor")),
    ("doctor.case_heatmap", "public_id", Thing("revealed case", "doctor")),
    ("doctor.case_heatmap", "photo_id", Thing("revealed photo", "doctor")),
    ("doctor.case_earlier_photo", "public_id", Thing("follow-up case", "doctor")),
    ("doctor.case_earlier_photo", "photo_id", Thing("signed photo", "doctor")),
    ("doctor.case_photo", "photo_id", Thing("reading photo", "doctor")),
    ("doctor.finding_amend", "public_id", Thing("signed case", "doctor")),
    ("doctor.finding_answer", "public_id", Thing("signed case", "doctor")),
    ("doctor.finding_*", "public_id", Thing("revealed case", "doctor")),
    ("doctor.case*", "public_id", Thing("reading case", "doctor")),
    # operators
    # Whose post is ended is every operator's to say.
    ("operator.proxies_post_end", "user_id", Thing("post", "operator")),
    ("operator.proxies*", "public_id", Thing("permission given", "operator")),
    ("operator.analysis_cloud", "side", choice("high")),
    ("operator.analysis_table", "name", choice("apps")),
    ("operator.analysis*", "public_id", Thing("analysis", "operator")),
    # Whoever can be reached by telephone may call, and the operator may look; another caller's booking: test_effects.py.
    ("operator.call_cancel", "booking_id", Thing("booking")),
    ("operator.call_move*", "booking_id", Thing("booking")),
    ("operator.call_withdraw", "kind", choice("telemedicine")),
    ("operator.call*", "public_id", Thing("patient", "operator")),
    ("operator.eligibility*", "public_id", Thing("rule", "operator")),
    ("operator.clinics*", "public_id", Thing("register", "operator")),
    ("operator.collection_schedule*", "store", choice("appstore")),
    ("operator.collection_schedule*", "app", choice("517637141")),
    ("operator.collection_app*", "added_id", Thing("added app", "operator")),
    ("operator.collection*", "public_id", Thing("collection", "operator")),
    ("operator.import*", "public_id", Thing("import", "operator")),
    ("operator.invitation*", "public_id", Thing("invitation", "operator")),
    ("operator.message_again", "delivery_id", Thing("delivery", "operator")),
    ("operator.job*", "job_id", Thing("job", "operator")),
)

# What must stand after the question mark, or in the form, for a page to have anything to show.
QUERIES: Mapping[str, Mapping[str, Thing]] = {
    "operator.call_confirm": {"doctor": Thing("doctor"), "at": Thing("free time")},
    "operator.call_day": {"doctor": Thing("doctor"), "on": choice("2026-12-07")},
    "operator.call_move_confirm": {"at": Thing("free time")},
    "operator.call_move_day": {"on": choice("2026-12-07")},
    "patient.area": {"patient": Thing("patient", "patient")},
    "patient.booking_check": {"case": Thing("signed case", "patient")},
    "patient.booking_choose": {"case": Thing("signed case", "patient")},
    "patient.booking_confirm": {
        "case": Thing("signed case", "patient"),
        "doctor": Thing("doctor"),
        "at": Thing("free time"),
    },
    "patient.booking_move_confirm": {"at": Thing("free time")},
}
FORMS: Mapping[str, Mapping[str, Thing]] = {
    "operator.call_book": {"doctor": Thing("doctor"), "at": Thing("free time"), "price": choice("0")},
    "operator.call_move_make": {"at": Thing("free time"), "price": choice("0")},
    "patient.area": {
        "patient": Thing("patient", "patient"),
        "province": choice("36"),
        "area": choice("36030"),
    },
    "patient.booking_exceptions": {"patient": Thing("patient", "patient")},
    "patient.booking_make": {
        "case": Thing("signed case", "patient"),
        "doctor": Thing("doctor"),
        "at": Thing("free time"),
        "price": choice("0"),
    },
    "patient.case_same": {"lesion": Thing("lesion", "patient")},
    "patient.booking_hold": {"case": Thing("signed case", "patient"), "time": Thing("slot")},
    "patient.booking_release": {"case": Thing("signed case", "patient")},
    "patient.booking_move_make": {"at": Thing("free time"), "price": choice("0")},
    # Someone else's patient is no answer that the form knows: see test_effects.py.
    "patient.case_new": {"patient": Thing("patient"), "form_key": choice("a-form-key-of-a-test")},
}

# Where a second object of somebody else is passed over in silence instead of being refused: see test_effects.py.
PASSED_OVER = {"patient.photo_remove"}

# What anyone may open without signing in. A new page that is open to all must be written down here.
OPEN_TO_ALL = {
    "account.idle",
    "account.join",
    "account.recover",
    "account.recover_code",
    "account.recover_sent",
    "account.sign_in_code",
    "account.sign_in_enter",
    "account.sign_up",
    "account.sign_up_code",
    "account.sign_up_consents",
    "account.sign_up_details",
    "account.stop_proxy",
    "health.healthz",
    "health.readyz",
    "public.accessibility",
    "public.clinics",
    "public.emergencies",
    "public.landing",
    "public.preferences",
    "public.privacy",
    "public.save_preferences",
    "public.sources",
    "public.terms",
    "security.forgot_password",
    "security.login",
    "security.logout",
    "security.mf_recovery",
    "security.reset_password",
    "security.two_factor_setup",
    "security.two_factor_token_validation",
    "web.asset_file",
    "web.manifest",
    "web.offline",
    "web.service_worker",
}


def thing(endpoint: str, argument: str) -> Thing:
    """Return what the argument means, or fail: someone has to write it down."""
    for pattern, name, found in ARGUMENTS:
        if name == argument and fnmatchcase(endpoint, pattern):
            return found
    raise AssertionError(f"say in tests/permissions/table.py what <{argument}> of {endpoint} is, and whose")
