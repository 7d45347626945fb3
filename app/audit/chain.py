"""The arithmetic of the chain, and its head outside of the database."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from sqlalchemy.exc import DataError

from app.audit.models import AuditEntry
from app.infra.crypto import DecryptionError

GENESIS = "salpim audit log"
UNREADABLE = "changed: it cannot be read"
MISSING = "the head outside of the database is missing"


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
    """The head on disk, signed, and only ever moved forward.

    The lock file beside it is made with the first head and stays: where it stands alone, a head was lost.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        self.path, self._key = path, key
        self._lock = path.with_suffix(".lock")

    def _sign(self, count: int, mac: str) -> str:
        return hmac.new(self._key, f"head:{count}:{mac}".encode(), hashlib.sha256).hexdigest()

    @property
    def begun(self) -> bool:
        """Whether there has ever been a head here."""
        return self._lock.exists()

    def read(self) -> Head | None:
        """Return the head, None if there is no file; raise `ValueError` if it cannot be trusted."""
        try:
            raw = json.loads(self.path.read_text())
            head = Head(int(raw["count"]), str(raw["mac"]))
            signature = str(raw["signature"])
        except FileNotFoundError:
            return None
        except (OSError, LookupError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
            raise ValueError("the head file is not readable") from error
        if not _same(signature, self._sign(head.count, head.mac)):
            raise ValueError("the head file's signature is wrong")
        return head

    def begin(self) -> None:
        """Write the head of a log without entries, unless there has been a head before."""
        if not self.begun:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._write(Head(0, GENESIS))
            self._lock.touch()

    def advance(self, head: Head) -> None:
        """Write the head unless a later one stands there; raise `ValueError` if none does that can be trusted.

        Whoever calls has seen that the head that stood there belongs to the same log.
        """
        with self._locked():
            standing = self.read()
            if standing is None:
                raise ValueError(MISSING)
            if standing.count < head.count:
                self._write(head)

    def renew(self, head: Head) -> None:
        """Write the head whatever stands there."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._locked():
            self._write(head)

    def forget(self) -> None:
        """Remove the head and every trace of it, for a log that is taken away as a whole and begins anew."""
        for file in (self.path, self._lock):
            file.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with self._lock.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _write(self, head: Head) -> None:
        draft = self.path.with_suffix(".new")
        signature = self._sign(head.count, head.mac)
        with draft.open("w") as file:
            json.dump({"count": head.count, "mac": head.mac, "signature": signature}, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path)


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())  # as bytes: a forged one need not be ASCII


def mac_of(entry: AuditEntry, before: str, key: bytes) -> str:
    """Return the MAC of an entry that follows one whose MAC is `before`."""
    fields: tuple[object, ...] = (
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
    if entry.proxy is not None:
        fields = (*fields, entry.proxy)
    return hmac.new(key, json.dumps(fields, ensure_ascii=False).encode(), hashlib.sha256).hexdigest()


def check(entries: Iterable[AuditEntry], key: bytes, head: Head | None) -> tuple[Head, Fault | None]:
    """Walk the chain from its first entry; return where it ends and the first fault found.

    A head kept elsewhere that is ahead of the log means that its last entries were removed; one
    that names another MAC for an entry means that the log was rewritten as a whole.
    """
    end = Head(0, GENESIS)
    try:
        for entry in entries:
            fault = _fault_of(entry, end, key)
            if fault is not None:
                return end, fault
            end = Head(entry.number, entry.mac)
            if head is not None and head.count == end.count and head.mac != end.mac:
                return end, Fault(end.count, "rewritten: its head outside of the database says otherwise")
    except (DataError, DecryptionError, TypeError, ValueError):  # no entry of ours fails to be read or signed
        return end, Fault(end.count + 1, UNREADABLE)
    if head is not None and head.count > end.count:
        what = f"removed: the last {head.count - end.count} of {head.count}"
        return end, Fault(end.count + 1, what)
    return end, None


def _fault_of(entry: AuditEntry, before: Head, key: bytes) -> Fault | None:
    number = before.count + 1
    if entry.number != number:
        return Fault(number, "removed or reordered")
    if not _same(entry.mac, mac_of(entry, before.mac, key)):
        return Fault(number, "changed")
    return None
