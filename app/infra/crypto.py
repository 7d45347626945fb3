"""Encryption of what is personal: columns, and the keys of stored objects.

AES-256-GCM (NIST SP 800-38D) with a random nonce for what is only read back, and AES-SIV
(RFC 5297), which is deterministic, for what must be found again by its exact value (an e-mail
address, a telephone number). Each column and purpose has a key of its own, derived from the
master key (HKDF, RFC 5869), and its name is authenticated, so that a value cannot be moved.
"""

from __future__ import annotations

import json
import os
from functools import lru_cache
from typing import Any, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import Flask, current_app
from sqlalchemy import Dialect, LargeBinary
from sqlalchemy.types import TypeDecorator

NONCE_BYTES = 12
_KEY = "salpim.keyring"
_VERSION = b"\x01"


class DecryptionError(Exception):
    """A stored value was altered, belongs elsewhere, or its key is gone."""


class Keyring:
    """Keys derived from one master key of 32 bytes."""

    def __init__(self, master: bytes) -> None:
        self._master = master

    @lru_cache(maxsize=256)  # noqa: B019 - one keyring lives as long as its application
    def derive(self, purpose: str, length: int = 32) -> bytes:
        """Return the key of `length` bytes that belongs to `purpose`."""
        kdf = HKDF(algorithm=hashes.SHA256(), length=length, salt=None, info=b"salpim:" + purpose.encode())
        return kdf.derive(self._master)

    def seal(self, purpose: str, plain: bytes) -> bytes:
        """Encrypt; the result differs every time."""
        nonce = os.urandom(NONCE_BYTES)
        return _VERSION + nonce + AESGCM(self.derive(purpose)).encrypt(nonce, plain, purpose.encode())

    def open(self, purpose: str, sealed: bytes) -> bytes:
        """Decrypt what `seal` made for the same purpose, or raise `DecryptionError`."""
        if sealed[:1] != _VERSION:
            raise DecryptionError(f"{purpose}: unknown encryption version")
        nonce, body = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        try:
            return AESGCM(self.derive(purpose)).decrypt(nonce, body, purpose.encode())
        except (InvalidTag, ValueError) as error:
            raise DecryptionError(f"{purpose}: altered, or sealed under another key") from error

    def seal_lookup(self, purpose: str, plain: bytes) -> bytes:
        """Encrypt so that the same value gives the same result (for equality search and uniqueness)."""
        return _VERSION + AESSIV(self.derive(purpose, 64)).encrypt(plain, [purpose.encode()])

    def open_lookup(self, purpose: str, sealed: bytes) -> bytes:
        """Decrypt what `seal_lookup` made for the same purpose, or raise `DecryptionError`."""
        if sealed[:1] != _VERSION:
            raise DecryptionError(f"{purpose}: unknown encryption version")
        try:
            return AESSIV(self.derive(purpose, 64)).decrypt(sealed[1:], [purpose.encode()])
        except (InvalidTag, ValueError) as error:
            raise DecryptionError(f"{purpose}: altered, or sealed under another key") from error


def init_app(app: Flask, master: bytes) -> None:
    """Give the application its keyring."""
    app.extensions[_KEY] = Keyring(master)


def keyring() -> Keyring:
    """Return the running application's keyring."""
    return cast(Keyring, current_app.extensions[_KEY])


class EncryptedText(TypeDecorator[str]):
    """Text encrypted under the key of `purpose` ("table.column"); it cannot be searched or sorted."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, purpose: str) -> None:
        super().__init__()
        self.purpose = purpose

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else keyring().seal(self.purpose, value.encode())

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        return None if value is None else keyring().open(self.purpose, bytes(value)).decode()


class EncryptedJson(TypeDecorator[Any]):
    """A JSON value encrypted under the key of `purpose`. Replace it whole: changes inside are not seen."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, purpose: str) -> None:
        super().__init__()
        self.purpose = purpose

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        if value is None:
            return None
        return keyring().seal(self.purpose, json.dumps(value, ensure_ascii=False).encode())

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(keyring().open(self.purpose, bytes(value)))


class LookupText(TypeDecorator[str]):
    """Text encrypted so that equality and uniqueness still work in the database."""

    impl = LargeBinary(512)
    cache_ok = True

    def __init__(self, purpose: str) -> None:
        super().__init__()
        self.purpose = purpose

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else keyring().seal_lookup(self.purpose, value.encode())

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        return None if value is None else keyring().open_lookup(self.purpose, bytes(value)).decode()
