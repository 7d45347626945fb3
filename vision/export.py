"""From a checkpoint to the files of a model folder that come from the network itself.

Imports torch. What is set on validation pictures comes afterwards, in ``vision.fit``.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from vision.classes import KEYS
from vision.data import Record
from vision.evaluate import groups_of
from vision.golden import golden_pictures
from vision.net import WithMap, fused, head_of, lite
from vision.registry import MODELS
from vision.warm import load_published


def load_checkpoint(path: Path, *, average: bool = True) -> tuple[Any, dict[str, Any]]:
    """The averaged (or last) network of a checkpoint in evaluation mode, and the run's recipe and progress."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    recipe = json.loads(state["recipe"])
    net = lite(recipe.get("variant", "lite0"), len(KEYS), pretrained=False)
    net.load_state_dict(state["averaged" if average else "net"], strict=True)
    net.eval()
    about = {
        "weights": "moving average" if average else "last",
        "recipe": recipe,
        "steps": state["step"],
        "progress": round(state["progress"], 4),
        "hours": round(state["seconds"] / 3600.0, 3),
    }
    return net, about


def published(name: str) -> Any:
    """The (first) network of a model in ``vision/models``, in evaluation mode."""
    net = lite("lite0", len(KEYS), pretrained=True)
    load_published(net, MODELS / name, torch.from_numpy(golden_pictures()))
    return net


def export_onnx(nets: Sequence[Any], folder: Path) -> None:
    """Write model.onnx, head.npy and golden.npy (what torch says of ``golden_pictures``).

    pictures → logits, features, texture; any batch and any sides that are multiples of 32. Weights are kept
    in 16 bits and computed with in 32. ``nets``: one, or several that vote (their mean).
    """
    folder.mkdir(parents=True, exist_ok=True)
    whole = WithMap(*(fused(net) for net in nets)).eval()
    sample = torch.zeros(1, 3, 160, 160)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            whole,
            (sample,),
            str(folder / "model.onnx"),
            input_names=["pictures"],
            output_names=["logits", "features", "texture"],
            dynamic_axes={
                "pictures": {0: "n", 2: "height", 3: "width"},
                "logits": {0: "n"},
                "features": {0: "n", 2: "rows", 3: "columns"},
                "texture": {0: "n"},
            },
            opset_version=17,
            dynamo=False,
        )
    _halve(folder / "model.onnx")
    np.save(folder / "head.npy", head_of(nets).numpy().astype(np.float32))
    with torch.inference_mode():
        logits, _, _ = whole(torch.from_numpy(golden_pictures()))
    np.save(folder / "golden.npy", logits.numpy())


def _halve(path: Path) -> None:
    """Keep the convolutions' weights in 16 bits; they are cast to 32 when the model is loaded."""
    model = onnx.load(str(path))
    casts = []
    for kept in model.graph.initializer:
        values = numpy_helper.to_array(kept)
        if values.dtype != np.float32 or values.ndim < 4:
            continue
        name = kept.name
        kept.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_16"))
        casts.append(helper.make_node("Cast", [f"{name}_16"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def write_trained_on(records: list[Record], folder: Path) -> None:
    """Write trained_on.txt: a line per picture with its id and, after tabs, its lesion and patient."""
    lines = ["# picture\tlesion and patient: what may never be measured on again"]
    lines += [
        "\t".join([r.image_id, *sorted(groups_of(r))]) for r in sorted(records, key=lambda r: r.image_id)
    ]
    (folder / "trained_on.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
