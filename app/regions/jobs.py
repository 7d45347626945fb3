"""What the worker does with registers of clinics."""

from __future__ import annotations

import time

from app.infra import jobs, storage
from app.infra.database import transaction
from app.infra.jobs import Effect, PermanentFailure, Run
from app.regions import loading
from app.regions.clinic_file import UnreadableFile, read
from app.regions.service import LOAD_JOB

TELL_SECONDS = 0.5


@jobs.handler(LOAD_JOB, on_failure=loading.fail)
def load_register(run: Run, *, register_id: int) -> Effect | None:
    """Read one file of the register, batch by batch, and put it in the place of the former one."""
    register = loading.begin(register_id)
    if register is None:
        return None
    try:
        content = storage.get(register.object)
    except storage.ObjectLost as error:
        raise PermanentFailure(f"the uploaded file is lost: {error}") from error
    told = float("-inf")
    try:
        for batch in read(content):
            due = time.monotonic() - told >= TELL_SECONDS
            told = time.monotonic() if due else told
            with transaction():
                run.keep_alive()  # whoever has lost the job writes nothing more
                loading.write(register_id, batch.taken, batch.share, batch.encoding, tell=due)
    except UnreadableFile as error:
        reason_ko, reason_en = error.reason_ko, error.reason_en
        return lambda: loading.refuse(register_id, reason_ko, reason_en)
    return lambda: loading.finish(register_id)


@jobs.handler(loading.CLEAR_JOB)
def clear_register(run: Run, *, register_id: int) -> None:
    """Remove the clinics of a register that is not in use."""
    run.keep_alive()
    loading.clear(register_id)
