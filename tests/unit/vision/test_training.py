"""The parts of training, on drawings: nothing here learns to see, it only must not lose its place."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from vision.augment import augment, centre
from vision.classes import KEYS
from vision.data import PixelCache, Record, find_image, read_labels
from vision.evaluate import trained_on
from vision.registry import MODELS, default_name, digest

torch = pytest.importorskip("torch", reason="training needs requirements/train.txt")

from vision.export import networks, seen_by, seen_by_runs  # noqa: E402 - only where torch is
from vision.golden import golden_pictures  # noqa: E402
from vision.net import VARIANTS, WithMap, fused, lite  # noqa: E402
from vision.recipe import Recipe, chosen, taught_by  # noqa: E402
from vision.teachers import Teachers  # noqa: E402
from vision.train import Batches, Options, Run, rate, run, sampling, to_tensor  # noqa: E402

TINY = Recipe(batch=2, resolution=48, small=32, large=32, sources=(("drawn", 1.0),))


@pytest.fixture
def drawn_data(tmp_path, draw, monkeypatch):
    """A data folder of drawings: two of each class to train on, one to validate."""
    images = tmp_path / "data" / "skin" / "images"
    images.mkdir(parents=True)
    rows = ["image_id,dx,source_dataset,modality,lesion_id,split_hint"]
    for number, key in enumerate([k for k in (*KEYS, "scc") for _ in range(3)]):
        draw(64, 48, seed=number).save(images / f"d{number}.jpg")
        rows.append(f"d{number},{key},drawn,dermoscopic,L{number},{'val' if number % 3 == 2 else 'train'}")
    (images.parent / "labels.csv").write_text("\n".join(rows) + "\n")
    monkeypatch.setenv("SALPIM_DATA", str(tmp_path / "data"))
    return tmp_path


def test_invasive_scc_is_read_as_akiec(drawn_data):
    records = read_labels(drawn_data / "data" / "skin" / "labels.csv")
    assert KEYS[records[-1].label] == "akiec"


def test_a_killed_run_goes_on_where_it_was_saved(drawn_data):
    options = Options(out=drawn_data / "training" / "run", steps=4, threads=1)
    lines: list[str] = []
    first = Run(TINY, options, lines.append)
    first.learn(*first.batches(first.step, 32))
    first.progress = 0.25
    first.save()
    weights = {k: v.clone() for k, v in first.net.state_dict().items()}
    first.learn(*first.batches(first.step, 32))  # never saved: the kill falls here
    again = Run(TINY, options, lines.append)
    assert (again.step, again.progress) == (1, 0.25)
    assert all(torch.equal(v, weights[k]) for k, v in again.net.state_dict().items())
    assert "resumed at step 1" in lines[-1]


def killed_after(steps, monkeypatch):
    learn, count = Run.learn, itertools.count()

    def learning(self, pictures, labels):
        if next(count) == steps:
            raise KeyboardInterrupt
        return learn(self, pictures, labels)

    monkeypatch.setattr(Run, "learn", learning)


@pytest.mark.parametrize("killed", [1, 3, 4])
def test_a_killed_run_of_steps_ends_as_if_it_had_not_been(drawn_data, monkeypatch, killed):
    recipe = replace(TINY, large=64, small_until=0.5, drop_connect=0.5)
    options = Options(out=drawn_data / "training" / "whole", steps=6, threads=1, save_every=0.0)
    whole = torch.load(run(recipe, options, lambda line: None), weights_only=True)
    options = replace(options, out=drawn_data / "training" / "killed")
    with monkeypatch.context() as patched:
        killed_after(killed, patched)
        with pytest.raises(KeyboardInterrupt):
            run(recipe, options, lambda line: None)
    again = torch.load(run(recipe, options, lambda line: None), weights_only=True)
    for kind in ("net", "averaged"):
        assert all(torch.equal(value, whole[kind][name]) for name, value in again[kind].items())


def test_the_views_of_a_step_have_the_size_of_that_step(drawn_data, monkeypatch):
    sizes = []
    monkeypatch.setattr(Run, "learn", learning_nothing(sizes))
    recipe = replace(TINY, large=64, small_until=0.5)
    run(recipe, Options(out=drawn_data / "training" / "run", steps=4, threads=1), lambda line: None)
    assert sizes == [32, 32, 64, 64]


def learning_nothing(sizes):
    def learn(self, pictures, labels):
        sizes.append(pictures.shape[-1])
        self.step += 1
        return 0.0

    return learn


def spent(options, seconds):
    """A run that was killed half way through after so many seconds."""
    state = Run(TINY, options, lambda line: None)
    state.step, state.progress, state.seconds = 1, 0.5, seconds
    state.save()


def test_minutes_are_those_of_the_whole_run(drawn_data):
    options = Options(out=drawn_data / "training" / "run", minutes=2.0, threads=1)
    spent(options, 119.5)
    with pytest.raises(ValueError, match="had 2 minutes of 1"):
        run(TINY, replace(options, minutes=1.0), lambda line: None)
    state = torch.load(run(TINY, options, lambda line: None), weights_only=True)
    assert state["progress"] == 1.0
    assert 120.0 <= state["seconds"] < 130.0


def test_a_time_holds_whatever_the_run_had_before(drawn_data):
    options = Options(out=drawn_data / "training" / "run", minutes=2.0, threads=1)
    spent(options, 9000.0)
    until = replace(options, minutes=None, until=datetime.now(UTC) + timedelta(seconds=3))
    state = torch.load(run(TINY, until, lambda line: None), weights_only=True)
    assert datetime.now(UTC) >= until.until
    assert 9000.0 < state["seconds"] < 9010.0
    spent(options, 1.0)
    with pytest.raises(ValueError, match="is past"):
        run(TINY, until, lambda line: None)


def test_a_checkpoint_says_what_it_was_trained_on_and_what_its_base_was(drawn_data):
    records = read_labels(drawn_data / "data" / "skin" / "labels.csv")
    some = [replace(r, split="train" if r.image_id in {"d0", "d2"} else "held") for r in records]
    val = [replace(r, split="val") for r in records if r.image_id == "d5"]
    options = Options(out=drawn_data / "first" / "run", steps=1, threads=1)
    first = run(TINY, options, lambda line: None, records=some + val)
    assert seen_by_runs([first], records) == {"d0", "d2"}
    own = {r.image_id for r in chosen(records, TINY, "train")}
    assert "d2" not in own
    second = run(TINY, replace(options, out=drawn_data / "second" / "run"), lambda line: None, base=first)
    assert seen_by(str(second), records) == own | {"d2"}
    assert seen_by(f"{first}+{second}", records) == own | {"d2"}
    # One from before checkpoints said it.
    state = torch.load(first, weights_only=True)
    del state["trained_on"]
    torch.save(state, first)
    assert seen_by(str(first), records) == own


def test_a_student_has_seen_what_its_teachers_saw(drawn_data):
    options = Options(out=drawn_data / "training" / "run", steps=1, threads=1)
    state = Run(taught_by(TINY, [default_name()]), options, lambda line: None)
    assert state.seen > trained_on(MODELS / default_name())[0]


def test_a_run_of_steps_ends_with_a_checkpoint_that_exports(drawn_data):
    from vision.export import load_checkpoint

    path = run(TINY, Options(out=drawn_data / "training" / "run", steps=2, threads=1), lambda line: None)
    net, about = load_checkpoint(path)
    assert [(one["steps"], one["progress"]) for one in about["runs"]] == [(2, 1.0)]
    assert torch.load(path, weights_only=True)["seconds"] > 0.0
    assert not net.training


def test_another_recipe_does_not_go_on_with_the_same_checkpoint(drawn_data):
    options = Options(out=drawn_data / "training" / "run", steps=1, threads=1)
    run(TINY, options, lambda line: None)
    with pytest.raises(ValueError, match="another recipe"):
        Run(Recipe(batch=3, resolution=48, sources=TINY.sources), options, lambda line: None)


def test_a_student_comes_to_say_what_its_teachers_say(drawn_data):
    recipe = taught_by(
        replace(TINY, taught=1.0, body_rate=1e-3, head_rate=1e-2), [default_name(), f"{default_name()}:2"]
    )
    options = Options(out=drawn_data / "training" / "run", steps=20, threads=1)
    state = Run(recipe, options, lambda line: None)
    pictures, labels = state.batches(0, 32)
    told = state.teachers(pictures)
    assert told.shape == (2, len(KEYS))
    assert told.sum(dim=1) == pytest.approx(1.0)

    def apart():
        with torch.inference_mode():
            heard = state.net.eval()(pictures).log_softmax(dim=1)
        return float((told * (told.log() - heard)).sum(dim=1).mean())

    before = apart()
    state.progress = 0.06
    for _ in range(12):
        state.learn(pictures, labels)
    assert apart() < before
    assert f"{default_name()}:2" in recipe.teachers
    assert taught_by(TINY, []) == TINY


def test_pictures_whose_index_a_kill_cut_short_are_decoded_anew(drawn_data):
    skin = drawn_data / "data" / "skin"
    ids = [r.image_id for r in read_labels(skin / "labels.csv")]
    where = (drawn_data / "cache", skin / "images", ids, 48)
    first = PixelCache.open(*where)[ids[-1]].copy()
    (index,) = (drawn_data / "cache").glob("*.json")
    (pixels,) = (drawn_data / "cache").glob("*.bin")
    whole = index.read_text()
    for left in ("", whole[: len(whole) // 2], "[]", '{"d0": [0]}'):
        index.write_text(left)
        assert np.array_equal(PixelCache.open(*where)[ids[-1]], first)
        assert index.read_text() == whole
    pixels.unlink()
    assert np.array_equal(PixelCache.open(*where)[ids[-1]], first)


def test_a_kill_while_the_index_is_written_leaves_none(drawn_data, monkeypatch):
    skin = drawn_data / "data" / "skin"
    where = (drawn_data / "cache", skin / "images", ["d0"], 48)
    write = Path.write_text

    def killed(self, text, **options):
        write(self, text[:3], **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_text", killed)
    with pytest.raises(KeyboardInterrupt):
        PixelCache.open(*where)
    assert not list((drawn_data / "cache").glob("*.json"))


def test_a_batch_is_the_same_whenever_it_is_asked_for(drawn_data):
    state = Run(TINY, Options(out=drawn_data / "training" / "run", steps=1, threads=1), lambda line: None)
    batches = Batches(state.train, state.cache, TINY)
    one, again, other = batches(3, 32), batches(3, 32), batches(4, 32)
    assert torch.equal(one[0], again[0])
    assert not torch.equal(one[0], other[0])


def record(number: int, label: int, source: str, modality: str) -> Record:
    return Record(str(number), label, KEYS[label], source, modality, f"L{number}", "", "train")


def test_domains_get_their_share_and_rare_classes_more_than_theirs():
    rows = [record(i, 5, "HAM10000", "dermoscopic") for i in range(900)]
    rows += [record(1000 + i, 4, "HAM10000", "dermoscopic") for i in range(100)]
    rows += [record(2000 + i, 1, "MILK10k", "clinical close-up") for i in range(10)]
    recipe = Recipe(shares=(("dermoscopy", 0.6), ("close-up", 0.4)))
    probability = sampling(rows, recipe)
    share = Counter()
    for row, p in zip(rows, probability, strict=True):
        share[row.domain, KEYS[row.label]] += p
    assert share["close-up", "bcc"] == pytest.approx(0.4)
    assert share["dermoscopy", "nv"] / share["dermoscopy", "mel"] == pytest.approx(3.0)


def test_the_shape_of_a_picture_says_nothing_of_its_class():
    rows = [record(i, 5, "HAM10000", "dermoscopic") for i in range(100)]
    rows += [record(1000 + i, 4, "HAM10000", "dermoscopic") for i in range(100)]
    rows += [record(2000 + i, 2, "HAM10000", "dermoscopic") for i in range(100)]
    square = np.array([i < 80 or 100 <= i < 120 or i == 200 for i in range(len(rows))])
    recipe = Recipe(shares=(("dermoscopy", 1.0),), square=0.6)
    as_it_comes, even = sampling(rows, replace(recipe, square=0.0), square), sampling(rows, recipe, square)
    labels = np.array([row.label for row in rows])
    for label in (5, 4):
        of_class = labels == label
        assert even[of_class & square].sum() / even[of_class].sum() == pytest.approx(0.6)
        assert even[of_class].sum() == pytest.approx(as_it_comes[of_class].sum())
    # Where one alone is of another shape it is not drawn again and again.
    assert even[labels == 2] == pytest.approx(as_it_comes[labels == 2])


def test_only_training_pictures_of_known_sources_and_labels_are_chosen():
    rows = [record(1, 5, "HAM10000", "dermoscopic"), record(2, 5, "ISIC2020", "dermoscopic")]
    rows.append(Record("3", -1, "", "MILK10k", "dermoscopic", "L3", "", "train"))
    rows.append(Record("4", 5, "nv", "HAM10000", "dermoscopic", "L4", "", "test"))
    assert [r.image_id for r in chosen(rows, Recipe(), "train")] == ["1"]


def test_the_rate_rises_then_falls_to_nothing():
    assert rate(0.0, 0.1) < 0.1 < 0.99 < rate(0.1, 0.1)
    assert rate(0.5, 0.1) > rate(0.8, 0.1) > rate(1.0, 0.1)
    assert rate(1.0, 0.1) < 1e-3


def test_augmented_views_differ_but_repeat_by_seed(draw):
    pixels = np.asarray(draw(200, 150))
    one, again = (augment(pixels, 64, np.random.default_rng(4)) for _ in range(2))
    other = augment(pixels, 64, np.random.default_rng(5))
    assert one.shape == (64, 64, 3)
    assert one.dtype == np.uint8
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_views_come_through_fewer_pixels_as_often_as_asked(draw):
    pixels = np.asarray(draw(224, 224))
    whole, some, all_coarse = (
        [augment(pixels, 64, np.random.default_rng(seed), coarse) for seed in range(40)]
        for coarse in (0.0, 0.5, 1.0)
    )
    assert not any(np.array_equal(a, b) for a, b in zip(whole, all_coarse, strict=True))
    changed = sum(any(np.array_equal(view, c) for c in all_coarse) for view in some)
    assert 10 <= changed <= 30
    # As small as it is already: nothing to take away.
    small = np.asarray(draw(64, 64))
    assert augment(small, 64, np.random.default_rng(1), 1.0).shape == (64, 64, 3)


def test_the_plain_view_of_training_is_the_centre_view_of_serving(draw):
    from vision.fit import neutral_config
    from vision.views import MEAN, STD, make_views

    picture = draw(200, 150)
    (view,) = make_views(picture, ("centre",), resolution=150, size=160)
    plain = to_tensor([centre(np.asarray(picture), 160)]).numpy()[0]
    # One grey level of rounding may lie between cutting first and cutting while resizing.
    assert np.abs(plain - view.values[0]).max() < 1.01 / STD
    served = neutral_config(150, 160, "1", "lite0")
    assert (served["mean"], served["std"]) == (MEAN, STD)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_packaged_imagenet_weights_load_strictly_and_use_relu6(variant):
    net = lite(variant, 7, pretrained=True)
    assert {type(m._swish).__name__ for m in net.modules() if hasattr(m, "_swish")} == {"ReLU6"}
    assert net._fc.out_features == 7


@pytest.mark.parametrize("size", [(160, 160), (160, 224), (224, 160)])
def test_onnx_agrees_with_torch_on_any_frame(tmp_path, size):
    import onnxruntime

    from vision.export import export_onnx
    from vision.fit import texture_of
    from vision.golden import TOLERANCE, golden_pictures

    torch.manual_seed(0)
    net = lite("lite0", 7, pretrained=True).eval()
    export_onnx([net], tmp_path)
    pictures = golden_pictures(*size)
    with torch.inference_mode():
        # What is published has weights of 16 bits: torch computes with the same.
        logits, features, texture = WithMap(fused(net))(torch.from_numpy(pictures))
        whole, _, _ = WithMap(net)(torch.from_numpy(pictures))
    assert np.abs(whole.numpy() - logits.numpy()).max() < 0.05
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    found = session.run(None, {"pictures": pictures})
    assert np.abs(found[0] - logits.numpy()).max() <= TOLERANCE
    assert np.abs(found[1] - features.numpy()).max() <= 10 * TOLERANCE
    assert found[2].shape == (3, texture_of(tmp_path))
    assert np.abs(found[2] - texture.numpy()).max() <= 10 * TOLERANCE
    assert np.abs(np.load(tmp_path / "golden.npy").shape[1]) == 7


def test_a_missing_picture_is_named(tmp_path):
    from vision.tables import DataError

    with pytest.raises(DataError, match="ISIC_1"):
        find_image(tmp_path, "ISIC_1")


def test_a_run_goes_on_from_the_weights_of_another(drawn_data, monkeypatch):
    from vision import train
    from vision.cli import main

    first = run(TINY, Options(out=drawn_data / "first" / "run", steps=1, threads=1), lambda line: None)
    weights = torch.load(first, weights_only=True)["averaged"]
    begun = []

    def begin(recipe, options, log, *, base):
        tiny = replace(TINY, begin=recipe.begin)
        begun.append((recipe, Run(tiny, options, log, base=base)))
        return options.out / "checkpoint.pt"

    monkeypatch.setattr(train, "run", begin)
    asked = ["train", "--from", str(first), "--out", str(drawn_data / "second" / "run"), "--steps", "1"]
    assert main(asked) == 0
    recipe, state = begun[0]
    assert (recipe.begin, recipe.variant) == (f"run@{digest(first)[:12]}", "lite0")
    assert all(torch.equal(v, weights[k]) for k, v in state.net.state_dict().items())
    assert all(torch.equal(v, weights[k]) for k, v in state.averaged.items())


def test_a_run_goes_on_from_one_network_of_a_model(drawn_data, capsys):
    from vision.cli import main

    name, out = default_name(), str(drawn_data / "second" / "run")
    assert main(["train", "--from", name, "--steps", "1", "--out", out]) == 1
    assert f"one is needed: {name}:1 or {name}:2" in capsys.readouterr().err
    heads = []
    for begin in (f"{name}:1", f"{name}:2"):
        options = Options(out=drawn_data / begin / "run", steps=1, threads=1)
        heads.append(Run(replace(TINY, begin=begin), options, lambda line: None).net._fc.bias)
    assert [torch.equal(head, net._fc.bias) for head, net in zip(heads, networks(name), strict=True)] == [
        True,
        True,
    ]


def test_a_model_that_teaches_is_all_its_networks(drawn_data):
    name = default_name()
    pictures = torch.from_numpy(golden_pictures())
    whole, both, first = (
        Teachers(names, torch.device("cpu"))(pictures)
        for names in ([name], [f"{name}:1", f"{name}:2"], [f"{name}:1"])
    )
    assert torch.allclose(whole, both, atol=1e-5)
    assert not torch.allclose(whole, first, atol=1e-2)


def test_what_a_run_goes_on_from_cannot_be_made_to_forget(drawn_data, capsys):
    from vision.cli import main

    assert main(["train", "--from", default_name(), "--without", "PAD-UFES-20", "--steps", "1"]) == 1
    assert "begin anew" in capsys.readouterr().err
