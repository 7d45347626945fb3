from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from nlp.__main__ import main
from nlp.cli import Progress
from nlp.report import Report
from nlp.texts import texts

HEADER = "USER,DATE,STAR,LIKE,TITLE,REVIEW\n"
ROWS = (
    "a,2023-01-01 10:00:00-07:00,5,0,좋아요,병원 예약이 편하고 의사가 친절해요 <b>최고</b>\n"
    "b,2023-02-01 10:00:00-07:00,1,3,=1+1,업데이트 후 로그인이 안 되고 병원이 없고 고객센터 답변도 없어요\n"
    "c,2023-03-01 10:00:00-07:00,3,0,보통,약배송은 빠른데 앱이 느려요\n"
)
_CHARTS = (
    "stars",
    "months",
    "aspects",
    "high_frequency",
    "high_tfidf",
    "low_frequency",
    "low_tfidf",
)
_CLOUDS = ("high_tfidf", "high_frequency", "low_tfidf", "low_frequency")
_COUNTED = (
    "rejected apps months words_high words_low keyness samples phrases topics trends versions hypotheses"
)
_READ = "sentiment disagree aspects aspects_by_app aspects_by_month aspect_quotes insights"
FILES = {
    "report.json",
    "report.html",
    *(f"cloud_{name}.{kind}" for name in _CLOUDS for kind in ("png", "svg")),
    *(f"chart_{name}.{kind}" for name in _CHARTS for kind in ("png", "svg")),
    *(f"{name}.csv" for name in f"{_COUNTED} {_READ}".split()),
}


@pytest.fixture(autouse=True)
def no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow machine must not add lines: for the command no time passes."""
    monkeypatch.setattr("nlp.cli.time.monotonic", lambda: 0.0)


@pytest.fixture(autouse=True)
def no_charts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eighteen pictures a report are for the test that looks at them."""
    if "charts_drawn" not in request.fixturenames:
        monkeypatch.setattr("nlp.charts.charts", lambda _report, _lang, _names: {})


@pytest.fixture
def charts_drawn() -> None:
    """Asked for by a test that wants the charts."""


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "appstore_517637141.csv"
    path.write_text(HEADER + ROWS, encoding="utf-8-sig")
    return path


def rows(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"))))


def test_a_report_is_written_whole(
    charts_drawn: None, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "deep" / "out"
    assert main(["report", str(good), "--out", str(out)]) == 0
    assert {path.name for path in out.iterdir()} == FILES
    report = Report.from_json((out / "report.json").read_text(encoding="utf-8"))
    assert report.totals.reviews == 3
    stdout, stderr = capsys.readouterr()
    assert [json.loads(line) for line in stdout.splitlines()] == [
        {"path": str(good), "reviews": 3, "duplicates": 0, "rejected": 0, "encoding": "utf-8-sig"}
    ]
    assert stderr == f"{out}에 보고서를 썼습니다: 후기 3건\n"


def test_tables_open_in_a_spreadsheet_and_run_nothing(good: Path, tmp_path: Path) -> None:
    main(["report", str(good), "--out", str(tmp_path / "out")])
    for path in (tmp_path / "out").glob("*.csv"):
        assert path.read_bytes().startswith(b"\xef\xbb\xbf")
        assert not any(re.match(r"[=+@]|-\D", cell) for row in rows(path) for cell in row)
    assert any("'=1+1" in row for row in rows(tmp_path / "out" / "samples.csv"))
    assert rows(tmp_path / "out" / "months.csv")[1:] == [["2023-01", "1"], ["2023-02", "1"], ["2023-03", "1"]]


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_the_page_is_one_file_that_escapes_what_it_quotes(good: Path, tmp_path: Path, lang: str) -> None:
    main(["report", str(good), "--out", str(tmp_path / "out"), "--lang", lang])
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert f'<html lang="{lang}">' in page
    assert "<b>최고" not in page
    assert "FONT-GOES-HERE" not in page
    assert page.count("data:image/png;base64,") == 4
    assert page.count("data:font/woff;base64,") == 1
    linked = re.findall(r'(?:src|href)\s*=\s*"(?!data:|#)|url\((?!data:)|<script|<link|@import', page)
    assert linked == []
    assert texts("ko" if lang == "ko" else "en")["caveat"] in page


@pytest.mark.parametrize(
    "names, header, ko, en",
    [
        (["appstore_517637141.csv"], "", "앱스토어 후기 3건, 앱 1개", "3 App Store reviews, 1 apps"),
        (["googleplay_a.b.csv"], "", "구글 플레이 후기 3건, 앱 1개", "3 Google Play reviews, 1 apps"),
        (["1.csv"], "com.bbros.sayup,", "구글 플레이 후기 3건, 앱 1개", "3 Google Play reviews, 1 apps"),
        (
            ["appstore_9.csv", "googleplay_a.b.csv"],
            "",
            "앱스토어와 구글 플레이 후기 6건, 앱 2개",
            "6 App Store and Google Play reviews, 2 apps",
        ),
        (["1.csv"], "a.b,", "후기 3건, 앱 1개", "3 reviews, 1 apps"),
        (["1.csv"], "a.b,원스토어", "후기 3건, 앱 1개", "3 reviews, 1 apps"),
        (["1.csv"], "a.b,Google Play", "구글 플레이 후기 3건, 앱 1개", "3 Google Play reviews, 1 apps"),
        (["appstore_9.csv", "1.csv"], "a.b,", "후기 6건, 앱 2개", "6 reviews, 2 apps"),
    ],
    ids=["by file", "Play by file", "by a known app", "both", "unknown", "another", "by column", "in part"],
)
def test_the_page_names_the_stores_that_are_known_of_all_reviews(
    tmp_path: Path, names: list[str], header: str, ko: str, en: str
) -> None:
    """``header``: app and store of the rows of a file that names neither."""
    for name in names:
        lines = [HEADER.rstrip(), *ROWS.splitlines()]
        if name == "1.csv":
            lines = [lines[0] + ",APP,STORE", *(f"{line},{header}" for line in lines[1:])]
        (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    for lang, said in (("ko", ko), ("en", en)):
        out = tmp_path / lang
        assert main(["report", *(str(tmp_path / n) for n in names), "--out", str(out), "--lang", lang]) == 0
        page = (out / "report.html").read_text(encoding="utf-8")
        assert f'<p class="soft">{said}, 2023-01-02 – 2023-03-02' in page
        assert texts("ko" if lang == "ko" else "en")["caveat"].startswith(("후기는 이용자", "Reviews do not"))


def test_both_languages_have_the_same_texts_and_blanks() -> None:
    ko, en = texts("ko"), texts("en")
    assert ko.keys() == en.keys()
    for key, text in ko.items():
        assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", en[key])), key


def test_unreadable_input_is_one_line_each_and_the_rest_goes_on(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "appstore_1.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    (tmp_path / "appstore_2.csv").write_text("A,B\n1,2\n", encoding="utf-8")
    names = ["appstore_1.csv", "appstore_2.csv", good.name, "missing.csv", ""]
    code = main(["report", *(str(tmp_path / name) for name in names), "--out", str(tmp_path / "out")])
    assert code == 1
    stdout, stderr = capsys.readouterr()
    lines = [json.loads(line) for line in stdout.splitlines()]
    assert ["error" in line for line in lines] == [True, True, False, True, True]
    assert len(stderr.splitlines()) == 5
    assert "missing.csv: 파일이 없습니다" in stderr
    assert "폴더입니다" in stderr
    assert "Traceback" not in stderr
    assert (tmp_path / "out" / "report.json").is_file()
    assert len(rows(tmp_path / "out" / "rejected.csv")) == 5


def test_rejected_rows_are_listed_with_file_line_and_reason(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good.write_text(HEADER + ROWS + "x,never,5,0,t,r\n" * 8, encoding="utf-8")
    assert main(["report", str(good), "--out", str(tmp_path / "out"), "--lang", "en"]) == 0
    listed = rows(tmp_path / "out" / "rejected.csv")
    assert listed[1] == [str(good), "5", "unreadable date: never"]
    assert len(listed) == 9
    stderr = capsys.readouterr().err
    assert f"{good}:5: unreadable date: never" in stderr
    assert "3 more unreadable rows" in stderr


def test_one_far_away_date_costs_its_own_row_only(good: Path, tmp_path: Path) -> None:
    good.write_text(HEADER + ROWS + "x,9999-12-31,5,0,t,r\ny,0001-01-01,5,0,t,r\n", encoding="utf-8")
    assert main(["report", str(good), "--out", str(tmp_path / "out"), "--lang", "en"]) == 0
    assert [line[1] for line in rows(tmp_path / "out" / "rejected.csv")[1:]] == ["5", "6"]
    assert len(rows(tmp_path / "out" / "months.csv")) == 4


def test_the_same_file_is_counted_once(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy" / good.name
    copy.parent.mkdir()
    copy.write_bytes(good.read_bytes())
    assert main(["report", str(good), str(copy), "--out", str(tmp_path / "out")]) == 0
    assert (
        Report.from_json((tmp_path / "out" / "report.json").read_text(encoding="utf-8")).totals.reviews == 3
    )
    assert "두 번 세지 않습니다" in capsys.readouterr().err


def test_reviews_in_which_exports_overlap_are_counted_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The later export knows of more likes; and two people may write the same words at the same time."""
    first, second = tmp_path / "early", tmp_path / "late"
    for folder, numbers, likes in ((first, range(59), 0), (second, range(29, 89), 7)):
        folder.mkdir()
        lines = (
            f"u{n},2023-01-{n % 28 + 1:02} 10:00:00,{n % 5 + 1},{likes},,병원 예약이 편해요" for n in numbers
        )
        (folder / "appstore_517637141.csv").write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")
    files = [str(folder / "appstore_517637141.csv") for folder in (first, second)]
    assert main(["report", *files, "--out", str(tmp_path / "out")]) == 0
    stdout, stderr = capsys.readouterr()
    report = Report.from_json((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert report.totals.reviews == 89
    assert [json.loads(line)["duplicates"] for line in stdout.splitlines()] == [0, 30]
    assert f"{files[1]}: 이미 센 후기 30건은 두 번 세지 않습니다" in stderr


def test_what_the_store_tells_apart_stays_apart_and_an_edit_is_counted_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    header = "DATE,STAR,REVIEW,STORE,ID\n"
    early, late = tmp_path / "googleplay_a.b.csv", tmp_path / "late.csv"
    lines = [f"2023-01-02,5,좋아요,googleplay,00000000-{n:04}" for n in range(12)]
    early.write_text(header + "\n".join(lines) + "\n", encoding="utf-8")
    lines = [
        "2023-01-09,1,로그인이 안 돼요,googleplay,00000000-0003",
        "2023-01-02,5,좋아요,googleplay,00000000-0004",
    ]
    late.write_text(header + "\n".join(lines) + "\n", encoding="utf-8")
    for files in ([early, late], [late, early]):
        arguments = [*map(str, files), "--app", "a.b", "--out", str(tmp_path / "out")]
        assert main(["report", *arguments]) == 0
        report = Report.from_json((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
        assert report.totals.by_star == {"1": 1, "2": 0, "3": 0, "4": 0, "5": 11}
        stdout, stderr = capsys.readouterr()
        assert [json.loads(line)["duplicates"] for line in stdout.splitlines()] == [0, 2]
        assert ("그 가운데 고쳐 쓴 후기 1건" in stderr) == (files[0] is early)


def test_equal_files_of_two_apps_are_reviews_of_each(good: Path, tmp_path: Path) -> None:
    other = tmp_path / "appstore_1.csv"
    other.write_bytes(good.read_bytes())
    assert main(["report", str(good), str(other), "--out", str(tmp_path / "out")]) == 0
    report = Report.from_json((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert report.totals.reviews == 6


def _promotion(path: Path, more: str = "") -> Path:
    """Forty reviews of praise within twenty days."""
    lines = (f"p{n},2022-01-{n % 20 + 1:02} 10:00:00,5,0,,이벤트라서 추천해요 {n}" for n in range(40))
    path.write_text(HEADER + "\n".join(lines) + "\n" + more, encoding="utf-8")
    return path


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_a_report_without_bursts_says_what_it_left_out(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], lang: str
) -> None:
    burst = _promotion(tmp_path / "appstore_1550889868.csv", "z,2023-06-01 10:00:00,1,0,,환불이 안 돼요\n")
    arguments = ["report", str(good), str(burst), "--out", str(tmp_path / "out"), "--lang", lang]
    assert main([*arguments, "--without-bursts"]) == 0
    report = Report.from_json((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert report.totals.reviews == 4
    assert [(b.app, b.reviews, b.first, b.last) for b in report.left_out] == [
        ("1550889868", 40, "2022-01-01", "2022-01-20")
    ]
    said = {
        "ko": "메디팡팡: 2022-01-01 – 2022-01-20의 후기 40건",
        "en": "Medipangpang: 40 reviews from 2022-01-01 to 2022-01-20",
    }[lang]
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert said in page
    assert "이벤트" not in page
    assert said in capsys.readouterr().err
    assert main(arguments) == 0
    assert texts("ko" if lang == "ko" else "en")["left_out_lead"] not in (
        tmp_path / "out" / "report.html"
    ).read_text(encoding="utf-8")


def test_a_report_may_have_left_out_everything(tmp_path: Path) -> None:
    burst = _promotion(tmp_path / "appstore_1.csv")
    assert main(["report", str(burst), "--out", str(tmp_path / "out"), "--without-bursts"]) == 0
    report = Report.from_json((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert (report.totals.reviews, report.left_out[0].reviews) == (0, 40)


def test_nothing_readable_means_no_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(tmp_path / "no.csv"), "--out", str(tmp_path / "out")]) == 1
    assert not (tmp_path / "out").exists()
    assert len(capsys.readouterr().err.splitlines()) == 2


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_without_a_readable_row_the_reasons_are_still_written(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], lang: str
) -> None:
    good.write_text(HEADER + "x,never,5,0,t,r\n" * 8, encoding="utf-8")
    out = tmp_path / "out"
    arguments = [str(good), str(tmp_path / "no.csv"), "--out", str(out), "--lang", lang]
    assert main(["report", *arguments]) == 1
    assert [path.name for path in out.iterdir()] == ["rejected.csv"]
    listed = rows(out / "rejected.csv")
    assert len(listed) == 10
    assert listed[1][0] == str(tmp_path / "no.csv")
    assert [line[1] for line in listed[2:]] == [str(n) for n in range(2, 10)]
    said = texts("ko" if lang == "ko" else "en")["cli_reasons"].format(out=out / "rejected.csv", rows=8)
    assert said in capsys.readouterr().err
    (tmp_path / "file").write_text("in the way")
    assert main(["report", str(good), "--out", str(tmp_path / "file")]) == 1
    assert str(tmp_path / "file") in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_named(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert main(["report", str(good), "--out", str(tmp_path / "file")]) == 1
    assert str(tmp_path / "file") in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [[], ["report"], ["report", "x.csv"], ["report", "x", "--out", "y", "--top", "0"]]
)
def test_wrong_usage_is_exit_code_two(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.parametrize(
    "option, limits",
    [
        (["report", "x", "--out", "y", "--top"], "from 1 to 10000"),
        (["bench", "--reviews"], "from 1 to 1000000"),
        (["bench", "--up-to"], "from 1000 to 1000000"),
    ],
)
@pytest.mark.parametrize("number", ["0", "-1", "nan", "inf", "1.5", "10000001", "many"])
def test_a_number_out_of_its_limits_is_refused_with_them(
    option: list[str], limits: str, number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main([*option, number])
    assert caught.value.code == 2
    said = f"argument {option[-1]}: a whole number {limits} is needed, not {number!r}"
    assert said in capsys.readouterr().err


def test_bench_says_in_one_line_what_it_cannot_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "appstore_1.csv"
    empty.write_text(HEADER, encoding="utf-8")
    assert main(["bench", str(tmp_path / "no.csv")]) == 1
    assert main(["bench", str(empty)]) == 1
    assert capsys.readouterr().err == (
        f"nlp: {tmp_path / 'no.csv'}: no such file\n"
        "nlp: no reviews to measure with: name CSV files, or set SALPIM_DATA\n"
    )


def test_the_module_runs_as_a_command(good: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "nlp",
        "report",
        str(good),
        str(tmp_path / "no.csv"),
        "--out",
        str(tmp_path / "o"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 1
    assert (tmp_path / "o" / "report.html").is_file()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_file_name_that_is_no_text_is_still_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/appstore_1\xff.csv"))
    odd.write_text(HEADER + ROWS + "x,never,5,0,t,r\n", encoding="utf-8")
    arguments = ["report", str(odd), str(odd) + "2", "--app", "1", "--out", str(tmp_path / "out")]
    assert main(arguments) == 1
    stdout, _ = capsys.readouterr()
    assert ["reviews" in json.loads(line) for line in stdout.splitlines()] == [True, False]
    assert rows(tmp_path / "out" / "rejected.csv")[1][0].endswith("appstore_1\\xff.csv2")


def test_a_reader_who_leaves_early_gets_no_traceback(good: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "nlp", "report", *[str(good)] * 50, "--out", str(tmp_path / "o")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        stderr = process.stderr.read()
    assert process.returncode == 1
    assert "Traceback" not in stderr
    assert "BrokenPipe" not in stderr


def test_progress_speaks_after_two_seconds_and_not_before(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("nlp.cli.time.monotonic", lambda: now[0])
    stream = io.StringIO()
    progress = Progress(stream, "ko")
    progress("tokenize", 0.1)
    assert stream.getvalue() == ""
    now[0] += 4
    progress("tokenize", 0.5)
    assert stream.getvalue() == " 50% 형태소 분석 · 4 s\n"


def test_importing_the_library_brings_nothing_heavy() -> None:
    code = (
        "import sys, nlp.report, nlp.reviews, nlp.clouds, nlp.tokenize, nlp.apps, nlp.model, nlp.__main__\n"
        "heavy = {'torch', 'numpy', 'flask', 'app', 'sklearn', 'scipy', 'matplotlib', 'wordcloud', 'konlpy', 'jpype', 'jinja2',"
        " 'PIL', 'fontTools'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_whole_report_needs_neither_flask_nor_torch(good: Path, tmp_path: Path) -> None:
    code = (
        "import sys\nfrom nlp.__main__ import main\n"
        f"main(['report', {str(good)!r}, '--out', {str(tmp_path / 'o')!r}])\n"
        "print(sorted({'torch', 'flask', 'app', 'sklearn'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
