"""The command line: ``python -m vision predict|evaluate|train|export|measure|bench``."""

from __future__ import annotations

import sys

from vision.cli import main

if __name__ == "__main__":
    sys.exit(main())
