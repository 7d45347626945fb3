"""The plain way to read a photo, which the served one is compared with: Pillow decodes every pixel, torch runs eagerly.

Imports torch. The same networks in 32-bit floats, the same views, the same answer but for what the served one rounds.
"""

from __future__ import annotations

import io
import time
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor, nn

from vision.net import WithMap, variants_of
from vision.registry import Config, Model
from vision.views import make_views
from vision.warm import published


def networks(model: Model) -> WithMap:
    """The published model as torch modules, in evaluation mode."""
    count = len(variants_of(model.config.architecture))
    return WithMap(*(published((model, number)) for number in range(1, count + 1))).eval()


def read(nets: WithMap, photo: bytes, config: Config) -> tuple[np.ndarray, dict[str, float]]:
    """Mean logits (classes,) over the views of a photo, and milliseconds by stage."""
    start = time.perf_counter()
    picture = ImageOps.exif_transpose(Image.open(io.BytesIO(photo))).convert("RGB")
    decoded = time.perf_counter()
    views = make_views(
        picture,
        config.views,
        resolution=config.resolution,
        size=config.input,
        mean=config.mean,
        std=config.std,
    )
    with torch.no_grad():
        logits = [nets(torch.from_numpy(view.values))[0][0].numpy() for view in views]
    done = time.perf_counter()
    times = {
        "decode": (decoded - start) * 1e3,
        "views and networks": (done - decoded) * 1e3,
        "total": (done - start) * 1e3,
    }
    return np.mean(logits, axis=0), times


def multiplications(nets: WithMap, config: Config, photo: bytes) -> float:
    """How many multiplications with an addition the networks need for the views of a photo."""
    counted: list[float] = []

    def hook(module: nn.Conv2d, _inputs: Any, output: Tensor) -> None:
        counted.append(float(output.numel() * module.weight[0].numel()))

    hooks = [m.register_forward_hook(hook) for m in nets.modules() if isinstance(m, nn.Conv2d)]
    read(nets, photo, config)
    for each in hooks:
        each.remove()
    return sum(counted)
