"""From a checkpoint to the files of a model folder that come from the network itself.

Imports torch. What is set on validation pictures comes afterwards, in ``vision.fit``.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor

from vision.classes import KEYS
from vision.data import Record
from vision.evaluate import groups_of, trained_on
from vision.golden import golden_pictures
from vision.int8 import in_whole_numbers
from vision.net import Voting, WithMap, fused, head_of, lite, variants_of
from vision.provenance import training_of
from vision.recipe import chosen, recipe_of
from vision.registry import Model, digest, load_model
from vision.views import Float32
from vision.warm import published


def load_checkpoint(*paths: Path, average: bool = True) -> tuple[Any, dict[str, Any]]:
    """The averaged (or last) network of a checkpoint in evaluation mode; which weights they are, and of which runs.

    Several checkpoints make one network, whose weights are the mean of theirs (Wortsman et al. 2022): of runs that
    went on from one another. One that is named twice counts twice. runs: see ``provenance.networks_in``, but sources.
    Raises ValueError if they are of different architectures or were made for pictures of different sizes.
    """
    states = [torch.load(path, map_location="cpu", weights_only=True) for path in paths]
    recipes = [json.loads(state["recipe"]) for state in states]
    variant = _variant(recipes[0])
    if any(_variant(recipe) != variant for recipe in recipes):
        raise ValueError("the weights of different architectures have no mean")
    if any(_sizes(recipe) != _sizes(recipes[0]) for recipe in recipes):
        raise ValueError("the weights of networks for pictures of different sizes have no mean")
    net = lite(variant, len(KEYS), pretrained=False)
    net.load_state_dict(_mean([state["averaged" if average else "net"] for state in states]), strict=True)
    net.eval()
    runs = {
        path: {
            "called": called(str(path)),
            "times": paths.count(path),
            "recipe": recipe,
            "steps": state["step"],
            "progress": round(state["progress"], 4),
            "hours": round(state["seconds"] / 3600.0, 3),
        }
        for path, state, recipe in zip(paths, states, recipes, strict=True)
    }
    return net, {"weights": "moving average" if average else "last", "runs": list(runs.values())}


def _variant(recipe: dict[str, Any]) -> str:
    # Runs from before there was a choice were of Lite0.
    return str(recipe.get("variant", "lite0"))


def _sizes(recipe: dict[str, Any]) -> tuple[int, int]:
    return int(recipe["resolution"]), int(recipe["large"])


def _mean(states: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    return {
        name: torch.stack([state[name].double() for state in states]).mean(dim=0).to(value.dtype)
        for name, value in states[0].items()
    }


def networks(name: str) -> list[Any]:
    """The networks in evaluation mode that a name means, whose mean is what it says.

    Of a checkpoint file one; ``FILE+FILE``: one with the mean of their weights (`load_checkpoint`). Of a model in
    ``vision/models`` all that vote in it, ``MODEL:2``: its second, ``MODEL:1+MODEL:2``: one with the mean of their
    weights. Where votes count differently each speaks as loudly as it does in that model. Raises as `network_of`.
    """
    if files := checkpoints_of(name):
        return [load_checkpoint(*files)[0]]
    return [published(*network_of(each)[0]) for each in each_of(name)]


def voter(name: str) -> Voting:
    """The `networks` that a name means, as one that says what they say together."""
    return Voting(*networks(name))


def checkpoints_of(name: str) -> list[Path]:
    """The files that ``FILE`` or ``FILE+FILE`` names; none, if one of them is no file."""
    whole = [Path(name)] if Path(name).is_file() else [Path(part) for part in name.split("+")]
    return whole if all(path.is_file() for path in whole) else []


def networks_of(name: str) -> tuple[Model, list[int]]:
    """A model, and the numbers of its networks that ``MODEL`` (all) or ``MODEL:2`` (its second) means, 1 for the first.

    Raises ValueError if there is none with that number, ModelError if there is no such model.
    """
    model_name, colon, number = name.partition(":")
    if colon and not (number.isdecimal() and int(number)):
        raise ValueError(
            f"{name}: after the colon comes which network of the model is meant, 1 for the first"
        )
    model = load_model(model_name)
    count = len(variants_of(model.config.architecture))
    if not colon:
        return model, list(range(1, count + 1))
    if int(number) > count:
        raise ValueError(f"{model_name} has {_networks(count)}, no number {number}")
    return model, [int(number)]


def each_of(name: str) -> list[str]:
    """The networks that a name means (`networks`), each by a name of its own."""
    numbers = [] if checkpoints_of(name) or "+" in name else networks_of(name)[1]
    return [f"{name}:{number}" for number in numbers] if len(numbers) > 1 else [name]


def loudness_of(name: str) -> float:
    """How loudly a network speaks, 1 unless it is one of a model in which votes count differently; name: of `each_of`."""
    if checkpoints_of(name):
        return 1.0
    heard = []
    for model, number in network_of(name)[0]:
        votes = training_of(model.folder).get("votes")
        heard.append(float(votes[number - 1] * len(votes)) if votes else 1.0)
    return sum(heard) / len(heard)


def network_of(name: str) -> tuple[list[tuple[Model, int]], str]:
    """Model and number of the one network that a name means, and its variant: ``MODEL:2``, or ``MODEL`` of one network.

    ``MODEL:1+MODEL:2``: those of whose weights it is the mean. Raises ValueError if a part means several networks, or
    if they are of different variants or for pictures of different sizes, and as `networks_of`.
    """
    parts, kinds = [], set()
    for part in name.split("+"):
        model, numbers = networks_of(part)
        if len(numbers) > 1:
            each = " or ".join(f"{part}:{number}" for number in numbers)
            raise ValueError(f"{part} has {_networks(len(numbers))}, and one is needed: {each}")
        parts.append((model, numbers[0]))
        variant = variants_of(model.config.architecture)[numbers[0] - 1]
        kinds.add((variant, model.config.resolution, model.config.input))
    if len(kinds) > 1:
        raise ValueError(f"{name}: of different architectures, or made for pictures of different sizes")
    return parts, kinds.pop()[0]


def _networks(count: int) -> str:
    return "1 network" if count == 1 else f"{count} networks"


def reads_at(name: str) -> tuple[int, int]:
    """Resolution and size of the views, in pixels, for which a network was made; name: as for `networks`."""
    if files := checkpoints_of(name):
        return _sizes(load_checkpoint(*files)[1]["runs"][0]["recipe"])
    config = load_model(name.partition("+")[0].partition(":")[0]).config
    return config.resolution, config.input


def seen_by(name: str, records: Sequence[Record]) -> set[str]:
    """Ids of the pictures that a network was trained on; name: as for `networks`."""
    if files := checkpoints_of(name):
        return seen_by_runs(files, records)
    models = [load_model(part.partition(":")[0]) for part in name.split("+")]
    return set().union(*(trained_on(model.folder)[0] for model in models))


def seen_by_runs(checkpoints: Iterable[Path], records: Sequence[Record]) -> set[str]:
    """Ids of the pictures that any of these runs was trained on; of older ones, which do not say: by their recipe."""
    ids: set[str] = set()
    for path in checkpoints:
        state = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        if "trained_on" in state:
            ids.update(state["trained_on"])
        else:
            recipe = recipe_of(json.loads(state["recipe"]))
            ids.update(r.image_id for r in chosen(records, recipe, "train"))
    return ids


def called(name: str) -> str:
    """What a network is called where it is published: of a checkpoint file, its run (FILE+FILE: each)."""
    parts = [name] if Path(name).is_file() else name.split("+")
    return " + ".join(Path(part).parent.name or part for part in parts)


def named(checkpoint: Path) -> str:
    """A checkpoint file by its run and what is in it: RUN@ and the first 12 digits of its sha256."""
    return f"{checkpoint.resolve().parent.name}@{digest(checkpoint)[:12]}"


def with_weight(net: Any, weight: float) -> Any:
    """A copy of a network that says ``weight`` times its logits: in a mean of n networks its vote counts weight/n."""
    net = deepcopy(net)
    with torch.no_grad():
        for parameter in net._fc.parameters():
            parameter.mul_(weight)
    return net


def export_onnx(nets: Sequence[Any], folder: Path, *, whole_numbers: Iterable[Float32] = ()) -> None:
    """Write model.onnx, head.npy and golden.npy (what torch says of ``golden_pictures``).

    pictures → logits, features, texture; any batch and any sides that are multiples of 32. Weights are kept
    in 16 bits and computed with in 32, or, if there are pictures in ``whole_numbers``, in 8 whole ones (``int8``).
    ``nets``: one, or several that vote (their mean).
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
    if pictures := list(whole_numbers):
        in_whole_numbers(folder / "model.onnx", pictures)
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


def write_trained_on(ids: Iterable[str], records: Iterable[Record], folder: Path) -> None:
    """Write trained_on.txt: a line per picture with its id and, after tabs, its lesion and patient (see records)."""
    groups = {r.image_id: sorted(groups_of(r)) for r in records}
    lines = ["# picture\tlesion and patient: what may never be measured on again"]
    lines += ["\t".join([image_id, *groups.get(image_id, [])]) for image_id in sorted(ids)]
    (folder / "trained_on.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
