"""Before a doctor's own reading is stored, nothing of the model's opinion reaches them.

Two cases are alike in everything but what the model said of them, which could not differ more. Each is in
the hand of a doctor of its own. Every byte that the portal sends to either doctor, from every endpoint there
is, is recorded and compared: whatever depended on the opinion, in whatever form, would make them differ.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

from app.accounts.models import User
from app.cases import drafts, reading, service, shadow
from app.cases.analysis import Model, PhotoOpinion, give_up, store
from app.cases.models import Case
from app.cases.opinion import Thresholds
from app.infra.database import transaction
from tests.factories.cases import (
    CALM,
    CLASSES,
    RED_FLAGS,
    create_photo,
    create_reader,
    create_sender,
    lesion_jpeg,
    pool,
)
from tests.harness.client import Client

# Some pages of the sign-in library still use an older form of WTForms.
pytestmark = pytest.mark.filterwarnings("ignore:Passing SelectField choices as tuples:DeprecationWarning")

SignIn = Callable[[User], Client]
Recording = dict[str, tuple[Any, ...]]


LOUD: dict[str, Any] = {
    "probabilities": dict(
        zip(CLASSES, (0.0131, 0.0171, 0.0211, 0.0101, 0.9137, 0.0142, 0.0107), strict=True)
    ),
    "top": "mel",
    "prediction_set": ["bkl", "mel"],
    "risk": 0.9439,
    "outcome": "reading",
    "reason": "confident",
    "urgent": True,
    "quality": {"ok": False, "checks": [{"key": "too_dark", "ok": False, "value": 12.3457, "limit": 40.0}]},
}
QUIET: dict[str, Any] = {
    "probabilities": dict(zip(CLASSES, (0.1, 0.1, 0.2, 0.1, 0.1, 0.3, 0.1), strict=True)),
    "top": "nv",
    "prediction_set": [],
    "risk": 0.3,
    "outcome": "not_readable",
    "reason": "no_lesion",
    "urgent": False,
    "quality": {"ok": True, "checks": []},
}
LOUD_MODEL = Model(
    "zebrafish", "9.87.65", "c0ffee" * 10 + "beef", Thresholds(0.2, 0.5), pool, {"share": 0.7391}
)
QUIET_MODEL = Model("a", "1", "1" * 64, Thresholds(0.9, 0.95), pool, None)
LOUD_MAP, QUIET_MAP = b"\x89PNG\r\n\x1a\n" + b"loud heatmap " * 700, b"\x89PNG\r\n\x1a\n quiet"
TELLTALES = ("0.9137", "91.37", "91.4", "0.9439", "94.39", "94.4", "zebrafish", "9.87.65", "c0ffee")
TELLTALES += (
    "12.3457",
    "loud heatmap",
    "0.7391",
    "73.9",
    "too_dark",
    "no_lesion",
    "not_readable",
    "confident",
    "prediction_set",
)
# Files that are the same for everyone, and leaving: it would end the walk.
# Built files, the same for everybody.
NOT_WALKED = {
    "web.asset_file",
    "web.manifest",
    "web.offline",
    "web.service_worker",
    "static",
    "security.logout",
}
# Moves the case, which the test does itself.
MOVES = {"doctor.case_put_back", "doctor.case_first_read", "doctor.case_reveal"}


TAKING = (
    ("GET", "/doctor/"),
    ("GET", "/doctor/queue"),
    ("POST", "/doctor/next"),
    ("GET", "/doctor/queue"),
    ("GET", "/doctor/"),
)
"""How a doctor comes by a case: counting what waits before and after tells nothing of it."""


@dataclass(frozen=True)
class World:
    """One doctor with one case in hand, and their browser."""

    doctor: User
    case: Case
    browser: Client
    arrival: list[Any]
    """What the doctor was sent while the case waited, and when it was taken."""

    @property
    def ids(self) -> dict[str, str]:
        """What stands for what: the ids that differ from world to world."""
        names = {photo.public_id: f"PHOTO{n}" for n, photo in enumerate(self.case.photos)}
        return names | {self.case.public_id: "CASE", str(self.doctor.email): "EMAIL"}

    def plain(self, raw: bytes) -> bytes:
        """The bytes without what is random: ids and tokens."""
        for random, name in self.ids.items():
            raw = raw.replace(random.encode(), name.encode())
        raw = re.sub(rb'(csrf[-_]token"[^>]*(?:value|content)=")[^"]+', rb"\1TOKEN", raw)
        raw = re.sub(rb"(<code[^>]*>)[2-9a-z]{12}(</code>)", rb"\1REQUEST\2", raw)
        return re.sub(rb'("request_id": ?")[2-9a-z]{12}', rb"\1REQUEST", raw)

    def headers(self, response: Any) -> list[tuple[str, Any]]:
        """The headers without what is random; a session cookie is opened."""
        found: list[tuple[str, Any]] = []
        for name, value in response.headers:
            if name == "X-Request-ID":
                continue
            if name == "Set-Cookie" and value.startswith("salpim="):
                value = self.session(value)
            found.append((name, self.plain(str(value).encode())))
        return found

    def session(self, cookie: str) -> str:
        """What a session cookie holds, without ids and tokens."""
        value = cookie.split(";", 1)[0].removeprefix("salpim=")
        packed = value.startswith(".")
        payload = value.lstrip(".").split(".", 1)[0]
        raw = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)) if payload else b"{}"
        held: dict[str, Any] = json.loads(zlib.decompress(raw) if packed else raw)
        for random in ("csrf_token", "sid", "_id", "_user_id"):
            held.pop(random, None)
        return json.dumps(held, sort_keys=True, ensure_ascii=False)


def make_world(
    sign_in: SignIn,
    said: dict[str, Any] | None,
    model: Model,
    heatmap: bytes,
    answers: dict[str, Any] = RED_FLAGS,
) -> World:
    """A case that is the same in every world, but for what the model says of it; it is the only one that waits."""
    sender = create_sender(name="김순자")
    doctor = create_reader(name="이서연", email=f"dr{secrets.token_hex(4)}@example.test")
    case = drafts.open_draft(sender, sender.patient.id, drafts.new_form_key())
    for seed in (1, 2):
        create_photo(case, lesion_jpeg(seed))
    drafts.place(sender, case.public_id, "face")
    drafts.answer(sender, case.public_id, answers)
    service.submit(sender, case.public_id, reading_hours=24)
    _analyse(case, said, model, heatmap)
    world = World(doctor, case, sign_in(doctor), [])
    for method, address in TAKING:
        response = world.browser.open(address, method=method)
        body = world.plain(response.get_data())
        world.arrival.append((address, response.status, world.headers(response), body))
    assert reading.in_hand(doctor.id) == [case]
    return world


def _analyse(case: Case, said: dict[str, Any] | None, model: Model, heatmap: bytes) -> None:
    with transaction():
        if said is None:
            give_up(case.id)
        else:
            times = {"total": 12.3457 if said is LOUD else 1.0}
            store(case.id, model, [PhotoOpinion(photo.id, said, times, heatmap) for photo in case.photos])
            shadow.store(case.id, replace(model, version="trial"), [said], times["total"])


def addresses(app: Flask, world: World, everywhere: bool) -> list[tuple[str, str]]:
    """(method, address) of all a browser could ask for, or of the doctor's own door, with this world's ids."""
    found = []
    for rule in sorted(app.url_map.iter_rules(), key=lambda r: (r.rule, r.endpoint)):
        if rule.endpoint in NOT_WALKED or not (everywhere or rule.endpoint.startswith("doctor.")):
            continue
        for path in _paths(rule, world):
            own = rule.endpoint.startswith("doctor.")  # other doors turn a doctor away, whatever the method
            methods = set(rule.methods or ()) & ({"GET", "HEAD", "POST"} if own else {"GET"})
            if rule.endpoint in MOVES:
                methods -= {"POST"}
            found += [(method, path) for method in sorted(methods)]
    return [*found, ("GET", "/doctor/readings?tab=held"), ("GET", "/doctor/readings?page=2")]


def _paths(rule: Rule, world: World) -> list[str]:
    photos = [photo.public_id for photo in world.case.photos] if "photo_id" in rule.arguments else [""]
    paths = []
    for photo in photos:
        values = {"public_id": world.case.public_id, "photo_id": photo}
        path = rule.rule
        for name in rule.arguments:
            path = re.sub(rf"<(?:[^<>:]+:)?{name}>", values.get(name, "1"), path)
        paths.append(path)
    return paths


def record(app: Flask, world: World, *, everywhere: bool = False) -> tuple[Recording, bytes]:
    """Everything the doctor is sent: by address without ids, and all raw bytes in one."""
    recording: Recording = {}
    raw = b""
    for method, address in addresses(app, world, everywhere):
        response = world.browser.open(address, method=method, data={} if method == "POST" else None)
        assert response.mimetype != "text/event-stream", f"{address}: a doctor's page has no live stream"
        body, headers = response.get_data(), world.headers(response)
        key = f"{method} {world.plain(address.encode()).decode()}"
        recording[key] = (response.status, len(body), headers, world.plain(body))
        raw += body + repr(headers).encode()
    return recording, raw


def assert_alike(one: Recording, other: Recording) -> None:
    assert one.keys() == other.keys()
    for address, (status, size, headers, body) in one.items():
        assert (status, size, headers) == other[address][:3], address
        if body != other[address][3]:
            at = next(n for n, (a, b) in enumerate(zip(body, other[address][3], strict=True)) if a != b)
            raise AssertionError(
                f"{address}: {body[at - 60 : at + 60]!r} != {other[address][3][at - 60 : at + 60]!r}"
            )


OTHERS = [
    pytest.param(QUIET, QUIET_MODEL, id="another-opinion"),
    pytest.param(None, QUIET_MODEL, id="no-opinion"),
]


@pytest.mark.parametrize("answers", [RED_FLAGS, CALM], ids=["red-flags", "calm"])
@pytest.mark.parametrize("said, model", OTHERS)
def test_until_the_reveal_every_byte_is_the_same_whatever_the_model_said(
    app: Flask,
    db: Any,
    sign_in: SignIn,
    said: dict[str, Any] | None,
    model: Model,
    answers: dict[str, Any],
) -> None:
    loud = make_world(sign_in, LOUD, LOUD_MODEL, LOUD_MAP, answers)
    other = make_world(sign_in, said, model, QUIET_MAP, answers)
    assert loud.arrival == other.arrival

    first, sent = record(app, loud, everywhere=True)
    assert_alike(first, record(app, other, everywhere=True)[0])
    assert any(address.startswith("GET /doctor/cases/CASE/photos/PHOTO1") for address in first)
    assert first["GET /doctor/cases/CASE"][0] == "200 OK"
    assert first["GET /doctor/cases/CASE/photos/PHOTO0"][0] == "200 OK"
    assert first["GET /doctor/cases/CASE/photos/PHOTO0/heatmap"][0] == "404 NOT FOUND"

    # Asking for the opinion, or for a signature, before reading changes nothing.
    refused = [_refused(world) for world in (loud, other)]
    assert refused[0] == refused[1]

    answer = {"diagnosis": "nv", "confidence": "likely", "note": "경계가 고르다"}
    stored = [_post(world, "first-read", answer) for world in (loud, other)]
    assert stored[0] == stored[1]
    second, sent_later = record(app, loud)
    assert_alike(second, record(app, other)[0])

    everything = sent + sent_later + repr(refused + stored + loud.arrival).encode()
    assert [word for word in TELLTALES if word.encode() in everything] == []
    assert LOUD_MAP not in everything


def _refused(world: World) -> list[Any]:
    decision = {"diagnosis": "nv", "advice": "글", "next_step": "watch", "action": "confirm"}
    return [
        _post(world, "reveal", {}),
        _post(world, "decide", decision),
        _post(world, "decide", decision | {"action": "template"}),
        _post(world, "sign", {"digest": "0" * 64}),
        _post(world, "first-read", {"diagnosis": "nv"}),
        _post(world, "answer", {"answer": "네."}),
    ]


def _post(world: World, what: str, data: dict[str, str]) -> Any:
    response = world.browser.post(f"/doctor/cases/{world.case.public_id}/{what}", data=data)
    return response.status, world.headers(response), world.plain(response.get_data())


def test_the_recording_would_notice(app: Flask, db: Any, sign_in: SignIn) -> None:
    """After the reveal the very same walk finds the opinion, in words, numbers and pictures."""
    loud = make_world(sign_in, LOUD, LOUD_MODEL, LOUD_MAP)
    quiet = make_world(sign_in, QUIET, QUIET_MODEL, QUIET_MAP)
    for world in (loud, quiet):
        reading.store_first_read(world.case.id, world.doctor.id, diagnosis="nv", confidence="sure")
        reading.reveal(world.case.id, world.doctor.id)
    (shown, sent), (other, _) = record(app, loud), record(app, quiet)
    differing = {address for address in shown if shown[address] != other[address]}
    assert {"GET /doctor/cases/CASE", "GET /doctor/cases/CASE/photos/PHOTO0/heatmap"} <= differing
    for word in ("91.4%", "94.4%", "zebrafish", "9.87.65", "c0ffee"):
        assert word.encode() in sent
    assert LOUD_MAP in sent


def test_another_doctors_reveal_reveals_nothing_to_the_next(app: Flask, db: Any, sign_in: SignIn) -> None:
    loud = make_world(sign_in, LOUD, LOUD_MODEL, LOUD_MAP)
    reading.store_first_read(loud.case.id, loud.doctor.id, diagnosis="nv", confidence="sure")
    reading.reveal(loud.case.id, loud.doctor.id)
    reading.put_back(loud.case.id, loud.doctor.id)
    following = create_reader(name="이서연")
    assert reading.take_next(following.id) == loud.case
    _, sent = record(app, World(following, loud.case, sign_in(following), []))
    assert [word for word in TELLTALES if word.encode() in sent] == []
    # And to the first doctor the case is closed, with all that was revealed.
    case, photo = loud.case.public_id, loud.case.photos[0].public_id
    assert loud.browser.get(f"/doctor/cases/{case}/photos/{photo}/heatmap").status_code == 404
    assert loud.browser.get(f"/doctor/cases/{case}").status_code == 302
