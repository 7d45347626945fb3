"""What ``python -m nlp report`` does, apart from the parsing of its arguments."""

from __future__ import annotations

import json
import os
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from nlp.apps import Lang
from nlp.drawing import CLOUDS, Studio
from nlp.model import Report
from nlp.once import Once
from nlp.reviews import Import, Rejected, Review, UnreadableFile, read_file
from nlp.texts import texts
from nlp.tokenize import Tokenizer, TokenizerName, TokenizerUnavailable, make_tokenizer

_SHOWN_REJECTIONS = 5
#: From so many reviews on, starting the drawing processes costs less than they save.
_STUDIO_FROM = 500


@dataclass(frozen=True)
class ReportJob:
    """What was asked for on the command line."""

    sources: list[Path]
    out: Path
    tokenizer: TokenizerName = "mecab"
    top: int = 50
    lang: Lang = "ko"
    app: str | None = None
    without_bursts: bool = False


@dataclass
class _Input:
    reviews: list[Review] = field(default_factory=list)
    rejected: list[tuple[str, Rejected]] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)


def run_report(job: ReportJob, stdout: TextIO, stderr: TextIO) -> int:
    """Read, analyse, write. Returns the exit code; every failure it foresees is one line on ``stderr``."""
    say = texts(job.lang)
    found = _read_all(job, stdout, stderr)
    if not found.reviews:
        stderr.write(say["cli_none"] + "\n")
        return _only_reasons(job, found, stderr) if found.rejected else 1
    progress = Progress(stderr, job.lang)
    try:
        result, files = _analyse(job, found, progress, make_tokenizer(job.tokenizer))
    except TokenizerUnavailable as error:
        stderr.write((error.reason_ko if job.lang == "ko" else error.reason_en) + "\n")
        return 1
    finally:
        progress.close()
    if not _written(job, files, stderr):
        return 1
    for burst in result.left_out:
        name = burst.name_en if job.lang == "en" else burst.name_ko
        row = say["left_out_row"].format(name=name, first=burst.first, last=burst.last, reviews=burst.reviews)
        stderr.write(f"{say['left_out']}: {row}\n")
    stderr.write(say["cli_written"].format(out=_shown(job.out), reviews=result.totals.reviews) + "\n")
    return 1 if found.unreadable else 0


def _only_reasons(job: ReportJob, found: _Input, stderr: TextIO) -> int:
    """Without a review there is no report, but whoever mends the file needs every row's reason."""
    files = {"rejected.csv": _reasons(job, found)}
    if _written(job, files, stderr):
        out = _shown(job.out / "rejected.csv")
        stderr.write(texts(job.lang)["cli_reasons"].format(out=out, rows=len(found.rejected)) + "\n")
    return 1


def _written(job: ReportJob, files: dict[str, bytes], stderr: TextIO) -> bool:
    """Write the files; where that cannot be, say so in one line."""
    try:
        _write_all(job.out, files)
    except OSError as error:
        say = texts(job.lang)["cli_cannot_write"]
        stderr.write(say.format(out=_shown(job.out), reason=error.strerror or error) + "\n")
        return False
    return True


def _read_all(job: ReportJob, stdout: TextIO, stderr: TextIO) -> _Input:
    say = texts(job.lang)
    found = _Input()
    once = Once()
    for source in job.sources:
        path = _shown(source)
        try:
            result = read_file(source, app=job.app)
        except (UnreadableFile, OSError) as error:
            reason = failure(error, job.lang)
            found.unreadable.append((path, reason))
            stderr.write(say["cli_unreadable"].format(path=path, reason=reason) + "\n")
            _line(stdout, path=path, error=reason)
            continue
        again = once.add(result.reviews)
        found.rejected.extend((path, rejected) for rejected in result.rejected)
        _line(
            stdout,
            path=path,
            reviews=len(result.reviews),
            duplicates=again.known,
            rejected=len(result.rejected),
            encoding=result.encoding,
            **_sheets(result),
        )
        if result.sheets:
            stderr.write(say["cli_sheets"].format(path=path, sheets=", ".join(result.sheets)) + "\n")
        if result.sheets_left:
            stderr.write(
                say["cli_sheets_left"].format(path=path, sheets=", ".join(result.sheets_left)) + "\n"
            )
        if again.known:
            stderr.write(say["cli_duplicates"].format(path=path, count=again.known) + "\n")
        if again.edited:
            stderr.write(say["cli_edited"].format(path=path, count=again.edited) + "\n")
        for rejected in result.rejected[:_SHOWN_REJECTIONS]:
            reason = rejected.reason_ko if job.lang == "ko" else rejected.reason_en
            stderr.write(say["cli_rejected"].format(path=path, line=rejected.line, reason=reason) + "\n")
        if (more := len(result.rejected) - _SHOWN_REJECTIONS) > 0:
            stderr.write(say["cli_more"].format(path=path, count=more) + "\n")
    found.reviews = once.reviews
    return found


def _sheets(result: Import) -> dict[str, tuple[str, ...]]:
    """Of a workbook with several sheets, those that were read and those that were not."""
    return {"sheets": result.sheets, "sheets_left": result.sheets_left} if result.sheets else {}


def failure(error: UnreadableFile | OSError, lang: Lang) -> str:
    """Why a file cannot be read, as a person is told."""
    if isinstance(error, UnreadableFile):
        return error.reason_ko if lang == "ko" else error.reason_en
    if isinstance(error, FileNotFoundError):
        return texts(lang)["not_found"]
    if isinstance(error, IsADirectoryError):
        return texts(lang)["is_folder"]
    return error.strerror or type(error).__name__


def _shown(path: Path) -> str:
    """The path as text that can be printed and written, whatever bytes the file system holds."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _line(stdout: TextIO, **values: object) -> None:
    stdout.write(json.dumps(values, ensure_ascii=False) + "\n")
    stdout.flush()


def _analyse(
    job: ReportJob, found: _Input, progress: Progress, tokenizer: Tokenizer
) -> tuple[Report, dict[str, bytes]]:
    """The report, and every file of it by name."""
    from nlp import report

    # The others make ready to draw while this one reads.
    with Studio(1 if len(found.reviews) < _STUDIO_FROM else None) as studio:
        analysed = report.analyse(
            found.reviews,
            tokenizer=tokenizer,
            top=job.top,
            without_bursts=job.without_bursts,
            progress=lambda stage, share: progress(stage, 0.8 * share),
        )
        progress("draw", 0.8)
        files = files_of(
            analysed.report,
            lang=job.lang,
            rejected_rows=len(found.rejected),
            rejected_files=len(found.unreadable),
            studio=studio,
        )
    files["rejected.csv"] = _reasons(job, found)
    progress("draw", 1.0)
    return analysed.report, files


def _reasons(job: ReportJob, found: _Input) -> bytes:
    """Every file and row that could not be read, and why, as CSV."""
    from nlp import tables

    rows = [(path, "", reason) for path, reason in found.unreadable]
    rows += [(p, str(r.line), r.reason_ko if job.lang == "ko" else r.reason_en) for p, r in found.rejected]
    return tables.csv_bytes(("file", "line", "reason"), rows)


def files_of(
    result: Report,
    *,
    lang: Lang,
    rejected_rows: int = 0,
    rejected_files: int = 0,
    studio: Studio | None = None,
) -> dict[str, bytes]:
    """A report as files by name: report.json, report.html, clouds and charts, tables.

    ``studio``: who draws; unless given, this process.
    """
    from nlp import page, tables

    files = (studio or Studio(1)).pictures(result, lang)
    vectors = {
        name.removesuffix(".svg"): svg
        for name, svg in files.items()
        if name.startswith("chart_") and name.endswith(".svg")
    }
    html = page.render(
        result,
        {name.removeprefix("cloud_"): files[f"{name}.png"] for name in CLOUDS},
        vectors,
        lang=lang,
        rejected_rows=rejected_rows,
        rejected_files=rejected_files,
    )
    files |= {"report.json": result.to_json().encode(), "report.html": html.encode()}
    return files | tables.tables(result)


def _write_all(out: Path, files: dict[str, bytes]) -> None:
    """Each file whole or not at all, so that a reader never sees half a report."""
    out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        handle, temporary = tempfile.mkstemp(dir=out, prefix=f".{name}-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(temporary).chmod(0o644)
            Path(temporary).replace(out / name)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


class Progress:
    """Says on ``stream`` how far the work is, once that took two seconds: a bar on a terminal, else lines."""

    def __init__(self, stream: TextIO, lang: Lang) -> None:
        self._stream = stream
        self._texts = texts(lang)
        self._terminal = stream.isatty()
        self._start = time.monotonic()
        self._next = self._start + 2
        self._shown = False

    def __call__(self, stage: str, share: float) -> None:
        """``stage``: a key of ``nlp.report.STAGES`` or ``draw``; ``share``: of the whole, 0–1."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + (0.2 if self._terminal else 2)
        self._shown = True
        left = (now - self._start) / share * (1 - share) if share > 0.02 else None
        eta = f" · {left:.0f} s" if left is not None else ""
        name = self._texts[f"stage_{stage}"]
        if self._terminal:
            bar = "█" * round(24 * share)
            self._stream.write(f"\r\x1b[K{bar:░<24} {share:4.0%} {name}{eta}")
        else:
            self._stream.write(f"{share:4.0%} {name}{eta}\n")
        self._stream.flush()

    def close(self) -> None:
        """Clear the bar."""
        if self._shown and self._terminal:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
