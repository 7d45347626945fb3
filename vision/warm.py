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

from vision.net import convolutions
from vision.registry import ModelError

DEAD = 1e-4
"""Norm of a kernel below which it does nothing."""


def load_published(net: Any, folder: Path, pictures: Tensor, *, before: Sequence[Any] = ()) -> None:
    """Set ``net``'s weights to those of the model in ``folder``, in place: of the network that follows ``before`` in it.

    pictures: float32 (n, 3, h, w), normalised; the batch normalisations' statistics are measured on them,
    so some hundred are needed. Raises ModelError if the model is of another architecture.
    """
    graph = onnx.load(str(folder / "model.onnx")).graph
    values = _initialisers(graph)
    weights = [
        (values[node.input[1]], values[node.input[2]]) for node in graph.node if node.op_type == "Conv"
    ]
    pairs = convolutions(net)
    skipped = sum(len(convolutions(other)) for other in before)
    weights = weights[skipped : skipped + len(pairs)]
    if len(pairs) != len(weights):
        raise ModelError(f"{folder} has {len(weights)} convolutions, not the {len(pairs)} of this network")
    hooks = []
    for (convolution, norm), (kernel, bias) in zip(pairs, weights, strict=True):
        if convolution.weight.shape != kernel.shape:
            raise ModelError(f"{folder} has a convolution of another shape")
        # Kernels get the norms of the weights the network came with: the optimiser's step suits those.
        # A channel that is dead in either has no norm to go by.
        old, new = convolution.weight.detach().flatten(1).norm(dim=1), kernel.flatten(1).norm(dim=1)
        scale = torch.where((old > DEAD) & (new > DEAD), old / new.clamp_min(DEAD), torch.ones_like(old))
        convolution.weight.data.copy_(kernel * scale[:, None, None, None])
        hooks.append(convolution.register_forward_hook(_measuring(norm, scale, bias)))
    for name, parameter in net._fc.named_parameters():
        parameter.data.copy_(
            next(v for key, v in values.items() if key.endswith(f"{len(before)}._fc.{name}"))
        )
    net.eval()
    with torch.inference_mode():
        net(pictures)
    for hook in hooks:
        hook.remove()


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
