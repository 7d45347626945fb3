"""Going on from a published model: its folded ONNX weights back into a network that can be trained.

Imports torch. Export folds every batch normalisation into the convolution before it, so the network is
taken apart again: the statistics are measured anew on training pictures, and what remains is set so that
the network says exactly what the model says.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from vision.classes import KEYS
from vision.golden import golden_pictures
from vision.int8 import in_floats
from vision.net import convolutions, lite, variants_of
from vision.registry import Model, ModelError

DEAD = 1e-4
"""Norm of a kernel below which it does nothing."""


def load_published(net: Any, parts: Sequence[tuple[Path, int]], pictures: Tensor) -> None:
    """Set ``net``'s weights to those of a published network, in place: a model's folder and the network's number.

    Of several: to the mean of their weights, with batch normalisation folded into them. pictures: float32
    (n, 3, h, w), normalised; the batch normalisations' statistics are measured on them, so some hundred are needed.
    Raises ModelError if a model is of another architecture.
    """
    pairs = convolutions(net)
    each = [_weights(folder, number) for folder, number in parts]
    for (folder, _), found in zip(parts, each, strict=True):
        kernels = [name for name, value in found.items() if name.endswith(".weight") and value.ndim == 4]
        if len(pairs) != len(kernels):
            raise ModelError(
                f"{folder} has {len(kernels)} convolutions, not the {len(pairs)} of this network"
            )
        if any(found[name].shape != value.shape for name, value in each[0].items()):
            raise ModelError(f"{folder} has a convolution of another shape")
    values = {name: torch.stack([found[name] for found in each]).mean(dim=0) for name in each[0]}
    names = {module: name for name, module in net.named_modules()}
    hooks = []
    for convolution, norm in pairs:
        kernel, bias = (values.get(f"{names[convolution]}.{part}") for part in ("weight", "bias"))
        if kernel is None or bias is None or convolution.weight.shape != kernel.shape:
            raise ModelError(f"{parts[0][0]} has a convolution of another shape")
        # Kernels get the norms of the weights the network came with: the optimiser's step suits those.
        # A channel that is dead in either has no norm to go by.
        old, new = convolution.weight.detach().flatten(1).norm(dim=1), kernel.flatten(1).norm(dim=1)
        scale = torch.where((old > DEAD) & (new > DEAD), old / new.clamp_min(DEAD), torch.ones_like(old))
        convolution.weight.data.copy_(kernel * scale[:, None, None, None])
        hooks.append(convolution.register_forward_hook(_measuring(norm, scale, bias)))
    for name, parameter in net._fc.named_parameters():
        parameter.data.copy_(values[f"_fc.{name}"])
    net.eval()
    with torch.inference_mode():
        net(pictures)
    for hook in hooks:
        hook.remove()


def published(*parts: tuple[Model, int]) -> Any:
    """A model's network of that number, 1 for the first, in evaluation mode; of several: the mean of their weights."""
    model, number = parts[0]
    net = lite(variants_of(model.config.architecture)[number - 1], len(KEYS), pretrained=True)
    folders = [(model.folder, number) for model, number in parts]
    load_published(net, folders, torch.from_numpy(golden_pictures()))
    return net


def _measuring(norm: nn.BatchNorm2d, scale: Tensor, bias: Tensor) -> Any:
    def hook(_module: nn.Module, _inputs: Any, output: Tensor) -> None:
        mean, spread = output.mean(dim=(0, 2, 3)), output.var(dim=(0, 2, 3), unbiased=False)
        norm.running_mean.copy_(mean)  # type: ignore[union-attr]
        norm.running_var.copy_(spread)  # type: ignore[union-attr]
        # output is scale × the folded convolution without its bias; undo the scale, add the bias.
        norm.weight.data.copy_((spread + norm.eps).sqrt() / scale)
        norm.bias.data.copy_(mean / scale + bias)

    return hook


def _weights(folder: Path, number: int) -> dict[str, Tensor]:
    """What a network of the model in ``folder`` computes with, by the names that its modules have in torch."""
    values = _initialisers(in_floats(onnx.load(str(folder / "model.onnx"))).graph)
    prefix = f"nets.{number - 1}."
    return {name.removeprefix(prefix): value for name, value in values.items() if name.startswith(prefix)}


def _initialisers(graph: Any) -> dict[str, Tensor]:
    """Weights by the name under which they are used: those kept in 16 bits are cast on the way."""
    values = {i.name: torch.from_numpy(np.array(numpy_helper.to_array(i))).float() for i in graph.initializer}
    for node in graph.node:
        if node.op_type == "Cast" and node.input[0] in values:
            values[node.output[0]] = values[node.input[0]]
    return values
