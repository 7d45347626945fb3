"""Networks that teach another one while it trains: what they say of a picture, beside its label.

Imports torch. The student sees in what a picture resembles other classes, too (Hinton et al. 2015), on the very view that
it is shown, mixed pictures included (Beyer et al. 2022).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from vision.export import voter
from vision.net import Voting, fused

SIZE = 160
"""Side in pixels of what teachers see: they decide nearly the same there as at 224, in half the time."""


class Teachers:
    """Networks in evaluation mode. names: as for `vision.export.networks`; the vote of each name counts the same."""

    def __init__(self, names: Sequence[str], device: torch.device) -> None:
        voting = fused(Voting(*map(voter, names)))
        self._voting: Any = voting.to(device, memory_format=torch.channels_last)

    @torch.no_grad()
    def __call__(self, pictures: Tensor) -> Tensor:
        """pictures: float32 (n, 3, h, w), normalised, of any side → probabilities float32 (n, classes)."""
        seen = nn.functional.interpolate(pictures, size=(SIZE, SIZE), mode="bilinear", antialias=True)
        seen = seen.contiguous(memory_format=torch.channels_last)
        told: Tensor = self._voting(seen).softmax(dim=1)
        return told
