"""How each network of a model was trained, as far as its training.json holds it, and in the words of the card."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from vision.registry import ModelError

_OF_A_RUN = ("recipe", "steps", "progress", "hours")


def training_of(folder: Path) -> dict[str, Any]:
    """The training.json of a model folder. Raises ModelError where it is missing or says nothing of the networks."""
    path = folder / "training.json"
    try:
        training = dict(json.loads(path.read_text(encoding="utf-8")))
        networks_in(training)
        return training
    except (OSError, LookupError, TypeError, ValueError) as error:
        raise ModelError(f"{path}: {type(error).__name__}: {error}") from None


def networks_in(training: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What training.json holds of each network, in the file's order.

    called: what it is called; from: the model that it was taken from; runs: of which its weights are the mean, or the
    one: called, times (how often each counts), recipe, steps, progress, hours, sources. What is not known is missing.
    """
    if "networks" in training:
        return list(training["networks"])
    # Older ones tell of the first run of the first network; of the others there are names.
    first: dict[str, Any] = {name: training[name] for name in _OF_A_RUN if name in training}
    first["sources"] = training.get("sources") or [name for name, _ in training["recipe"]["sources"]]
    means = Counter(training.get("mean_of", [""]))
    runs = [{"called": name, "times": times} for name, times in means.items()]
    runs[0] |= first
    return [{"runs": runs}, *({"called": name, "runs": []} for name in training.get("voters", ()))]


def told(training: Mapping[str, Any]) -> str:
    """How the networks of a model were trained, as its card says it, in Markdown."""
    networks = networks_in(training)
    if len(networks) == 1:
        return f"Training: {_network(networks[0])}."
    votes = training.get("votes")
    how = (
        f"the votes count {_listed(f'{vote:.0%}' for vote in votes)}"
        if votes
        else "each vote counts the same"
    )
    named = [": ".join(filter(None, (_name(network), _network(network)))) for network in networks]
    return "\n".join([f"{len(networks)} networks vote; {how}:\n", *(f"- {one}." for one in named)])


def _name(network: Mapping[str, Any]) -> str:
    called, source = network.get("called"), network.get("from")
    return f"{called} (taken from {source})" if called and source else called or source or ""


def _network(network: Mapping[str, Any]) -> str:
    runs = network["runs"]
    if not runs:
        return "how it was trained is not recorded"
    if len(runs) == 1:
        return _run(runs[0])
    whole = sum(run["times"] for run in runs)
    shares = _listed(f"{run['called']} ({run['times'] / whole:.0%})" for run in runs)
    return "; ".join(
        [f"the mean of the weights of {shares}", *(f"{run['called']}: {_run(run)}" for run in runs)]
    )


def _run(run: Mapping[str, Any]) -> str:
    recipe = run.get("recipe")
    if not recipe:
        return "how it was trained is not recorded"
    begin, teachers = recipe.get("begin"), recipe.get("teachers")
    return ", ".join(
        [
            f"{run['steps']:,} steps of {recipe['batch']} pictures ({run['steps'] * recipe['batch']:,} views)",
            f"going on from {begin}" if begin else "beginning with ImageNet weights",
            *([f"taught by {_listed(teachers)} beside the labels"] if teachers else []),
            f"seed {recipe['seed']}",
            *([f"on {_listed(run['sources'])}"] if run.get("sources") else []),
        ]
    )


def _listed(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
