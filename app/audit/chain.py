"""The arithmetic of the chain, and its head outside of the database."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from app.audit.models import AuditEntry

GENESIS = "salpim audit log"


@dataclass(frozen=True)
class Head:
    """How many entries there are, and the last one's MAC."""

    count: int
    mac: str


@dataclass(frozen=True)
class Fault:
    """What is wrong with the log, and at which entry."""

    number: int
    what: str


class HeadFile:
    """The head on disk, signed, and only ever moved forward."""

    def __init__(self, path: Path, key: bytes) -> None:
        self.path, self._key = path, key

    def _sign(self, count: int, mac: str) -> str:
        return hmac.new(self._key, f"head:{count}:{mac}".encode(), hashlib.sha256).hexdigest()

    def read(self) -> Head | None:
        """Return the head, None if there is no file; raise `ValueError` if it was tampered with."""
        try:
            raw = json.loads(self.path.read_text())
            head = Head(int(raw["count"]), str(raw["mac"]))
            signature = str(raw["signature"])
        except FileNotFoundError:
            return None
        except (KeyError, TypeError, json.JSONDecodeError) as error:
            raise ValueError("the head file is not readable") from error
        if not hmac.compare_digest(signature, self._sign(head.count, head.mac)):
            raise ValueError("the head file's signature is wrong")
        return head

    def advance(self, count: int, mac: str) -> None:
        """Write the head unless a later one stands there already."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with contextlib.suppress(ValueError):
                standing = self.read()
                if standing is not None and standing.count >= count:
                    return
            draft = self.path.with_suffix(".new")
            with draft.open("w") as file:
                json.dump({"count": count, "mac": mac, "signature": self._sign(count, mac)}, file)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self.path)


def mac_of(entry: AuditEntry, before: str, key: bytes) -> str:
    """Return the MAC of an entry that follows one whose MAC is `before`."""
    fields = (
        entry.number,
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        entry.actor_id,
        entry.actor_role,
        entry.address,
        entry.request_id,
        entry.patient_id,
        entry.action,
        entry.target,
        str(entry.outcome),
        before,
    )
    return hmac.new(key, json.dumps(fields, ensure_ascii=False).encode(), hashlib.sha256).hexdigest()


def check(entries: Iterable[AuditEntry], key: bytes, head: Head | None) -> tuple[Head, Fault | None]:
    """Walk the chain from its first entry; return where it ends and the first fault found.

    A head kept elsewhere that is ahead of the log means that its last entries were removed; one
    that names another MAC for an entry means that the log was rewritten as a whole.
    """
    before, count = GENESIS, 0
    for entry in entries:
        count += 1
        if entry.number != count:
            return Head(count - 1, before), Fault(count, "removed or reordered")
        if not hmac.compare_digest(entry.mac, mac_of(entry, before, key)):
            return Head(count - 1, before), Fault(count, "changed")
        before = entry.mac
        if head is not None and head.count == count and head.mac != entry.mac:
            return Head(count, before), Fault(
                count, "rewritten: its head outside of the database says otherwise"
            )
    if head is not None and head.count > count:
        return Head(count, before), Fault(
            count + 1, f"removed: the last {head.count - count} of {head.count}"
        )
    return Head(count, before), None
