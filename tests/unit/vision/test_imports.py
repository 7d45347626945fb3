"""What serves and what measures never pulls in what trains, nor anything of the portal."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
FORBIDDEN = {
    "torch",
    "efficientnet_pytorch",
    "onnx",
    "flask",
    "app",
    "config",
    "nlp",
    "sklearn",
    "scipy",
    "matplotlib",
}


@pytest.mark.parametrize(
    "module", ["vision.predict", "vision.quality", "vision.classes", "vision.evaluate", "vision.cli"]
)
def test_imports_neither_torch_nor_the_portal(module):
    code = (
        f"import sys, json, {module}\n"
        "from PIL import Image\n"
        "from vision.predict import Predictor\n"
        "Predictor.load().predict(Image.new('RGB', (200, 150), (200, 160, 140)))\n"
        "print(json.dumps(sorted({m.partition('.')[0] for m in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert not FORBIDDEN & set(json.loads(done.stdout))
