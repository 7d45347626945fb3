"""The classifier in use, and how a model on trial does beside it: counts alone, never a case."""

from __future__ import annotations

from flask import current_app, render_template

from app.cases import shadow
from app.operator.blueprint import door
from app.permissions import Permission
from app.policy import requires


@door.get("/models")
@requires(Permission.JOB_MANAGE)
def models() -> str:
    """Which model reads, which is on trial, and what a comparison says."""
    return render_template(
        "operator/models.html",
        in_use=shadow.in_use(),
        on_trial=current_app.extensions["salpim.settings"].shadow_model,
        comparisons=shadow.comparisons(),
        latest=shadow.LATEST,
        interval=shadow.interval,
    )
