"""What it costs that a model computes in whole numbers (``int8``): the same pictures, with rounding and without."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnx

from vision.data import read_labels
from vision.fit_limits import bytes_of
from vision.int8 import in_floats, is_rounded
from vision.judging import Pictures, differences, judge, judged_records
from vision.predict import Predictor
from vision.registry import write_sums
from vision.samples import read_all


@contextmanager
def float_twin(folder: Path) -> Iterator[Path]:
    """A copy of a model folder that computes in 32-bit floats, for as long as it is needed."""
    with tempfile.TemporaryDirectory() as name:
        twin = Path(name) / folder.name
        shutil.copytree(folder, twin)
        onnx.save(in_floats(onnx.load(str(folder / "model.onnx"))), str(twin / "model.onnx"))
        write_sums(twin)
        yield twin


def against_floats(folder: Path, data: Path, *, threads: int) -> dict[str, Any] | None:
    """What rounding costs on the validation pictures, judged as in ``vision.judging``; nothing for a model of floats.

    Loss and class-balanced accuracy above those of the float model, each with its interval (value, low, high), and the
    share of pictures whose decision stays. data: where labels.csv and images are.
    """
    if not is_rounded(onnx.load(str(folder / "model.onnx"))):
        return None
    records = judged_records(read_labels(data / "labels.csv"))
    pictures = Pictures.of(records)
    with float_twin(folder) as twin:
        judged = []
        for each in (folder, twin):
            predictor = Predictor.load(str(each), threads=threads)
            logits = read_all(predictor, bytes_of(data / "images", records)).logits
            judged.append(judge(logits, pictures))
    rounded, floats = judged
    loss, gain = differences(rounded, floats, pictures)
    return {
        "pictures": len(records),
        "loss": [round(value, 4) for value in loss],
        "balanced_accuracy": [round(value, 4) for value in gain],
        "same_decision": round(float((rounded.top == floats.top).mean()), 4),
    }
