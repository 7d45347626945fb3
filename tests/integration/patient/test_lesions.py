"""A lesion over the years: on the body map, photo beside photo, its next photo, and a new case in two taps."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select, text

from app.accounts import service as accounts
from app.accounts.models import User
from app.audit.models import AuditEntry
from app.cases import drafts, lesions
from app.cases.models import Case, CaseState, Lesion
from app.cases.watching import months_after
from app.infra.events import Event
from tests.factories.accounts import create_child, create_patient, sign_in
from tests.factories.cases import create_case, create_follow_up, create_photo, create_sender
from tests.harness.clock import FrozenClock
from tests.integration.patient.conftest import Browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

CHANGED = dict.fromkeys(("changed", "grew", "raised", "itches", "hurts", "bleeds"), "no")


def lesion_of(case: Case) -> Lesion:
    assert case.lesion is not None
    return case.lesion


def test_the_body_map_numbers_every_lesion_and_lists_them_from_head_to_foot(
    browser: Callable[..., Browser],
) -> None:
    user = create_sender()
    for site in ("foot_left", "upper_back", "face", "upper_back"):
        create_case(user, site=site, state=CaseState.WAITING)
    create_case(user, site="neck", state=CaseState.DRAFT)
    create_case(user, site="chest", state=CaseState.WITHDRAWN)
    page = browser(user).get("/patient/lesions").text
    assert re.findall(r'class="lesions__name"><a[^>]*>([^<]+)<', page) == [
        "얼굴·귀",
        "등 위쪽",
        "등 위쪽",
        "왼발·발톱",
    ]
    assert re.findall(r'class="marks__number"[^>]*>([^<]+)<', page) == ["1", "4", "2–3"]


def test_a_new_case_at_a_known_place_may_be_about_the_spot_that_was_sent_before(
    browser: Callable[..., Browser], db: Any
) -> None:
    user = create_sender()
    known = create_case(user, site="upper_back", state=CaseState.WAITING)
    create_case(user, site="face", state=CaseState.WAITING)
    patient = browser(user)
    draft = create_case(user, site="neck", state=CaseState.DRAFT)
    address = f"/patient/cases/{draft.public_id}"
    assert patient.send(f"{address}/place", site="chest").location == f"{address}/review", (
        "all else is answered"
    )
    assert patient.send(f"{address}/place", site="upper_back").location == f"{address}/same"
    page = patient.get(f"{address}/same").text
    assert page.count("네, 이 점이에요</span>") == 1
    assert f'href="{address}/review"' in page, "or another one"
    own = lesion_of(draft).id
    answer = patient.send(f"{address}/same", lesion=lesion_of(known).public_id)
    assert answer.location == f"{address}/questions", "what has changed since then"
    db.session.expire_all()
    assert draft.lesion_id == known.lesion_id
    assert db.session.get(Lesion, own) is None, "the one that was made for the draft alone is gone"
    assert patient.get(f"{address}/questions").location == f"{address}/answers/changed", "not since when"
    assert "지난번 사진을 찍은 뒤로" in patient.get(f"{address}/answers/changed").text
    assert patient.get(f"{address}/same").location == f"{address}/questions", "asked and answered"


def test_no_draft_becomes_one_about_a_spot_elsewhere_or_of_somebody_else(
    browser: Callable[..., Browser], db: Any
) -> None:
    user = create_sender()
    elsewhere = create_case(user, site="face", state=CaseState.WAITING)
    theirs = create_case(create_sender(), site="upper_back", state=CaseState.WAITING)
    create_case(user, site="upper_back", state=CaseState.WAITING)
    draft = create_case(user, site="upper_back", state=CaseState.DRAFT)
    before = draft.lesion_id
    patient = browser(user)
    for other in (elsewhere, theirs):
        sent = {"lesion": lesion_of(other).public_id}
        assert patient.send(f"/patient/cases/{draft.public_id}/same", **sent).status_code == 404
    assert patient.send(f"/patient/cases/{draft.public_id}/same").status_code == 404
    db.session.expire_all()
    assert draft.lesion_id == before


def test_who_cares_for_several_chooses_whose_lesions_to_see(browser: Callable[..., Browser]) -> None:
    mother = create_sender()
    child = create_child(mother, name="이하늘", consents=accounts.BEFORE_A_CASE)
    create_case(mother, site="face", state=CaseState.WAITING)
    create_case(mother, patient=child, site="neck", state=CaseState.WAITING)
    page = browser(mother)
    assert "목" not in re.findall(r"lesions__name.*?</h2>", page.get("/patient/lesions").text)[0]
    theirs = page.get(f"/patient/lesions?person={child.public_id}").text
    assert re.search(r"<h1[^>]*>이하늘 님의 점</h1>", theirs)
    assert len(re.findall("lesions__name", theirs)) == 1
    stranger = create_child(create_sender())
    assert page.get(f"/patient/lesions?person={stranger.public_id}").status_code == 404


def test_photos_stand_in_order_of_time_with_what_was_noticed_and_found(
    browser: Callable[..., Browser], clock: FrozenClock, db: Any
) -> None:
    user = create_sender()
    first = create_case(user, site="upper_back", photo_count=2)
    clock.advance(days=100)
    second = create_follow_up(user, first, note="조금 <b>커진</b> 것 같아요")
    page = browser(user).get(f"/patient/lesions/{lesion_of(first).public_id}").text
    shown = re.findall(r"/patient/photos/([\w-]+)/small", page)
    assert shown == [photo.public_id for case in (first, second) for photo in case.photos]
    assert "조금 &lt;b&gt;커진&lt;/b&gt; 것 같아요" in page
    assert page.count("점(모반)") == 2
    actions = list(
        db.session.scalars(select(AuditEntry.action).where(AuditEntry.patient_id == first.patient_id))
    )
    assert actions.count("lesion.read") == 1
    assert actions.count("finding.read") == 2


def test_any_two_photos_can_be_compared_and_no_others(
    browser: Callable[..., Browser], clock: FrozenClock
) -> None:
    user = create_sender()
    first = create_case(user, photo_count=2)
    clock.advance(days=100)
    second = create_follow_up(user, first)
    patient, base = browser(user), f"/patient/lesions/{lesion_of(first).public_id}/compare"
    ids = [photo.public_id for case in (first, second) for photo in case.photos]

    def compared(query: str) -> list[str]:
        return re.findall(r'zoom__link" href="/patient/photos/([\w-]+)"', patient.get(base + query).text)

    assert compared("") == [ids[0], ids[2]]
    assert compared(f"?left={ids[1]}&right={ids[2]}") == [ids[1], ids[2]]
    other = create_case(user, site="neck")
    assert patient.get(f"{base}?left={other.photos[0].public_id}").status_code == 404
    assert patient.get(f"/patient/lesions/{lesion_of(other).public_id}/compare").status_code == 404


def sent_a_while_ago(clock: FrozenClock) -> tuple[User, Case]:
    """Somebody whose spot on the back was answered a hundred days ago, and that case."""
    user = create_sender()
    first = create_case(user, site="upper_back")
    clock.advance(days=100)
    return user, first


def test_a_new_case_from_an_old_lesion_takes_one_tap_to_the_photos_and_asks_only_what_changed(
    browser: Callable[..., Browser], clock: FrozenClock, db: Any
) -> None:
    user, first = sent_a_while_ago(clock)
    patient, lesion = browser(user), lesion_of(first)
    page = f"/patient/lesions/{lesion.public_id}"
    answer = patient.send(page, f"{page}/again")
    assert answer.status_code == 303
    assert answer.location.endswith("/photos")
    assert patient.send(page, f"{page}/again").location == answer.location  # a second tap goes on with it
    base = answer.location.removesuffix("/photos")
    case = db.session.scalar(select(Case).where(Case.public_id == base.rsplit("/", 1)[-1]))
    create_photo(case)
    assert patient.send(f"{base}/photos").location == f"{base}/questions"
    assert patient.get(f"{base}/questions").location == f"{base}/answers/changed", "not since when"
    assert patient.answer(base, **CHANGED) == f"{base}/answers/note"
    assert patient.answer(base, note="가려워졌어요") == f"{base}/review"
    assert "가려워졌어요" in patient.get(f"{base}/review").text
    assert patient.send(f"{base}/review").location == base
    db.session.refresh(case)
    assert (case.state, case.lesion_id, case.note) == (CaseState.SUBMITTED, lesion.id, "가려워졌어요")
    assert case.answers["since"] == first.answers["since"]


def test_another_place_is_another_spot_of_which_nothing_was_said(
    browser: Callable[..., Browser], db: Any, clock: FrozenClock
) -> None:
    user, first = sent_a_while_ago(clock)
    patient = browser(user)
    draft = create_follow_up(user, first, state=CaseState.DRAFT, note="검어졌어요")
    base = f"/patient/cases/{draft.public_id}"
    assert "검어졌어요" in patient.get(f"{base}/review").text
    assert patient.send(f"{base}/place", site="neck").location == f"{base}/questions"
    db.session.refresh(draft)
    assert draft.note is None
    assert set(draft.answers) == {"age", "sex", "skin_cancer"}, "what was said of the other spot"
    assert patient.get(f"{base}/answers/note").location == f"{base}/review"
    assert patient.send(f"{base}/answers/grew", to=f"{base}/keep", note="x").status_code == 204
    assert draft.note is None, "nothing that no screen shows"


def test_what_has_changed_is_asked_until_it_was_answered(
    browser: Callable[..., Browser], db: Any, clock: FrozenClock
) -> None:
    user, first = sent_a_while_ago(clock)
    patient = browser(user)
    draft = lesions.again(user, lesion_of(first).public_id)
    create_photo(draft)
    base = f"/patient/cases/{draft.public_id}"
    assert patient.answer(base, **CHANGED) == f"{base}/answers/note"
    assert patient.get(base).location == f"{base}/questions", "left and resumed"
    assert patient.get(f"{base}/questions").location == f"{base}/answers/note"
    assert patient.answer(base, note="") == f"{base}/review"
    assert patient.answer(base, grew="yes") == f"{base}/review"
    assert patient.get(f"{base}/review").status_code == 200


def test_a_draft_that_lacks_what_the_account_knows_goes_on(
    browser: Callable[..., Browser], db: Any, clock: FrozenClock
) -> None:
    user, first = sent_a_while_ago(clock)
    patient = browser(user)
    draft = create_follow_up(user, first, state=CaseState.DRAFT)
    draft.answers = {key: value for key, value in draft.answers.items() if key != "age"}
    db.session.commit()
    base = f"/patient/cases/{draft.public_id}"
    assert patient.get(f"{base}/person").location == f"{base}/review"
    assert patient.send(f"{base}/review").location == base
    db.session.refresh(draft)
    assert (draft.state, draft.answers["age"]) == (
        CaseState.SUBMITTED,
        drafts.known_about(draft.patient)["age"],
    )


def test_an_unfinished_case_thrown_away_leaves_the_lesion(browser: Callable[..., Browser], db: Any) -> None:
    user = create_sender()
    first = create_case(user)
    draft = create_follow_up(user, first, state=CaseState.DRAFT, note="달라짐")
    assert browser(user).send("/patient/", f"/patient/cases/{draft.public_id}/withdraw").status_code == 303
    db.session.refresh(draft)
    assert (draft.lesion_id, draft.note) == (None, None)
    assert db.session.get(Lesion, lesion_of(first).id) is not None


def test_another_place_makes_another_lesion_and_leaves_the_old_one_where_it_was(db: Any) -> None:
    user = create_sender()
    first = create_case(user, site="face")
    draft = create_follow_up(user, first, state=CaseState.DRAFT)
    drafts.place(user, draft.public_id, "neck")
    assert lesion_of(draft).body_site == "neck"
    assert lesion_of(first).body_site == "face"
    assert draft.lesion_id != first.lesion_id


def test_the_next_photo_is_on_the_day_that_was_chosen_and_done_once_it_is_sent(
    browser: Callable[..., Browser], clock: FrozenClock, db: Any
) -> None:
    user = create_sender()
    first = create_case(user)
    lesion, patient = lesion_of(first), browser(user)
    page = f"/patient/lesions/{lesion.public_id}"
    assert patient.send(page, f"{page}/watch", months="3").status_code == 303
    db.session.refresh(lesion)
    today = clock.now.date()
    assert lesion.photograph_again_on == months_after(today, 3)
    assert lesion.watch_set_by_id == user.id
    assert "다시 찍을 때가 됐습니다" not in patient.get("/patient/").text
    clock.advance(days=95)
    sign_in(patient.client, user)
    home = patient.get("/patient/").text
    assert "다시 찍을 때가 됐습니다" in home
    assert f"{page}/again" in home
    create_follow_up(user, first, state=CaseState.SUBMITTED)
    assert "다시 찍을 때가 됐습니다" not in patient.get("/patient/").text
    told = db.session.scalars(select(Event).where(Event.kind == "lesion.watch_set").order_by(Event.id)).all()
    assert [event.topic for event in told] == [f"lesion:{lesion.public_id}"] * 2
    assert [event.payload["on"] for event in told] == [months_after(today, 3).isoformat(), None]


@pytest.mark.parametrize("months", ["2", "-1", "x", ""])
def test_only_the_times_on_offer_are_taken(browser: Callable[..., Browser], months: str, db: Any) -> None:
    user = create_sender()
    lesion = lesion_of(create_case(user))
    page = f"/patient/lesions/{lesion.public_id}"
    assert browser(user).send(page, f"{page}/watch", months=months).status_code == 422
    db.session.refresh(lesion)
    assert lesion.watch_set_at is None


def test_a_finding_that_says_watch_proposes_a_day_that_one_tap_takes(
    browser: Callable[..., Browser], clock: FrozenClock, db: Any
) -> None:
    user = create_sender()
    lesion = lesion_of(create_case(user, next_step="watch", within_days=30))
    patient, page = browser(user), f"/patient/lesions/{lesion.public_id}"
    assert "의사가 2026년" in patient.get(page).text
    assert patient.send(page, f"{page}/watch", accept="1").status_code == 303
    db.session.refresh(lesion)
    assert lesion.photograph_again_on is not None
    assert (lesion.photograph_again_on - clock.now.date()).days == 30
    assert "쯤 다시 찍기를 권했습니다" not in patient.get(page).text
    assert patient.send(page, f"{page}/watch", months="0").status_code == 303
    assert "쯤 다시 찍기를 권했습니다" not in patient.get(page).text  # the patient has chosen


def test_no_proposal_where_the_finding_does_not_say_watch(browser: Callable[..., Browser]) -> None:
    user = create_sender()
    lesion = lesion_of(create_case(user, next_step="nothing"))
    assert "권했습니다" not in browser(user).get(f"/patient/lesions/{lesion.public_id}").text


def test_a_name_of_ones_own_is_kept_encrypted_and_can_be_taken_away(
    browser: Callable[..., Browser], db: Any
) -> None:
    user = create_sender()
    lesion = lesion_of(create_case(user, site="upper_back"))
    patient, page = browser(user), f"/patient/lesions/{lesion.public_id}"
    assert patient.send(page, f"{page}/name", label="  등 왼쪽   위 점 ").status_code == 303
    assert "등 왼쪽 위 점" in patient.get("/patient/lesions").text
    stored = db.session.execute(text("SELECT label FROM lesion")).scalar_one()
    assert "등".encode() not in bytes(stored)
    assert patient.send(page, f"{page}/name", label="가" * 41).status_code == 422
    assert patient.send(page, f"{page}/name", label="").status_code == 303
    assert "등 왼쪽 위 점" not in patient.get("/patient/lesions").text


def test_a_guardian_reads_on_but_starts_nothing_once_the_child_is_of_age(
    browser: Callable[..., Browser], clock: FrozenClock
) -> None:
    mother = create_sender()
    child = create_child(mother, birth_date=date(2013, 1, 10), consents=accounts.BEFORE_A_CASE)
    case = create_case(mother, patient=child)
    lesion = lesion_of(case)
    clock.advance(days=60)
    patient, page = browser(mother), f"/patient/lesions/{lesion.public_id}"
    shown = patient.get(page)
    assert shown.status_code == 200
    assert "/again" not in shown.text
    assert patient.send("/preferences", f"{page}/again").location == page
    with pytest.raises(lesions.OfAge):
        lesions.watch(mother, lesion.public_id, 3)


def test_a_lesion_of_somebody_else_is_not_there(browser: Callable[..., Browser]) -> None:
    lesion = lesion_of(create_case())
    stranger = browser(create_patient())
    for address in ("", "/compare"):
        assert stranger.get(f"/patient/lesions/{lesion.public_id}{address}").status_code == 404
