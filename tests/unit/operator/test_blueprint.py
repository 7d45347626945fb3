"""How the operator's pages write what `nlp` says."""

from __future__ import annotations

import pytest
from flask import Flask
from flask_babel import force_locale

from app.operator.blueprint import JOINER, as_written_here, month_name


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("116 (46 %) complain", "116 (46%) complain"),
        ("Only 3 (– %) of them", "Only 3 (–%) of them"),
        ("95 % 구간", "95% 구간"),
        ("돈(요금)을 말한 57건(86%)이", f"돈(요금){JOINER}을 말한 57건(86%){JOINER}이"),
        ("확률이 72%입니다", f"확률이 72%{JOINER}입니다"),
        ("앱 하나에 7.5개", "앱 하나에 7.5개"),
    ],
)
def test_per_cent_and_particles_as_elsewhere_in_the_portal(said: str, written: str) -> None:
    assert as_written_here(said) == written


def test_a_month_is_called_by_its_name(app: Flask) -> None:
    for language, name in (("ko", "12월"), ("en", "December")):
        with app.test_request_context(), force_locale(language):
            assert month_name(12) == name
