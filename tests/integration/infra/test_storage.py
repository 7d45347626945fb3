"""What is stored is unreadable without its key, and gone once the key is."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.infra import storage as objects
from app.infra.crypto import keyring
from app.infra.database import transaction

SECRET = b"a photograph of someone's skin " * 40


def store(data: bytes = SECRET) -> objects.StoredObject:
    with transaction():
        return objects.put(data, "image/jpeg")


def _fail_after(step: Callable[[], object]) -> None:
    with transaction():
        step()
        raise RuntimeError("changed my mind")


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_the_file_shows_neither_content_nor_meaning(db: Any, storage: Path) -> None:
    row = store()
    (path,) = files(storage)
    assert objects.get(row) == SECRET
    assert path.name == row.object_id
    assert SECRET[:16] not in path.read_bytes()
    assert hashlib.sha256(path.read_bytes()).hexdigest() == row.sha256


def test_equal_content_is_stored_under_different_keys(db: Any) -> None:
    one, two = store(), store()
    assert one.sha256 != two.sha256
    assert one.wrapped_key != two.wrapped_key


@pytest.mark.parametrize("damage", ["flip", "swap", "remove"])
def test_a_damaged_object_is_lost_not_wrong(db: Any, storage: Path, damage: str) -> None:
    row, other = store(), store(b"another")
    path = next(p for p in files(storage) if p.name == row.object_id)
    if damage == "flip":
        raw = bytearray(path.read_bytes())
        raw[20] ^= 1
        path.write_bytes(raw)
    elif damage == "swap":
        path.write_bytes(next(p for p in files(storage) if p.name == other.object_id).read_bytes())
    else:
        path.unlink()
    with pytest.raises(objects.ObjectLost):
        objects.get(row)


def test_erasing_destroys_the_key_and_the_file(db: Any, storage: Path) -> None:
    row = store()
    copy = files(storage)[0].read_bytes()
    with transaction() as session:
        objects.erase(session.merge(row))
    assert files(storage) == []
    db.session.refresh(row)
    assert row.wrapped_key is None
    assert row.erased_at is not None
    (storage / row.object_id[:2] / row.object_id).write_bytes(copy)
    with pytest.raises(objects.ObjectLost, match="erased"):
        objects.get(row)


def test_a_failed_transaction_erases_nothing(db: Any, storage: Path) -> None:
    row = store()
    with pytest.raises(RuntimeError, match="changed my mind"):
        _fail_after(lambda: objects.erase(db.session.merge(row)))
    db.session.refresh(row)
    assert objects.get(row) == SECRET


def test_what_a_failed_transaction_left_is_swept_later(db: Any, storage: Path, real_clock: None) -> None:
    kept = store()
    with pytest.raises(RuntimeError, match="changed my mind"):
        _fail_after(lambda: objects.put(SECRET, "image/jpeg"))
    assert len(files(storage)) == 2
    assert objects.sweep_orphans() == 0, "too young: its transaction may be under way"
    for path in files(storage):
        os.utime(path, (time.time() - 7200,) * 2)
    assert objects.sweep_orphans() == 1
    assert [path.name for path in files(storage)] == [kept.object_id]


def test_a_data_key_is_worth_nothing_elsewhere(db: Any) -> None:
    row = store()
    assert row.wrapped_key is not None
    with pytest.raises(Exception, match="altered, or sealed under another key"):
        keyring().open("another.purpose", row.wrapped_key)
