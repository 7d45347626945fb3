"""Measure a photo from its encrypted file to the committed opinion: `python -m app.cli.bench_analysis [--rounds 50]`.

In a portal of its own that is thrown away (SQLite in a temporary folder). A drawn photo of twelve megapixels is sent
in as many cases; the worker's job of each is timed from its claim to its commit: reading and decrypting the photo,
the model with all its views, networks and checks, the heatmap drawn and encrypted, opinion, queue and audit log. Then
`python -m vision bench` times the same photo beside the plain way, and says what the portal would take that way.
"""

from __future__ import annotations

import argparse
import logging
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from sqlalchemy import select

from app.accounts import service as accounts
from app.accounts.models import Sex
from app.audit import service as audit
from app.cases import drafts, photos, service
from app.cases.models import Case, Photo, Prediction
from app.cli.bench_portal import portal
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


def analyse() -> list[float]:
    """Do the worker's job of every case; milliseconds of each."""
    ids = db.session.scalars(
        select(jobs.Job.id).where(jobs.Job.kind == "analyse_case").order_by(jobs.Job.id)
    ).all()
    taken = []
    for job_id in ids:
        began = time.perf_counter()
        state = jobs.run(job_id, "bench")
        taken.append((time.perf_counter() - began) * 1e3)
        assert state == jobs.JobState.DONE, state
    return taken


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
    with tempfile.TemporaryDirectory() as folder:
        app = portal(Path(folder), "")
        logging.getLogger("app").setLevel(logging.WARNING)
        with app.app_context():
            audit.act_as(audit.SYSTEM)
            send(options.rounds + 1)
            taken = analyse()[1:]  # the first one loads the model
            analysed = db.session.scalars(select(Case).where(Case.analysis_failed)).all()
            assert not analysed, "the model could not read a photo"
            photo = storage.get(db.session.scalars(select(Photo).limit(1)).one().object)
            p95 = statistics.quantiles(taken, n=20)[-1]
            print(
                f"{len(taken)} photos, as stored {len(photo) / 1e6:.1f} MB (taken in: 4000 × 3000, kept: at most 3000)"
            )
            print(
                f"  from the claim to the commit: median {statistics.median(taken):.1f} ms, 95 % {p95:.1f} ms"
            )
            stages = [row.milliseconds for row in db.session.scalars(select(Prediction))][1:]
            for stage in stages[0]:
                print(f"    of which {stage}: {statistics.median(row[stage] for row in stages):.1f}")
            most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"  most memory of this process, with sending the photos in: {most:.0f} MB")
            db.session.remove()
            db.engine.dispose()
        beside_the_plain_way(photo, statistics.median(taken), options.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
