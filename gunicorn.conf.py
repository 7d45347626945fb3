"""How gunicorn serves the portal: `python -m gunicorn wsgi:application`. Values come from `config.py`."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))

from config import load  # noqa: E402 - gunicorn runs this file from wherever it was started

settings = load()

# The supervisor opens the port and hands it down (SALPIM_BIND), so that visitors wait, and are not refused,
# while the web process restarts.
bind = settings.listen
chdir = str(ROOT)

# One process with many threads: limits and live pages are counted per process, and what is slow
# (pictures, statistics) runs in the worker.
worker_class = "gthread"
workers = 1
threads = settings.web_threads
timeout = 60
keepalive = 5
# A live page never ends by itself; after this many seconds it is cut and resumes where it was.
graceful_timeout = 5

# The heartbeat file must not wait for a disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a memory file system
umask = 0o077
# The portal writes its own log of requests (app/web/request_log.py), without addresses that carry personal data.
accesslog = None
errorlog = "-"
loglevel = "warning"
control_socket_disable = True
