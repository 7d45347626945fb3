"""Going on from a published model: its folded ONNX weights back into a network that can be trained.

Imports torch. Export folds every batch normalisation into the convolution before it, so the network is
taken apart again: the statistics are measured anew on training pictures, and what remains is set so that
the network says exactly what the model says.
"""

from __future__ import annotations

import re
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


def load_published(net: Any, folder: Path, pictures: Tensor, *, number: int = 1) -> None:
    """Set ``net``'s weights to those of the model in ``folder``, in place; number: of which of its networks.

    pictures: float32 (n, 3, h, w), normalised; the batch normalisations' statistics are measured on them,
    so some hundred are needed. Raises ModelError if the model is of another architecture.
    """
    values = _initialisers(in_floats(onnx.load(str(folder / "model.onnx"))).graph)
    prefix = f"nets.{number - 1}."
    pairs = convolutions(net)
    kernels = [
        name
        for name, value in values.items()
        if re.match(rf"{re.escape(prefix)}.*\.weight$", name) and value.ndim == 4
    ]
    if len(pairs) != len(kernels):
        raise ModelError(f"{folder} has {len(kernels)} convolutions, not the {len(pairs)} of this network")
    names = {module: name for name, module in net.named_modules()}
    hooks = []
    for convolution, norm in pairs:
        kernel, bias = (values.get(f"{prefix}{names[convolution]}.{part}") for part in ("weight", "bias"))
        if kernel is None or bias is None or convolution.weight.shape != kernel.shape:
            raise ModelError(f"{folder} has a convolution of another shape")
        # Kernels get the norms of the weights the network came with: the optimiser's step suits those.
        # A channel that is dead in either has no norm to go by.
        old, new = convolution.weight.detach().flatten(1).norm(dim=1), kernel.flatten(1).norm(dim=1)
        scale = torch.where((old > DEAD) & (new > DEAD), old / new.clamp_min(DEAD), torch.ones_like(old))
        convolution.weight.data.copy_(kernel * scale[:, None, None, None])
        hooks.append(convolution.register_forward_hook(_measuring(norm, scale, bias)))
    for name, parameter in net._fc.named_parameters():
        parameter.data.copy_(values[f"{prefix}_fc.{name}"])
    net.eval()
    with torch.inference_mode():
        net(pictures)
    for hook in hooks:
        hook.remove()


def published(model: Model, number: int) -> Any:
    """A model's network of that number, 1 for the first, in evaluation mode."""
    net = lite(variants_of(model.config.architecture)[number - 1], len(KEYS), pretrained=True)
    load_published(net, model.folder, torch.from_numpy(golden_pictures()), number=number)
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


def _initialisers(graph: Any) -> dict[str, Tensor]:
    """Weights by the name under which they are used: those kept in 16 bits are cast on the way."""
    values = {i.name: torch.from_numpy(np.array(numpy_helper.to_array(i))).float() for i in graph.initializer}
    for node in graph.node:
        if node.op_type == "Cast" and node.input[0] in values:
            values[node.output[0]] = values[node.input[0]]
    return values
