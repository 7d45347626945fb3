"""A model that computes in whole numbers of 8 bits: half the time of 32-bit floats, if validation cannot tell them apart.

The file keeps the floats: each weight is rounded when the model is loaded, each map of features while it is computed
(pairs of QuantizeLinear and DequantizeLinear around every convolution and sum, which ONNX Runtime computes in whole
numbers). Without the pairs it is the float model again, which torch is compared with and training goes on from.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

import onnx
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from vision.views import Float32

PAIR = ("QuantizeLinear", "DequantizeLinear")
ROUNDED = ["Conv", "Clip", "Add"]


class _Pictures(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, pictures: Iterable[Float32]) -> None:
        self._left = iter(pictures)

    def get_next(self) -> dict[str, Float32] | None:
        picture = next(self._left, None)
        return None if picture is None else {"pictures": picture}


def in_whole_numbers(path: Path, pictures: Iterable[Float32]) -> None:
    """Round a model.onnx whose weights are 32-bit floats, in place.

    pictures: float32 (1, 3, h, w) each, normalised: the least and the greatest value of every map on them bound what
    8 bits have to hold.
    """
    with tempfile.TemporaryDirectory() as name:
        plain, rounded = Path(name) / "plain.onnx", Path(name) / "rounded.onnx"
        options = onnxruntime.SessionOptions()
        # Nothing but constants worked out: so every convolution finds its weights beside it.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(plain)
        onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        _say_prepared(plain)
        quantize_static(
            str(plain),
            str(rounded),
            _Pictures(pictures),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=ROUNDED,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            # Weights of 7 bits: processors without instructions for this add up pairs in 16 bits, and must say the same.
            reduce_range=True,
            extra_options={
                "AddQDQPairToWeight": True,
                "QuantizeBias": False,
                "QDQKeepRemovableActivations": True,
            },
        )
        shutil.copyfile(rounded, path)


def _say_prepared(path: Path) -> None:
    # What quantize_static looks for, lest it advise to prepare the model first.
    model = onnx.load(str(path))
    onnx.helper.set_model_props(model, {"onnx.quant.pre_process": "onnxruntime.quant"})
    onnx.save(model, str(path))


def is_rounded(model: onnx.ModelProto) -> bool:
    """Whether it computes in whole numbers."""
    return any(node.op_type in PAIR for node in model.graph.node)


def in_floats(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model without rounding: another one, or itself if it does not round."""
    if not is_rounded(model):
        return model
    floats = onnx.ModelProto()
    floats.CopyFrom(model)
    before = {node.output[0]: node.input[0] for node in model.graph.node if node.op_type in PAIR}
    kept = [node for node in floats.graph.node if node.op_type not in PAIR]
    for node in kept:
        for number, name in enumerate(node.input):
            while name in before:
                name = before[name]
            node.input[number] = name
    used = {name for node in kept for name in node.input}
    values = [value for value in floats.graph.initializer if value.name in used]
    for part, left in ((floats.graph.node, kept), (floats.graph.initializer, values)):
        del part[:]
        part.extend(left)
    return floats
