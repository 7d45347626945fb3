"""Every view says what it takes to enter, and what is open to all is written down."""

from __future__ import annotations

from flask import Flask

from app import policy
from tests.permissions.table import OPEN_TO_ALL, thing


def endpoints(app: Flask) -> set[str]:
    return {rule.endpoint for rule in app.url_map.iter_rules()}


def test_every_endpoint_declares_its_access(app: Flask) -> None:
    undeclared = [name for name in sorted(endpoints(app)) if policy.access_of(app, name) is None]
    assert undeclared == []


def test_what_is_open_to_all_is_written_down(app: Flask) -> None:
    found = {name for name in endpoints(app) if (access := policy.access_of(app, name)) and access.public}
    assert found == OPEN_TO_ALL


def test_every_argument_is_written_down(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        for argument in rule.arguments:
            assert thing(rule.endpoint, argument)


def test_a_view_without_a_declaration_is_not_served(app: Flask) -> None:
    app.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    assert "forgotten" not in OPEN_TO_ALL
    assert policy.access_of(app, "forgotten") is None
    assert app.test_client().get("/forgotten").status_code == 403
