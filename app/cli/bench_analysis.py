"""Measure a photo from its encrypted file to the committed opinion: `python -m app.cli.bench_analysis [--rounds 50]`.

In a portal of its own that is thrown away (SQLite in a temporary folder). A drawn photo of twelve megapixels is sent
in as many cases; the worker's job of each is timed from its claim to its commit: reading and decrypting the photo,
the model with all its views, networks and checks, the heatmap drawn and encrypted, opinion, queue and audit log. Then
`python -m vision bench` times the same photo beside the plain way, and says what the portal would take that way.
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from multiprocessing import get_context
from pathlib import Path

from sqlalchemy import select

from app.accounts import service as accounts
from app.accounts.models import Sex
from app.audit import service as audit
from app.cases import drafts, photos, service
from app.cases.models import Case, Photo, Prediction
from app.cli.bench_portal import new_keys, opened, portal
from app.extensions import db
from app.infra import jobs, storage

ANSWERS = dict.fromkeys(("changed", "grew", "raised", "itches", "hurts", "bleeds", "skin_cancer"), "no")
TOTAL = re.compile(r"^\| total \| ([\d.]+) \|", re.MULTILINE)


def send(rounds: int) -> None:
    """Send `rounds` cases with one photo each."""
    sender = accounts.register_patient(
        name="김하나",
        birth_date=date(1954, 3, 2),
        sex=Sex.FEMALE,
        mobile="+821000009999",
        consents=accounts.BEFORE_A_CASE,
    )
    # Drawn in another process: drawing twelve megapixels takes more memory than anything that is measured.
    draw = "import sys; from vision.bench import phone_photo; sys.stdout.buffer.write(phone_photo())"
    picture = subprocess.run([sys.executable, "-c", draw], check=True, capture_output=True).stdout
    for _ in range(rounds):
        case = drafts.open_draft(sender, accounts.patients_for(sender)[0].id, drafts.new_form_key())
        photos.add_photo(sender, case.public_id, picture, limit=1)
        drafts.place(sender, case.public_id, "face")
        about = {"since": "years", "age": 72, "sex": "female"}
        drafts.answer(sender, case.public_id, ANSWERS | about)
        service.submit(sender, case.public_id, reading_hours=24)


@dataclass(frozen=True)
class Measured:
    """Milliseconds of each job, and of each stage in each; megabytes of the process: empty, at the end, and at most."""

    taken: list[float]
    stages: list[dict[str, float]]
    empty: float
    held: float
    most: float


def analyse(folder: Path, keys: dict[str, str]) -> Measured:
    """Do the worker's job of every case in the portal in `folder`, on one core.

    Raises RuntimeError if a photo was not read.
    """
    # One core, as is promised: the kernel would move even a single thread between them.
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    app = opened(folder, "", keys)
    logging.getLogger("app").setLevel(logging.WARNING)
    empty = _memory("VmRSS")
    with app.app_context():
        audit.act_as(audit.SYSTEM)
        query = select(jobs.Job.id).where(jobs.Job.kind == "analyse_case").order_by(jobs.Job.id)
        taken = []
        for job_id in db.session.scalars(query).all():
            began = time.perf_counter()
            state = jobs.run(job_id, "bench")
            taken.append((time.perf_counter() - began) * 1e3)
            if state != jobs.JobState.DONE:
                raise RuntimeError(f"the job of a photo is {state}")
        if db.session.scalars(select(Case).where(Case.analysis_failed)).all():
            raise RuntimeError("the model could not read a photo")
        stages = [row.milliseconds for row in db.session.scalars(select(Prediction).order_by(Prediction.id))]
        db.session.remove()
        db.engine.dispose()
    # The first one loads the model.
    return Measured(taken[1:], stages[1:], empty, _memory("VmRSS"), _memory("VmHWM"))


def _memory(what: str) -> float:
    """Megabytes of this process, 0 where the system does not say: "VmRSS" now, "VmHWM" at most."""
    # Not getrusage: Linux counts there what the process that started this one held.
    status = Path("/proc/self/status")
    found = re.search(rf"^{what}:\s+(\d+) kB", status.read_text(), re.MULTILINE) if status.exists() else None
    return int(found.group(1)) / 1024 if found else 0.0


def beside_the_plain_way(photo: bytes, portals: float, rounds: int) -> None:
    """Print what the plain way takes for the same photo, and what the portal would take with it."""
    with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
        file.write(photo)
        file.flush()
        command = [sys.executable, "-m", "vision", "bench", "--rounds", str(rounds), "--photo", file.name]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    print(f"\nThe model alone, `{' '.join(command[1:6])}`:\n\n{said}")
    totals = [float(value) for value in TOTAL.findall(said)]
    if len(totals) == 2:
        served, plain = totals
        rest = portals - served
        print(
            f"From the encrypted photo to the commit the plain way would take {rest + plain:.0f} ms: "
            f"{(rest + plain) / portals:.1f} times as long."
        )


def main() -> int:
    """Return the exit code."""
    parser = argparse.ArgumentParser(
        description="Measure a photo from its encrypted file to the committed opinion."
    )
    parser.add_argument("--rounds", type=int, default=50)
    options = parser.parse_args()
    keys = new_keys()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        app = portal(folder, "", keys)
        logging.getLogger("app").setLevel(logging.WARNING)
        with app.app_context():
            audit.act_as(audit.SYSTEM)
            send(options.rounds + 1)
            photo = storage.get(db.session.scalars(select(Photo).limit(1)).one().object)
            db.session.remove()
            db.engine.dispose()
        # As in the portal, in a process that does nothing else: so its memory is its own.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as worker:
            measured = worker.submit(analyse, folder, keys).result()
        taken = measured.taken
        p95 = statistics.quantiles(taken, n=20)[-1]
        print(
            f"{len(taken)} photos, as stored {len(photo) / 1e6:.1f} MB (taken in: 4000 × 3000, kept: at most 3000)"
        )
        print(
            f"  from the claim to the commit, one core: median {statistics.median(taken):.1f} ms, 95 % {p95:.1f} ms"
        )
        for stage in measured.stages[0]:
            print(f"    of which {stage}: {statistics.median(row[stage] for row in measured.stages):.1f}")
        print(
            f"  memory of the worker: {measured.held:.0f} MB, before it loaded the model {measured.empty:.0f}, "
            f"at most, while it did, {measured.most:.0f}"
        )
        beside_the_plain_way(photo, statistics.median(taken), options.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
