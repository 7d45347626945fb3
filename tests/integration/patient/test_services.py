"""What can be done with a case in each state, and by whom: everything else is refused and changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.accounts import service as accounts
from app.accounts.models import User
from app.cases import drafts, photos, reading, service
from app.cases.errors import AlreadyAsked, CaseClosed, EmptyQuestion, NoSuchCase, NotReady, UnknownSite
from app.cases.models import Case, CaseState
from app.cli.drawings import lesion
from app.extensions import db as database
from tests.factories.cases import CALM, create_case, create_reader, create_sender

Action = Callable[[User, str], Any]

ACTIONS: dict[str, Action] = {
    "submit": lambda user, case: service.submit(user, case, reading_hours=24),
    "withdraw": service.withdraw,
    "place": lambda user, case: drafts.place(user, case, "neck"),
    "answer": lambda user, case: drafts.answer(user, case, CALM),
    "photo": lambda user, case: photos.add_photo(user, case, lesion("nv", 9), limit=6),
    "remove": lambda user, case: photos.remove_photo(user, case, "nothing"),
    "ask": lambda user, case: service.ask(user, case, "괜찮을까요?"),
}
EDIT = {"place", "answer", "photo", "remove"}
ALLOWED: dict[CaseState, dict[str, CaseState]] = {
    CaseState.DRAFT: {"submit": CaseState.SUBMITTED, "withdraw": CaseState.WITHDRAWN}
    | dict.fromkeys(EDIT, CaseState.DRAFT),
    **{
        state: {"submit": state, "withdraw": CaseState.WITHDRAWN}
        for state in (CaseState.SUBMITTED, CaseState.WAITING, CaseState.READING)
    },
    CaseState.SIGNED: {"submit": CaseState.SIGNED, "ask": CaseState.SIGNED},
    CaseState.WITHDRAWN: {"withdraw": CaseState.WITHDRAWN},
}


@pytest.mark.parametrize("state", list(ALLOWED))
def test_each_action_is_possible_in_some_states_only(db: Any, state: CaseState) -> None:
    sender = create_sender()
    for name, act in ACTIONS.items():
        case = create_case(sender, state=state)
        if name in ALLOWED[state]:
            act(sender, case.public_id)
        else:
            with pytest.raises(CaseClosed):
                act(sender, case.public_id)
        after = database.session.get(Case, case.id, populate_existing=True)
        assert after is not None
        assert after.state == ALLOWED[state].get(name, state), name


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_kept_for_the_law_alone_is_gone_for_its_sender(db: Any) -> None:
    sender = create_sender()
    case = create_case(sender, state=CaseState.RESTRICTED)
    for act in ACTIONS.values():
        with pytest.raises((NoSuchCase, CaseClosed)):
            act(sender, case.public_id)
    assert case.state == CaseState.RESTRICTED


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nobody_acts_on_a_strangers_case(db: Any) -> None:
    case = create_case(state=CaseState.DRAFT)
    for stranger in (create_sender(), create_reader()):
        for act in ACTIONS.values():
            for public_id in (case.public_id, "no-such-case"):
                with pytest.raises(NoSuchCase):
                    act(stranger, public_id)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_unfinished_draft_names_what_it_lacks(db: Any) -> None:
    sender = create_sender(consents=accounts.AT_SIGN_UP)
    patient = sender.patient
    assert patient is not None
    case = drafts.open_draft(sender, patient.id, drafts.new_form_key())
    with pytest.raises(NotReady) as refusal:
        service.submit(sender, case.public_id, reading_hours=24)
    assert refusal.value.missing == ["photos", "place", "questions", "person", "consents"]
    with pytest.raises(UnknownSite):
        drafts.place(sender, case.public_id, "tail")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_question_needs_words_and_is_asked_once(db: Any) -> None:
    sender = create_sender()
    case = create_case(sender)
    for text in ("", "   ", "왜" * 1001):
        with pytest.raises(EmptyQuestion):
            service.ask(sender, case.public_id, text)
    service.ask(sender, case.public_id, "괜찮을까요?")
    with pytest.raises(AlreadyAsked):
        service.ask(sender, case.public_id, "정말 괜찮을까요?")


@pytest.mark.parametrize("read", [False, True])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_withdrawn_photos_are_destroyed_unless_a_doctor_wrote_about_them(db: Any, read: bool) -> None:
    sender, doctor = create_sender(), create_reader()
    case = create_case(sender, state=CaseState.READING, doctor=doctor)
    if read:
        reading.store_first_read(case.id, doctor.id, diagnosis="nv", confidence="sure")
    service.withdraw(sender, case.public_id)
    (photo,) = case.photos
    for stored in (photo.object, photo.thumbnail, photo.predictions[0].heatmap):
        assert (stored.wrapped_key is None) is not read
