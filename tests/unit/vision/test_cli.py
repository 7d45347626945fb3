"""The command line, as a user meets it: good input, bad input, one line for what is wrong."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image

from vision import registry
from vision.cli import _until, main
from vision.predict import Predictor
from vision.registry import MODELS, default_name, load_model
from vision.tables import DataError

ROOT = Path(__file__).resolve().parents[3]


def run(capsys, *args: str) -> tuple[int, list[str], list[str]]:
    code = main(list(args))
    captured = capsys.readouterr()
    return code, captured.out.splitlines(), captured.err.splitlines()


@pytest.fixture
def folder(tmp_path, draw, encode) -> Path:
    """Two photos, and around them what people drop into folders."""
    inside = tmp_path / "photos"
    (inside / "deeper").mkdir(parents=True)
    (inside / "a.jpg").write_bytes(encode(draw()))
    (inside / "deeper" / "사진.HEIC").write_bytes(encode(draw(seed=2), "HEIF"))
    (inside / "broken.jpg").write_bytes(encode(draw())[:3000])
    (inside / "text.png").write_text("no picture")
    (inside / "empty.jpg").write_bytes(b"")
    (inside / "moving.gif").write_bytes(
        encode(draw(60, 60), "GIF", save_all=True, append_images=[draw(60, 60, seed=3)])
    )
    (inside / "notes.txt").write_text("not looked at")
    return inside


def test_a_folder_gives_a_json_line_per_picture_and_goes_on_after_bad_ones(capsys, folder):
    code, out, err = run(capsys, "predict", str(folder), "--jsonl")
    lines = {Path(row["path"]).name: row for row in map(json.loads, out)}
    assert set(lines) == {"a.jpg", "사진.HEIC", "broken.jpg", "text.png", "empty.jpg", "moving.gif"}
    for name in ("a.jpg", "사진.HEIC"):
        assert {
            "path",
            "probabilities",
            "risk",
            "top",
            "outcome",
            "quality",
            "model",
            "prediction_set",
        } <= set(lines[name])
        assert lines[name]["model"]["name"] == default_name()
    for name in ("broken.jpg", "text.png", "empty.jpg", "moving.gif"):
        assert set(lines[name]) == {"path", "error", "outcome", "reason", "advice_ko", "advice_en"}
        assert lines[name]["outcome"] == "not_readable"
    assert lines["broken.jpg"]["reason"] == "broken"
    assert lines["empty.jpg"]["reason"] == "empty"
    assert lines["text.png"]["reason"] == "not_an_image"
    assert lines["moving.gif"]["reason"] == "animated"
    assert len(err) == 4
    assert code == 1


def test_good_pictures_alone_exit_with_zero(capsys, folder):
    code, out, err = run(capsys, "predict", str(folder / "a.jpg"))
    assert (code, len(out), err) == (0, 1, [])


def test_an_empty_folder_is_said_to_be_empty(capsys, tmp_path):
    code, out, err = run(capsys, "predict", str(tmp_path))
    assert (code, out) == (1, [])
    assert "no pictures" in err[0]


def test_an_empty_folder_among_others_is_named_and_counts_as_a_failure(capsys, folder, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    code, out, err = run(capsys, "predict", str(empty), str(folder / "a.jpg"), "--jsonl")
    first, second = map(json.loads, out)
    assert (first["path"], first["error"]) == (str(empty), "no pictures in this folder")
    assert (first["outcome"], first["reason"]) == ("not_readable", "no_pictures")
    assert second["probabilities"]
    assert [line.partition(" (")[0] for line in err] == [f"{empty}: no pictures in this folder"]
    assert code == 1


def test_a_picture_for_which_memory_does_not_suffice_does_not_end_the_rest(capsys, folder, monkeypatch):
    predict = Predictor.predict

    def short_of_memory(self, image, known=None):
        if image == b"":
            raise MemoryError
        return predict(self, image, known)

    monkeypatch.setattr(Predictor, "predict", short_of_memory)
    code, out, err = run(capsys, "predict", str(folder / "empty.jpg"), str(folder / "a.jpg"), "--jsonl")
    assert "not enough memory" in json.loads(out[0])["error"]
    assert json.loads(out[0])["reason"] == "out_of_memory"
    assert json.loads(out[1])["probabilities"]
    assert (code, len(err)) == (1, 1)


def test_a_sliver_is_one_line_and_the_rest_goes_on(capsys, folder, encode):
    sliver = folder / "sliver.png"
    sliver.write_bytes(encode(Image.new("RGB", (1, 65_000)), "PNG"))
    code, out, err = run(capsys, "predict", str(sliver), str(folder / "a.jpg"), "--jsonl")
    assert "times as long as it is wide" in json.loads(out[0])["error"]
    assert json.loads(out[1])["probabilities"]
    assert (code, len(err)) == (1, 1)


@pytest.mark.parametrize("value", ["-5", "0", "many"])
@pytest.mark.parametrize("option", ["--rounds", "--threads", "--robustness"])
def test_a_count_that_cannot_be_is_misuse(capsys, tmp_path, option, value):
    with pytest.raises(SystemExit) as caught:
        main(["evaluate", "--images", str(tmp_path), "--labels", str(tmp_path / "l.csv"), option, value])
    assert caught.value.code == 2
    assert option in capsys.readouterr().err


def test_an_unknown_model_is_one_line(capsys, folder):
    code, _, err = run(capsys, "predict", str(folder), "--model", "nonsense")
    assert code == 1
    assert len(err) == 1
    assert "nonsense" in err[0]


def test_evaluate_writes_figures_and_a_table(capsys, draw, tmp_path):
    rows = ["image_id,dx,lesion_id,source_dataset,modality,split_hint"]
    for number in range(6):
        draw(200, 150, seed=number).save(tmp_path / f"drawn{number}.jpg")
        rows.append(f"drawn{number},{'nv' if number % 2 else 'scc'},L{number},drawn,photo,test")
    rows += ["missing,mel,L8,drawn,photo,test", "damaged,mel,L9,drawn,photo,test"]
    (tmp_path / "damaged.jpg").write_bytes(b"no picture")
    (tmp_path / "labels.csv").write_text("\n".join(rows) + "\n")
    out_dir = tmp_path / "out"
    code, out, err = run(
        capsys,
        *("evaluate", "--images", str(tmp_path), "--labels", str(tmp_path / "labels.csv")),
        *("--split", "test", "--rounds", "50", "--out", str(out_dir)),
        *("--robustness", "2", "--leakage"),
    )
    assert code == 1
    assert any("no picture for image_id missing" in line for line in err)
    assert any("2 of 8 pictures could not be read" in line for line in err)
    assert "Left out because missing or damaged: 2." in "\n".join(out)
    result = json.loads((out_dir / "evaluation.json").read_text())
    assert result["left_out_unreadable"] == 2
    stratum = result["strata"]["drawn · photo"]
    assert stratum["pictures"] == 6
    assert stratum["classes"] == {"akiec": 3, "nv": 3}
    assert "balanced_accuracy" in stratum["figures"]
    assert (out_dir / "evaluation.md").read_text() == "\n".join(out) + "\n"
    assert result["robustness"]["all"]["pictures"] == 2
    assert result["leakage"]["splits"] == {"test": 8}
    assert (out_dir / "roc.png").is_file()
    assert err[-1].endswith("reliability.png, risk_coverage.png, roc.png")


def test_evaluate_exits_with_zero_if_every_picture_was_read(capsys, draw, tmp_path):
    draw(200, 150).save(tmp_path / "drawn.jpg")
    (tmp_path / "labels.csv").write_text("image_id,dx,source_dataset\ndrawn,nv,drawn\n")
    folder = ("--images", str(tmp_path), "--labels", str(tmp_path / "labels.csv"))
    code, out, err = run(capsys, "evaluate", *folder, "--rounds", "1")
    assert (code, err) == (0, [])
    assert "Left out because missing or damaged: 0." in "\n".join(out)
    assert not {"## Robustness", "## Leakage"} & set(out)


def test_strangers_that_are_not_there_are_one_line(capsys, draw, tmp_path):
    draw(200, 150).save(tmp_path / "drawn.jpg")
    (tmp_path / "labels.csv").write_text("image_id,dx\ndrawn,nv\n")
    folder = ("--images", str(tmp_path), "--labels", str(tmp_path / "labels.csv"))
    for strangers in (tmp_path / "none", tmp_path):
        code, out, err = run(capsys, "evaluate", *folder, "--rounds", "1", "--strangers", str(strangers))
        assert (code, out, len(err)) == (1, [], 1)
        assert str(strangers) in err[0]


def test_evaluate_says_which_labels_it_does_not_know(capsys, draw, tmp_path):
    draw(200, 150).save(tmp_path / "drawn.jpg")
    rows = ["drawn, NV ", "drawn,Scc", "x,wart", "x,wart", *(f"x,odd{n}" for n in range(12)), "x,"]
    (tmp_path / "labels.csv").write_text("\n".join(["image_id,dx", *rows]))
    folder = ("--images", str(tmp_path), "--labels", str(tmp_path / "labels.csv"))
    code, _, err = run(capsys, "evaluate", *folder, "--rounds", "1")
    assert (code, len(err)) == (0, 1)
    named = ", ".join(repr(name) for name in ["wart", *(f"odd{n}" for n in range(9))])
    assert err[0].endswith(
        f"15 of 17 rows have none of the labels akiec, bcc, bkl, df, mel, nv, vasc but {named}, …; left out"
    )


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("image_id\nx\n", "dx"),
        ("image_id,dx\nx,unknown\n", "no picture with one of the labels"),
        (None, "cannot be read"),
    ],
)
def test_bad_labels_are_one_line(capsys, tmp_path, content, word):
    labels = tmp_path / "labels.csv"
    if content is not None:
        labels.write_text(content)
    code, _, err = run(capsys, "evaluate", "--images", str(tmp_path), "--labels", str(labels))
    assert code == 1
    assert len(err) == 1
    assert word in err[0]


def test_train_without_the_data_is_one_line(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("SALPIM_DATA", str(tmp_path))
    code, _, err = run(capsys, "train", "--steps", "1", "--out", str(tmp_path / "run"))
    assert code == 1
    assert "labels.csv" in err[-1]


def test_runs_as_a_module(folder):
    done = subprocess.run(
        [sys.executable, "-m", "vision", "predict", str(folder / "a.jpg"), "--jsonl"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert json.loads(done.stdout)["probabilities"]


def test_a_reader_that_has_enough_is_no_error(folder):
    with subprocess.Popen(
        [sys.executable, "-m", "vision", "predict", str(folder / "a.jpg")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as started:
        started.stdout.close()
        assert started.stderr.read() == b""
        assert started.wait(60) == 1


@pytest.mark.parametrize("name", ["사진-é.jpg", b"\xff.jpg".decode("utf-8", "surrogateescape")])
def test_a_name_that_stdout_cannot_write_is_escaped(folder, name):
    (folder / "a.jpg").rename(folder / name)
    command = [sys.executable, "-m", "vision", "predict", str(folder / name)]
    for encoding in ("ascii", "utf-8"):
        options = {"cwd": ROOT, "env": {**os.environ, "PYTHONIOENCODING": encoding}, "timeout": 60}
        plain = subprocess.run(command, **options, capture_output=True, check=True)
        assert b".jpg\t" in plain.stdout
        lines = subprocess.run([*command, "--jsonl"], **options, capture_output=True, check=True)
        assert json.loads(lines.stdout)["path"] == str(folder / name)


def test_heatmaps_of_any_class_are_drawn_on_the_photo(capsys, folder, tmp_path, predictor):
    out_dir = tmp_path / "maps"
    code, out, err = run(
        capsys,
        *("predict", str(folder / "a.jpg"), "--jsonl"),
        *("--heatmap", "top", "--heatmap", "mel", "--heatmaps-in", str(out_dir)),
    )
    top = json.loads(out[0])["top"]
    assert code == 0
    assert {p.name for p in out_dir.iterdir()} == {f"a.{key}.png" for key in {top, "mel"}}
    assert len(err) == len({top, "mel"})
    with Image.open(out_dir / "a.mel.png") as drawn, Image.open(folder / "a.jpg") as photo:
        assert drawn.size == photo.size
    run(capsys, "predict", str(folder), "--heatmap", "all", "--heatmaps-in", str(out_dir))
    assert len(list(out_dir.glob("deeper-사진.*.png"))) == 7


def test_heatmaps_of_pictures_with_the_same_name_stand_beside_each_other(
    capsys, draw, encode, tmp_path, predictor
):
    for inside, ending, kind in (("a", "jpg", "JPEG"), ("a", "png", "PNG"), ("b", "jpg", "JPEG")):
        (tmp_path / inside).mkdir(exist_ok=True)
        (tmp_path / inside / f"same.{ending}").write_bytes(encode(draw(), kind))
    out_dir = tmp_path / "maps"
    args = (
        "predict",
        str(tmp_path / "a"),
        str(tmp_path / "b"),
        "--heatmap",
        "mel",
        "--heatmaps-in",
        str(out_dir),
    )
    for _ in range(2):
        _, _, err = run(capsys, *args)
        names = [out_dir / f"same{behind}.mel.png" for behind in ("", "-2", "-3")]
        assert err == [f"written: {name}" for name in names]
        assert sorted(out_dir.iterdir()) == sorted(names)


def test_a_heatmap_of_no_class_is_misuse(capsys, folder):
    with pytest.raises(SystemExit) as caught:
        main(["predict", str(folder / "a.jpg"), "--heatmap", "wart"])
    assert caught.value.code == 2
    assert "wart" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("args", "budget"),
    [([], (120.0, None)), (["--minutes", "3"], (3.0, None)), (["--steps", "9"], (None, 9))],
)
def test_train_needs_no_more_than_its_name_and_can_end_with_a_model(capsys, monkeypatch, args, budget):
    train = pytest.importorskip("vision.train", reason="training needs requirements/train.txt")
    import vision.build
    import vision.measure

    done = []
    monkeypatch.setattr(
        train,
        "run",
        lambda recipe, options, log, **_: done.append((options.minutes, options.steps)) or "c.pt",
    )
    monkeypatch.setattr(vision.build, "build", lambda checkpoint, folder, *a, **k: done.append(folder.name))
    monkeypatch.setattr(vision.measure, "measure", lambda model, *a, **k: done.append(Path(model).name))
    code, out, err = run(capsys, "train", *args)
    assert (code, out, done) == (0, ["c.pt"], [budget])
    code, out, err = run(capsys, "train", "--export", "mine", *args)
    assert done[1:] == [budget, "mine", "mine"]
    assert Path(out[-1]).name == "mine"
    assert "vision/models/default" in err[-1]


@pytest.mark.parametrize("value", ["0", "-3", "nan", "inf", "long"])
def test_minutes_that_cannot_be_are_misuse(capsys, value):
    with pytest.raises(SystemExit) as caught:
        main(["train", "--minutes", value])
    assert caught.value.code == 2
    assert f"{value} is not a number of minutes above 0" in capsys.readouterr().err


def test_a_time_that_has_just_passed_is_refused():
    late = datetime(2026, 3, 2, 0, 20, tzinfo=UTC)
    assert _until("00:21", late) == late + timedelta(minutes=1)
    assert _until("23:20", late) == late + timedelta(hours=23)
    for text, ago in (("00:20", "0"), ("00:19", "1"), ("23:30", "50")):
        with pytest.raises(DataError, match=rf"was {ago} minutes ago, it is 00:20 UTC"):
            _until(text, late)
    with pytest.raises(DataError, match="not a time"):
        _until("24:00", late)


@pytest.fixture
def making(monkeypatch, tmp_path):
    """Models in a folder of their own, made by nobody: which would have been is in the list."""
    pytest.importorskip("vision.train", reason="training needs requirements/train.txt")
    import vision.build

    made: list[tuple[str, str]] = []
    shutil.copytree(MODELS / default_name(), tmp_path / "there")
    monkeypatch.setattr(registry, "MODELS", tmp_path)
    monkeypatch.setattr(
        vision.build, "build", lambda c, folder, *a, version, **k: made.append((folder.name, version))
    )
    return made


@pytest.mark.parametrize("name", ["default", "a/b", "../a", "/a", ".a", "a:2", "a,b", "a=1", "", "-a"])
def test_what_cannot_name_a_model_is_refused(capsys, making, name):
    for args in (("export", "--checkpoint", "c.pt", f"--name={name}"), ("train", f"--export={name}")):
        code, _, err = run(capsys, *args)
        assert (code, len(err), making) == (1, 1, [])
        assert "cannot be the name of a model" in err[0]


def test_a_model_that_is_there_is_overwritten_only_if_asked(capsys, making):
    version = load_model("there").config.version
    asked = ("export", "--checkpoint", "c.pt", "--name", "there", "--version", version)
    code, _, err = run(capsys, *asked)
    assert (code, len(err), making) == (1, 1, [])
    assert "--replace" in err[0]
    assert version in err[0]
    code, _, err = run(capsys, *asked, "--replace")
    assert (code, making) == (0, [("there", version)])
    assert "will be replaced" in err[0]
    assert run(capsys, *asked[:-1], "another")[0] == 0
    assert run(capsys, "export", "--checkpoint", "c.pt", "--name", "new")[0] == 0
    assert making[1:] == [("there", "another"), ("new", "1")]


def test_training_does_not_begin_for_a_model_that_it_could_not_make(capsys, making, monkeypatch, tmp_path):
    from vision import train

    monkeypatch.setattr(train, "run", lambda *a, **k: pytest.fail("it was trained"))
    raw = json.loads((tmp_path / "there" / "config.json").read_text())
    (tmp_path / "there" / "config.json").write_text(json.dumps(raw | {"version": "1"}))
    registry.read_config.cache_clear()
    code, _, err = run(capsys, "train", "--export", "there")
    assert (code, len(err)) == (1, 1)
    assert "--replace" in err[0]


@pytest.mark.parametrize("command", ["train", "export", "compare", "folds"])
def test_help_names_no_model_that_may_be_gone(capsys, command):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert not re.search(r"lite\d-\d", capsys.readouterr().out)


def test_fit_names_a_model_that_is_not_there(capsys):
    code, _, err = run(capsys, "fit", "--model", "nonsense", "--version", "2")
    assert (code, len(err)) == (1, 1)
    assert "nonsense" in err[0]


def test_a_model_fitted_anew_takes_another_version(capsys):
    model = load_model(default_name())
    before = sorted((path.name, path.stat().st_mtime_ns) for path in model.folder.iterdir())
    code, _, err = run(capsys, "fit", "--model", model.id.name, "--version", model.id.version)
    assert (code, len(err)) == (1, 1)
    assert "--version" in err[0]
    assert sorted((path.name, path.stat().st_mtime_ns) for path in model.folder.iterdir()) == before
