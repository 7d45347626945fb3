"""Every page of the portal, in the states that look different, and every address that is no page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Page

from tests.e2e.site import ERRORS, FAILING, Site

Act = Callable[[Page], object]


@dataclass(frozen=True)
class Look:
    """One page in one state, as one person sees it.

    values: arguments of the address; one that begins with "=" is looked up in `Site.ids`.
    act: what is done on the page before it is looked at. status: of the answer that shows the page.
    """

    endpoint: str
    who: str = "visitor"
    state: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    act: Act | None = None
    status: int = 200
    empty: bool = False
    """In a house where nothing has happened yet."""

    @property
    def name(self) -> str:
        """What the test and the screenshots are called."""
        return "-".join(part.replace(" ", "_") for part in (self.endpoint, self.state) if part)

    def address(self, site: Site) -> str:
        """Return where it is in this portal."""
        values: dict[str, Any] = {
            key: site.ids[value[1:]] if value.startswith("=") else value for key, value in self.values.items()
        }
        with site.app.test_request_context():
            return site.app.url_for(self.endpoint, **values)


def case(endpoint: str, who: str, name: str, **more: Any) -> Look:
    """A page about one case."""
    return Look(endpoint, who, name, {"public_id": f"={name}"}, **more)


def send(page: Page, **fields: str) -> None:
    """Fill in some fields and send the page's first form of its own, past the browser's own checks."""
    for name, value in fields.items():
        page.locator(f'main [name="{name}"]').first.fill(value)
    form = page.locator('main form[method="post"]').first
    with page.expect_navigation():
        form.evaluate("form => HTMLFormElement.prototype.submit.call(form)")


def send_to(path: str) -> Act:
    """Send the form that leads to a path."""

    def act(page: Page) -> None:
        form = page.locator(f'main form[action$="{path}"]').first
        with page.expect_navigation():
            form.evaluate("form => HTMLFormElement.prototype.submit.call(form)")

    return act


def choose(name: str, value: str) -> Act:
    """Choose one of a list."""
    return lambda page: page.locator(f'input[name="{name}"][value="{value}"]').check(force=True)


def speaking_nothing(page: Page) -> None:
    """Send a form with none of its boxes ticked."""
    page.locator("main input[type=checkbox]").evaluate_all(
        "all => all.forEach(box => { box.checked = false })"
    )
    send(page)


def open_menu(number: int) -> Act:
    """Open a menu of the header."""
    return lambda page: page.locator("header details.menu > summary").nth(number).click()


def open_camera_in_vain(page: Page) -> None:
    """Ask for the live camera where there is none."""
    page.locator("[data-open-camera]").click()
    page.locator("[data-own-camera]").wait_for()


def find_by_number(page: Page) -> None:
    """Find who acts for a caller."""
    send(page, number="010-5555-7777")


def without_token(page: Page) -> None:
    """Send a form whose token has been lost."""
    page.evaluate("document.querySelectorAll('[name=csrf_token]').forEach(field => field.remove())")
    send(page)


PUBLIC = [
    Look("public.landing"),
    Look("public.landing", "patient", "signed_in"),
    Look("public.landing", state="preferences_open", act=open_menu(0)),
    Look("public.privacy"),
    Look("public.terms"),
    Look("public.accessibility"),
    Look("public.emergencies"),
    Look("public.sources"),
    Look("public.clinics"),
    Look("public.clinics", "operator", "no_register", empty=True),
    Look("public.clinics", state="province", values={"area": "36"}),
    Look("public.clinics", state="district", values={"area": "36400"}),
    Look("public.clinics", state="near", values={"lat": "34.57", "lon": "126.60"}),
    Look("public.clinics", state="outside", values={"lat": "35.68", "lon": "139.69"}),
    Look("public.clinics", state="none", values={"area": "36480"}),
    Look("public.preferences"),
    Look("public.preferences", state="form_expired", act=without_token, status=400),
    *(Look(FAILING, state=str(status), values={"status": str(status)}, status=status) for status in ERRORS),
    Look("doctor.home", "patient", "forbidden", status=403),
]
SIGN_IN = [
    Look("security.login"),
    Look("security.login", state="wrong", act=lambda page: send(page, identity="01000000000", password="x")),
    Look("account.sign_in_code"),
    Look("account.sign_in_code", state="wrong", act=lambda page: send(page, identity="?")),
    Look("account.sign_in_enter", "signing in"),
    Look("account.sign_in_enter", "signing in", "wrong", act=lambda page: send(page, code="000000")),
    Look("account.sign_up"),
    Look("account.sign_up", state="wrong", act=lambda page: send(page, identity="?")),
    Look("account.sign_up_code", "signing up"),
    Look("account.sign_up_consents", "signed up"),
    Look("account.sign_up_consents", "signed up", "wrong", act=send),
    Look("account.sign_up_details", "agreed"),
    Look("account.sign_up_details", "agreed", "wrong", act=send),
    Look("account.sign_up_details", "agreed by e-mail", "by_e-mail"),
    Look("account.recover"),
    Look("account.recover_sent", "recovering by e-mail"),
    Look("account.recover_code", "recovering"),
    Look("security.reset_password", values={"token": "=reset"}),
    Look("security.reset_password", "visitor", "wrong", {"token": "=reset"}, act=send),
    Look("account.join", values={"token": "=invitation"}),
    Look("account.join", "visitor", "wrong", {"token": "=invitation"}, act=send),
    Look("account.join", "patient", "signed_in", {"token": "=invitation"}),
    Look("account.join", "visitor", "invalid", {"token": "nothing"}, status=404),
    Look("account.idle"),
    Look("account.idle", "patient", "other_window"),
    Look("security.two_factor_token_validation", "second factor"),
    Look(
        "security.two_factor_token_validation",
        "second factor",
        "wrong",
        act=lambda page: send(page, code="000000"),
    ),
    Look("security.mf_recovery", "second factor"),
]
ACCOUNT = [
    Look("account.settings", "patient"),
    Look("account.settings", "patient", "menu_open", act=open_menu(1)),
    Look("account.settings", "operator", "operator"),
    Look("account.profile", "patient"),
    Look("account.profile", "patient", "wrong", act=lambda page: send(page, name="")),
    Look("account.security", "patient"),
    Look("account.security", "secured", "second_factor"),
    Look("account.consents", "patient"),
    Look("account.dependents", "patient"),
    Look("account.dependents", "patient", "none", empty=True),
    Look("account.add_dependent", "patient"),
    Look("account.add_dependent", "patient", "wrong", act=send),
    Look("account.helpers", "patient"),
    Look("account.helpers", "patient", "none", empty=True),
    Look("account.helper_new", "patient"),
    Look("account.helper_new", "patient", "wrong", act=send),
    Look("account.helping", "helper"),
    Look("account.helping", "patient", "none", empty=True),
    Look("account.helping_ask", "helper"),
    Look("account.helping_ask", "patient", "wrong", act=send),
    Look("account.helping_code", "helper", "", {"public_id": "=asked for"}),
    Look(
        "account.helping_code",
        "helper",
        "wrong",
        {"public_id": "=asked for"},
        act=lambda page: send(page, code="000000"),
    ),
    Look("account.helping_details", "helper", "", {"public_id": "=proven"}),
    Look("account.helping_details", "helper", "wrong", {"public_id": "=proven"}, act=send),
    Look("account.stop_proxy", values={"token": "=stop"}),
    Look("account.stop_proxy", "visitor", "stopped", {"token": "=stopped"}),
    Look("account.my_data", "patient"),
    Look("account.my_data", "leaving", "leaving"),
    Look("account.access_log", "patient", "", {"patient_id": "=patient"}),
    Look("account.access_log", "patient", "all", {"patient_id": "=patient", "show": "all"}),
    Look("account.access_log", "leaving", "none", {"patient_id": "=leaving"}),
    Look("account.archive_of", "patient", "", {"patient_id": "=patient"}),
    Look("account.correct_person", "patient", "", {"patient_id": "=patient"}),
    Look(
        "account.correct_person",
        "patient",
        "wrong",
        {"patient_id": "=patient"},
        act=lambda page: send(page, name=""),
    ),
    Look("account.erase", "patient", "", {"patient_id": "=patient"}),
    Look("account.erase_confirm", "patient", "", {"patient_id": "=patient"}),
    Look("account.erase_confirm", "patient", "wrong", {"patient_id": "=patient"}, act=send),
    Look("account.contact", "patient"),
    Look("account.contact_code", "changing number"),
    Look("account.confirm_code", "confirming"),
    Look("account.confirm_enter", "confirming"),
    Look("security.verify", "patient"),
    Look("security.change_password", "patient"),
    Look("security.change_password", "patient", "wrong", act=send),
    Look("security.two_factor_setup", "patient"),
    Look("security.two_factor_setup", "patient", "code", act=send_to("/tf-setup")),
    Look("security.two_factor_setup", "secured", "on"),
    Look("security.mf_recovery_codes", "secured"),
    Look("security.mf_recovery_codes", "secured", "shown", {"show_codes": "y"}),
    Look("notices.inbox", "patient"),
    Look("notices.inbox", "patient", "none", empty=True),
    Look("notices.channels", "patient"),
    Look("notices.channels", "doctor", "one_contact"),
    Look("account.settings", "told", "messages"),
    Look("account.settings", "shared", "shared_device"),
]
PATIENT = [
    Look("patient.home", "patient"),
    Look("patient.home", "patient", "nothing_yet", empty=True),
    Look("patient.home", "helper", "acting"),
    Look("patient.case_new", "helper", "acting"),
    Look("patient.case_new", "patient"),
    Look("patient.case_new", "patient", "alone", empty=True),
    case("patient.case_photos", "patient", "begun draft"),
    case("patient.case_photos", "patient", "draft"),
    Look(
        "patient.case_photos", "patient", "no_camera", {"public_id": "=begun draft"}, act=open_camera_in_vain
    ),
    case("patient.case_place", "patient", "begun draft"),
    case("patient.case_place", "patient", "draft"),
    Look("patient.case_place", "patient", "wrong", {"public_id": "=begun draft"}, act=send),
    case("patient.case_same", "patient", "same draft"),
    case("patient.case_questions", "patient", "draft"),
    Look("patient.case_answer", "patient", "new", {"public_id": "=begun draft", "key": "since"}),
    Look("patient.case_answer", "patient", "answered", {"public_id": "=draft", "key": "itches"}),
    Look("patient.case_answer", "patient", "wrong", {"public_id": "=begun draft", "key": "grew"}, act=send),
    case("patient.case_person", "patient", "draft"),
    Look(
        "patient.case_answer",
        "patient",
        "wrong age",
        {"public_id": "=begun draft", "key": "age"},
        act=lambda p: send(p, age=""),
    ),
    case("patient.case_review", "patient", "draft"),
    case("patient.case_review", "newcomer", "new draft"),
    Look("patient.case_review", "newcomer", "wrong", {"public_id": "=new draft"}, act=send),
    *(
        case("patient.case", "patient", name)
        for name in (
            "submitted",
            "waiting",
            "urgent",
            "late",
            "unanalysed",
            "being read",
            "watch",
            "amended",
            "asked",
            "withdrawn",
        )
    ),
    case("patient.case", "patient", "pictured"),
    Look("patient.lesions", "patient"),
    Look("patient.lesions", "patient", "none", empty=True),
    Look("patient.lesions", "patient", "child", {"person": "=child"}),
    Look("patient.lesion", "patient", "over time", {"public_id": "=lesion"}),
    Look("patient.lesion", "patient", "due", {"public_id": "=due lesion"}),
    Look(
        "patient.lesion", "patient", "wrong", {"public_id": "=due lesion"}, act=send_to("/watch"), status=422
    ),
    Look("patient.lesion_compare", "patient", "", {"public_id": "=lesion"}),
    case("patient.case_questions", "patient", "followed draft"),
    Look("patient.case_answer", "patient", "what changed", {"public_id": "=followed draft", "key": "note"}),
    case("patient.case_review", "patient", "followed draft"),
    Look("patient.bookings", "patient"),
    Look("patient.bookings", "patient", "none", empty=True),
    Look("patient.booking_choose", "patient"),
    Look("patient.booking_choose", "patient", "none", empty=True),
    Look("patient.booking_choose", "patient", "after_a_finding", {"case": "=watch"}),
    Look("patient.booking_check", "patient", "who"),
    Look("patient.booking_check", "patient", "yes", {"case": "=watch"}),
    Look("patient.booking_check", "patient", "in_person", {"case": "=amended"}),
    Look("patient.booking_check", "patient", "nobody", empty=True),
    Look(
        "patient.booking_confirm",
        "patient",
        "refused",
        {"case": "=watch", "doctor": "=doctor", "at": "=refused"},
        status=409,
    ),
    Look("patient.area", "patient", "who"),
    Look("patient.area", "patient", "", {"patient": "=person"}),
    Look("patient.area", "patient", "district", {"patient": "=person", "province": "36"}),
    Look("patient.area", "newcomer", "wrong", {"province": "36"}, act=send, status=422),
    Look("patient.booking_choose", "patient", "by_region", {"area": "36", "language": "en"}),
    Look("patient.booking_choose", "patient", "no_such_doctor", {"language": "mn"}),
    Look("patient.booking_choose", "undecided", "held"),
    Look("patient.booking_choose", "absent", "telephone"),
    Look("patient.booking_confirm", "undecided", "held", {"doctor": "=doctor", "at": "=held"}),
    case("patient.booking_move", "patient", "booked"),
    Look("patient.booking_move_confirm", "patient", "", {"public_id": "=booked", "at": "=free"}),
    Look(
        "patient.booking_move_confirm",
        "patient",
        "taken",
        {"public_id": "=booked", "at": "=held"},
        status=409,
    ),
    case("patient.booking", "absent", "missed"),
    Look("patient.booking_confirm", "patient", "", {"doctor": "=doctor", "at": "=free"}),
    Look("patient.booking_confirm", "newcomer", "consent", {"doctor": "=doctor", "at": "=free"}),
    Look("patient.booking_confirm", "newcomer", "taken", {"doctor": "=doctor", "at": "=taken"}, status=409),
    case("patient.booking", "patient", "booked"),
    case("patient.booking", "patient", "begun"),
    case("patient.booking", "patient", "over"),
    case("patient.booking", "patient", "cancelled"),
]
DOCTOR = [
    Look("doctor.home", "doctor"),
    Look("doctor.home", "doctor", "nothing_yet", empty=True),
    case("doctor.case", "doctor", "unread"),
    Look(
        "doctor.case",
        "doctor",
        "unread_wrong",
        {"public_id": "=unread"},
        act=send_to("/first-read"),
        status=422,
    ),
    case("doctor.case", "doctor", "read"),
    case("doctor.case", "doctor", "revealed"),
    case("doctor.case", "doctor", "asked"),
    case("doctor.case", "doctor", "pictured"),
    case("doctor.case", "doctor", "amended"),
    case("doctor.finding_sign", "doctor", "to sign"),
    case("doctor.finding_amend", "doctor", "watch"),
    Look(
        "doctor.finding_amend", "doctor", "wrong", {"public_id": "=watch"}, act=send_to("/decide"), status=422
    ),
    Look("doctor.readings", "doctor"),
    Look("doctor.readings", "doctor", "held", {"tab": "held"}),
    Look("doctor.readings", "doctor", "none", empty=True),
    Look("doctor.agenda", "doctor"),
    Look("doctor.agenda", "doctor", "none", empty=True),
    case("doctor.booking_identity", "doctor", "begun"),
    case("doctor.booking_identity", "doctor", "booked"),
    Look(
        "doctor.booking_identity",
        "doctor",
        "wrong",
        {"public_id": "=begun"},
        act=send,
        status=422,
    ),
    Look("doctor.availability", "doctor"),
    Look("doctor.availability", "doctor", "none", empty=True),
    Look("doctor.availability", "doctor", "wrong", act=send_to("/availability"), status=422),
    Look("doctor.availability_days", "doctor"),
    Look("doctor.availability_days", "doctor", "none", empty=True),
    Look("doctor.availability_off", "doctor"),
    Look("doctor.availability_off", "doctor", "wrong", act=send, status=422),
    Look("doctor.availability_extra", "doctor"),
    Look("doctor.availability_extra", "doctor", "wrong", act=send, status=422),
    Look("doctor.availability_practice", "doctor"),
    Look("doctor.availability_practice", "doctor", "wrong", act=speaking_nothing, status=422),
    Look("notices.inbox", "doctor", "doctor"),
]
OPERATOR = [
    Look("operator.home", "operator"),
    Look("operator.home", "operator", "nothing_yet", empty=True),
    Look("operator.jobs", "operator"),
    Look("operator.jobs", "operator", "none", empty=True),
    Look("operator.reviews", "operator"),
    Look("operator.reviews", "operator", "none", empty=True),
    Look("operator.imports", "operator"),
    *(
        case("operator.import_page", "operator", f"import {name}")
        for name in ("done", "refused", "queued", "reading")
    ),
    case("operator.import_delete_page", "operator", "import done"),
    Look("operator.clinics", "operator"),
    Look("operator.clinics", "operator", "none", empty=True),
    Look("operator.clinics", "operator", "wrong", act=send_to("/operator/clinics"), status=422),
    *(
        case("operator.clinics_register", "operator", f"register {name}")
        for name in ("current", "failed", "reading")
    ),
    Look("operator.manage", "operator"),
    Look("operator.models", "operator"),
    Look("operator.regions", "operator"),
    Look("operator.regions", "operator", "2018", {"year": "2018", "by": "elders"}),
    Look("operator.collections", "operator"),
    Look("operator.collections", "operator", "none", empty=True),
    Look("operator.collections", "operator", "wrong", act=send_to("/reviews/apps"), status=422),
    Look("operator.collection_app", "operator", "", {"added_id": "=added app"}),
    Look("operator.collection_history", "operator"),
    *(
        case("operator.collection_page", "operator", f"collection {name}")
        for name in ("done", "failed", "running", "waiting", "stopped")
    ),
    Look("operator.collection_schedule", "operator", "", {"store": "appstore", "app": "517637141"}),
    Look("operator.analyses", "operator"),
    *(
        case("operator.analysis_page", "operator", f"analysis {name}")
        for name in ("analysed", "failed", "running")
    ),
    *(
        Look("operator.analysis_reviews", "operator", state, {"public_id": "=analysis analysed"} | asked)
        for state, asked in (
            ("word", {"word": "예약", "side": "high"}),
            ("complaints", {"aspect": "app_error", "aspect_polarity": "neg"}),
            ("none", {"word": "없는낱말"}),
        )
    ),
    case("operator.analysis_reviews", "operator", "analysis old", status=410),
    case("operator.analysis_compare", "operator", "analysis analysed"),
    Look(
        "operator.analysis_compare",
        "operator",
        "compared",
        {
            "public_id": "=analysis analysed",
            "left_period": "2022-12",
            "left_until": "2023-08",
            "right_app": "=app",
        },
    ),
    Look("operator.invitations", "operator"),
    Look("operator.invitations", "operator", "none", empty=True),
    Look("operator.invitations", "operator", "wrong", act=send_to("/invitations"), status=422),
    Look("operator.messages", "operator"),
    Look("operator.messages", "operator", "none", empty=True),
    Look("operator.messages", "operator", "failed", {"state": "failed"}),
    Look("operator.calls_start", "operator"),
    Look("operator.calls_start", "operator", "found", act=lambda page: send(page, mobile="010-9999-1234")),
    Look(
        "operator.calls_start", "operator", "wrong", act=lambda page: send(page, mobile="02-123"), status=422
    ),
    Look("operator.call_new", "operator"),
    Look("operator.call_new", "operator", "wrong", act=send, status=422),
    Look("operator.call_child_new", "operator"),
    Look("operator.call_child_new", "operator", "wrong", act=send, status=422),
    case("operator.call", "operator", "caller"),
    case("operator.call", "operator", "called for"),
    case("operator.call", "operator", "agreed"),
    case("operator.call_clinics", "operator", "caller"),
    case("operator.call_rights", "operator", "agreed"),
    case("operator.call_rights", "operator", "erasing"),
    case("operator.call_rights", "operator", "called for"),
    Look(
        "operator.call_rights",
        "operator",
        "wrong",
        {"public_id": "=agreed"},
        act=send_to("/erasure"),
        status=422,
    ),
    Look("operator.call_clinics", "operator", "named", {"public_id": "=agreed", "area": "36400"}),
    case("operator.call_times", "operator", "agreed"),
    Look("operator.call_times", "operator", "one_doctor", {"public_id": "=agreed", "doctor": "=doctor"}),
    *(
        Look("operator.call_day", "operator", name, {"public_id": "=agreed", "doctor": "=doctor", "on": on})
        for name, on in (("", "=free day"), ("none", "2020-01-01"))
    ),
    *(
        Look(
            "operator.call_confirm",
            "operator",
            name,
            {"public_id": "=agreed", "doctor": "=doctor", "at": f"={at}"},
            status=status,
        )
        for name, at, status in (("", "free", 200), ("refused", "refused", 409))
    ),
    *(
        Look(
            f"operator.call_move{step}",
            "operator",
            name,
            {"public_id": "=agreed", "booking_id": "=telephoned"} | values,
            status=status,
        )
        for step, name, values, status in (
            ("", "", {}, 200),
            ("_day", "", {"on": "=free day"}, 200),
            ("_day", "none", {"on": "2020-01-01"}, 200),
            ("_confirm", "", {"at": "=free"}, 200),
            ("_confirm", "taken", {"at": "=held"}, 409),
        )
    ),
    Look("operator.eligibility_rules", "operator"),
    Look(
        "operator.eligibility_try",
        "operator",
        "",
        {"on": "2026-12-28", "patient_area": "36030", "doctor_area": "11010"},
    ),
    Look("operator.eligibility_try", "operator", "admitted", {"on": "2026-12-01"}),
    Look("operator.eligibility_new", "operator"),
    Look("operator.eligibility_new", "operator", "wrong", act=send, status=422),
    case("operator.eligibility_rule", "operator", "rule"),
    case("operator.eligibility_rule", "operator", "old rule"),
    Look("operator.proxies_page", "operator"),
    Look("operator.proxies_page", "operator", "none", empty=True),
    Look("operator.proxies_page", "operator", "found", act=find_by_number),
    Look("operator.proxies_page", "operator", "wrong", act=send_to("/proxies/posts"), status=422),
    Look("operator.audit_log", "operator"),
    Look("operator.audit_log", "operator", "none", {"since": "2020-01-01", "until": "2020-01-02"}),
]
LOOKS = [*PUBLIC, *SIGN_IN, *ACCOUNT, *PATIENT, *DOCTOR, *OPERATOR]

FRAGMENT = "a part of a page that is looked at with it"
STREAM = "server-sent events"
PICTURE = "a picture"
FILE = "a file to download"
PROGRAM = "an answer for programs"
ONWARD = "leads on at once and shows nothing"
CLOSED = "closed: answers 404"
NOT_PAGES = {
    "account.home": ONWARD,
    "security.forgot_password": ONWARD,
    "security.tf_select": CLOSED,
    "security.two_factor_rescue": CLOSED,
    "doctor.case_earlier_photo": PICTURE,
    "doctor.case_heatmap": PICTURE,
    "doctor.case_photo": PICTURE,
    "doctor.queue": FRAGMENT,
    "health.healthz": PROGRAM,
    "health.readyz": PROGRAM,
    "operator.analysis_cloud": PICTURE,
    "operator.analysis_events": STREAM,
    "operator.analysis_json": FILE,
    "operator.analysis_reviews_table": FILE,
    "operator.analysis_status": FRAGMENT,
    "operator.analysis_table": FILE,
    "operator.clinics_events": STREAM,
    "operator.clinics_rejected": FILE,
    "operator.clinics_status": FRAGMENT,
    "operator.collection_events": STREAM,
    "operator.collection_status": FRAGMENT,
    "operator.collections_events": STREAM,
    "operator.collections_work": FRAGMENT,
    "operator.import_events": STREAM,
    "operator.import_events_all": STREAM,
    "operator.import_rejected": FILE,
    "operator.import_status": FRAGMENT,
    "operator.import_work": FRAGMENT,
    "patient.booking_ics": FILE,
    "operator.regions_table": FILE,
    "patient.case_events": STREAM,
    "patient.case_status": FRAGMENT,
    "patient.finding_pdf": FILE,
    "patient.photo": PICTURE,
    "patient.photo_heatmap": PICTURE,
    "patient.photo_small": PICTURE,
    "web.asset_file": FILE,
    "web.manifest": PROGRAM,
    "web.offline": "kept for when there is no connection; see test_installed.py",
    "web.service_worker": PROGRAM,
}
"""Everything else that answers GET, and what it is."""
