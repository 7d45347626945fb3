"""endpoint × person × two sets of objects: who may do what, derived from the declarations and one table.

On SQLite every request of every method is sent, each to the same world; on PostgreSQL those that only
read. An allowed request may be refused for what it says (400, 409, 422 …) but not for who sends it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import url_for
from werkzeug.routing import Rule

from app import policy
from app.extensions import db
from app.permissions import ROLE_PERMISSIONS, Role
from app.web import assets
from tests.permissions.table import EVERYONE, FORMS, PASSED_OVER, QUERIES, Thing, thing
from tests.permissions.world import ACTORS, ANONYMOUS, SETS, World

DOORS = ("account", "doctor", "health", "notices", "operator", "patient", "public", "security", "web")
REFUSED = (401, 403, 404)
READING = {"GET", "HEAD"}


@dataclass(frozen=True)
class Request:
    """One request, and what every object in it is."""

    rule: Rule
    method: str
    mixed: bool = False
    """The first object is of one set, the others of the other set."""

    def things(self) -> dict[str, Thing]:
        """Return the objects in the address, the query and (if there is one) the form."""
        found = {name: thing(self.rule.endpoint, name) for name in sorted(self.rule.arguments, reverse=True)}
        extra = QUERIES if self.method == "GET" else FORMS
        return found | dict(extra.get(self.rule.endpoint, {}))

    def owned(self) -> list[str]:
        """Return the names of the objects that belong to somebody."""
        return [name for name, what in self.things().items() if what.owner != EVERYONE]


def requests_of(world: World, door: str) -> Iterator[Request]:
    for rule in world.app.url_map.iter_rules():
        if rule.endpoint.split(".")[0] == door:
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield Request(rule, method)
                if len(Request(rule, method).owned()) > 1 and rule.endpoint not in PASSED_OVER:
                    yield Request(rule, method, mixed=True)


def other(name: str) -> str:
    return SETS[1 - SETS.index(name)]


def expected(world: World, request: Request, actor: str, name: str) -> bool:
    """Say whether the actor may do this to the objects of set `name`."""
    access = policy.access_of(world.app, request.rule.endpoint)
    assert access is not None
    if access.closed:
        return False
    if access.public:
        return True
    if actor == ANONYMOUS:
        return False
    role = Role(actor.split()[0])
    if access.permission is not None and access.permission not in ROLE_PERMISSIONS[role]:
        return False
    owned = request.owned()
    sets = [other(name) if request.mixed and thing_name != owned[0] else name for thing_name in owned]
    owners = {
        "operator" if (owner := request.things()[thing_name].owner) == "operator" else f"{owner} {of}"
        for thing_name, of in zip(owned, sets, strict=True)
    }
    return owners <= {actor}


def send(world: World, request: Request, actor: str, name: str) -> Any:
    """Send the request as `actor`."""
    things, owned = request.things(), request.owned()

    def value(argument: str) -> str:
        what = things[argument]
        if request.rule.endpoint == "web.asset_file":
            return assets.asset(str(what.literal)).rsplit("/", 1)[1]
        if what.literal is not None:
            return what.literal
        elsewhere = request.mixed and argument in owned and argument != owned[0]
        return world.values[other(name) if elsewhere else name][what.kind]

    with world.app.test_request_context():
        address = url_for(request.rule.endpoint, **{a: value(a) for a in request.rule.arguments})
        rest = {a: value(a) for a in things if a not in request.rule.arguments}
        db.session.remove()
    sent = {"query_string": rest} if request.method == "GET" else {"data": rest}
    answer = world.client(actor).open(address, method=request.method, buffered=True, **sent)
    answer.close()
    return answer


def let_in(answer: Any, public: bool) -> bool:
    """Say whether the answer means that the actor was let in."""
    if answer.status_code in REFUSED:
        return False
    return public or not str(answer.location or "").startswith("/login")


@pytest.mark.parametrize("door", DOORS)
def test_matrix(world: World, door: str) -> None:
    writable = world.app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite")
    wrong, sent = [], 0
    for request in requests_of(world, door):
        access = policy.access_of(world.app, request.rule.endpoint)
        for name in SETS:
            for actor in ACTORS:
                if request.method not in READING and not writable:
                    continue
                answer = send(world, request, actor, name)
                sent += 1
                found = let_in(answer, access is not None and access.public)
                if request.method not in READING and found:
                    world.restore()
                if found != expected(world, request, actor, name) or answer.status_code == 500:
                    what = f"{request.method} {request.rule.endpoint}{' (mixed)' if request.mixed else ''}"
                    wrong.append(f"{what} of {name} by {actor}: {answer.status_code} {answer.location or ''}")
    assert sent
    assert not wrong, "\n" + "\n".join(wrong)


def test_the_matrix_leaves_no_door_out(world: World) -> None:
    assert {rule.endpoint.split(".")[0] for rule in world.app.url_map.iter_rules()} == set(DOORS)


def test_both_answers_occur_for_everyone(world: World) -> None:
    """A matrix that allows or denies everything would prove nothing."""
    for actor in ACTORS:
        answers = {
            expected(world, request, actor, name)
            for door in DOORS
            for request in requests_of(world, door)
            for name in SETS
        }
        assert answers == {True, False}, actor
