"""Sealed values come back for their own purpose only, and never after a change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.infra.crypto import DecryptionError, Keyring

ring = Keyring(b"k" * 32)
other = Keyring(b"o" * 32)


@given(st.binary(max_size=400))
def test_what_is_sealed_is_opened_again(plain: bytes) -> None:
    assert ring.open("user.name", ring.seal("user.name", plain)) == plain
    assert ring.open_lookup("user.email", ring.seal_lookup("user.email", plain)) == plain


@given(st.binary(min_size=1, max_size=60), st.data())
def test_any_changed_byte_is_noticed(plain: bytes, data: st.DataObject) -> None:
    for seal, unseal in ((ring.seal, ring.open), (ring.seal_lookup, ring.open_lookup)):
        sealed = bytearray(seal("t.c", plain))
        place = data.draw(st.integers(0, len(sealed) - 1))
        sealed[place] ^= data.draw(st.integers(1, 255))
        with pytest.raises(DecryptionError):
            unseal("t.c", bytes(sealed))


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01short", b"\x02" + b"x" * 60])
def test_what_was_never_sealed_is_refused(sealed: bytes) -> None:
    with pytest.raises(DecryptionError):
        ring.open("t.c", sealed)
    with pytest.raises(DecryptionError):
        ring.open_lookup("t.c", sealed)


def test_a_value_cannot_be_moved_to_another_column_or_read_with_another_key() -> None:
    for seal, name in ((ring.seal, "open"), (ring.seal_lookup, "open_lookup")):
        sealed = seal("patient.name", b"value")
        with pytest.raises(DecryptionError):
            getattr(ring, name)("patient.birth_date", sealed)
        with pytest.raises(DecryptionError):
            getattr(other, name)("patient.name", sealed)


def test_only_lookup_values_repeat() -> None:
    assert ring.seal("t.c", b"same") != ring.seal("t.c", b"same")
    assert ring.seal_lookup("t.c", b"same") == ring.seal_lookup("t.c", b"same")
    assert ring.seal_lookup("t.c", b"same") != ring.seal_lookup("t.d", b"same")
