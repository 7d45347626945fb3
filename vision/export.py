"""From a checkpoint to the files of a model folder that come from the network itself.

Imports torch. What is set on validation pictures comes afterwards, in ``vision.fit``.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vision.classes import KEYS
from vision.data import Record
from vision.evaluate import groups_of
from vision.golden import golden_pictures
from vision.net import WithMap, lite0


def load_checkpoint(path: Path, *, average: bool = True) -> tuple[Any, dict[str, Any]]:
    """The averaged (or last) network of a checkpoint in evaluation mode, and the run's recipe and progress."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    net = lite0(len(KEYS), pretrained=False)
    net.load_state_dict(state["averaged" if average else "net"], strict=True)
    net.eval()
    about = {
        "weights": "moving average" if average else "last",
        "recipe": json.loads(state["recipe"]),
        "steps": state["step"],
        "progress": round(state["progress"], 4),
        "hours": round(state["seconds"] / 3600.0, 3),
    }
    return net, about


def export_onnx(net: Any, folder: Path) -> None:
    """Write model.onnx, head.npy and golden.npy (what torch says of ``golden_pictures``).

    pictures → logits, features, texture; any batch and any sides that are multiples of 32.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sample = torch.zeros(1, 3, 160, 160)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            WithMap(net).eval(),
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
    np.save(folder / "head.npy", net._fc.weight.detach().numpy().astype(np.float32))
    with torch.inference_mode():
        logits, _, _ = WithMap(net).eval()(torch.from_numpy(golden_pictures()))
    np.save(folder / "golden.npy", logits.numpy())


def write_trained_on(records: list[Record], folder: Path) -> None:
    """Write trained_on.txt: a line per picture with its id and, after tabs, its lesion and patient."""
    lines = ["# picture\tlesion and patient: what may never be measured on again"]
    lines += [
        "\t".join([r.image_id, *sorted(groups_of(r))]) for r in sorted(records, key=lambda r: r.image_id)
    ]
    (folder / "trained_on.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
