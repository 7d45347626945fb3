"""A supervisor with small patience, to be run as a process of its own: `supervised.py SPEC.json`.

The specification: ``{"programs": {name: python source}, "limits": {...}, "ready": seconds or null}``.
"""

from __future__ import annotations

import importlib.util
import json
import signal
import sys
import time
from pathlib import Path
from types import ModuleType

SOURCE = Path(__file__).resolve().parents[2] / "app" / "infra" / "supervisor.py"


def load() -> ModuleType:
    """Load the supervisor without the rest of the portal."""
    spec = importlib.util.spec_from_file_location("supervisor", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["supervisor"] = module
    spec.loader.exec_module(module)
    return module


def main(path: Path) -> int:
    """Run the programs of a specification; return the supervisor's exit code."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever runs the tests may have it ignored (nohup)
    supervisor, given, began = load(), json.loads(path.read_text()), time.monotonic()
    ready = given.get("ready", 0.0)
    return int(
        supervisor.Supervisor(
            [
                supervisor.Program(name, (sys.executable, "-u", "-c", code))
                for name, code in given["programs"].items()
            ],
            ready=lambda: ready is not None and time.monotonic() - began >= ready,
            on_ready=lambda: print("READY", flush=True),
            say=lambda line: print(line, flush=True),
            limits=supervisor.Limits(**given.get("limits", {})),
        ).run()
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
