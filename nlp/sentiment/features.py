"""Character n-grams, hashed: of words with their edges, and of the text without its spaces.

People space Korean as they please, so the second kind says what the first misses. All of a batch is hashed in
NumPy at once; nothing is looked up, so there is no vocabulary to ship.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nlp.text import clean

if TYPE_CHECKING:
    from scipy.sparse import csr_array

#: Buckets of the hash: 2 to this power.
BITS = 20
WORD_SIZES = (1, 2, 3, 4)
RUN_SIZES = (2, 3, 4, 5)
#: Characters of one text that are read; a review of more says what it has to say before.
LONGEST = 2000
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_SPACE = 32
#: Between texts: no n-gram reaches over it.
_END = 0

#: Every syllable → a letter that nobody writes.
_TURNED = {code: 0xF0000 + code for code in range(0xAC00, 0xD7A4)}
_NEGATION = re.compile("[안못않]")
#: What follows 안 or 못, two syllables of it: behind a space whatever it is, without one what is no other word (안내, 안전).
_BEFORE = re.compile(
    r"((?<![가-힣])(?:안|못)"
    r"(?: |(?=좋|편[하한해리]|친절|추천|[되돼된됩됨됐]|맞|나[오와옴]|열[리려]|보[이여]|[뜨떠]|들[리어]|쉬[워운]|빨라|빠[르른])))"
    r"([가-힣]{1,2})"
)
#: What stands before -지 않다, -지 못하다, -지가 않다: three syllables at most.
_AFTER = re.compile(r"([가-힣]{1,3})(지[가는도를]? ?(?:않|못))")

Codes = NDArray[np.uint32]


def features(texts: Sequence[str]) -> csr_array:
    """Which n-grams each text has, shape (texts, 2**BITS), float32 rows of unit length; blank texts have none."""
    from scipy.sparse import csr_array

    cleaned = [negated(clean(text)[:LONGEST].lower()) for text in texts]
    padded = [f" {text} " if text else "" for text in cleaned]
    squeezed = [text.replace(" ", "") for text in cleaned]
    parts = [_grams(padded, size, 1 + size) for size in WORD_SIZES]
    parts += [_grams(squeezed, size, 101 + size) for size in RUN_SIZES]
    rows = np.concatenate([part[0] for part in parts])
    columns = np.concatenate([part[1] for part in parts])
    # Each n-gram counts once a text, however often it is repeated there.
    keys = np.sort(rows.astype(np.uint64) << np.uint64(BITS) | columns.astype(np.uint64))
    keys = keys[np.diff(keys, prepend=keys[:1] + np.uint64(1)) != 0]
    rows, columns = (keys >> np.uint64(BITS)).astype(np.int64), keys & np.uint64((1 << BITS) - 1)
    counts = np.bincount(rows, minlength=len(texts))
    values = np.repeat(1 / np.sqrt(np.maximum(counts, 1)), counts).astype(np.float32)
    ends = np.concatenate([[0], np.cumsum(counts)])
    return csr_array((values, columns.astype(np.int32), ends), shape=(len(texts), 1 << BITS))


def negated(text: str) -> str:
    """``text`` (cleaned) with what is negated in it in letters of its own (after Das and Chen 2001).

    Else 안 좋아요 would be one small word before loud praise: a sum of n-grams cannot take back what another one says.
    """
    if not _NEGATION.search(text):
        return text
    text = _BEFORE.sub(lambda m: m[1] + m[2].translate(_TURNED), text)
    return _AFTER.sub(lambda m: m[1].translate(_TURNED) + m[2], text)


def _grams(texts: Sequence[str], size: int, salt: int) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Row and bucket of every n-gram of ``size`` characters."""
    joined = "\x00".join(texts) + "\x00"
    codes: Codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    n = len(codes) - size + 1
    if n <= 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint64)
    row = np.cumsum(codes == _END) - (codes == _END)
    wanted = np.ones(n, dtype=bool)
    key = np.full(n, salt, dtype=np.uint64)
    for shift in range(size):
        here = codes[shift : shift + n]
        wanted &= here != _END
        # A word's n-gram may begin or end with the space at its edge, and holds none inside.
        if 0 < shift < size - 1 or size == 1:
            wanted &= here != _SPACE
        key = (key ^ here.astype(np.uint64)) * _MULTIPLIER
        key ^= key >> np.uint64(29)
    return row[:n][wanted].astype(np.int64), key[wanted] >> np.uint64(64 - BITS)
