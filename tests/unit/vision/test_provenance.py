"""What a model's card says of how its networks were trained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vision.provenance import networks_in, told, training_of
from vision.registry import ModelError


def run(**given: Any) -> dict[str, Any]:
    recipe = {"seed": 7, "batch": 48, "begin": "", "teachers": [], **given.pop("recipe", {})}
    return {"called": "one", "times": 1, "steps": 1000, "sources": ["A", "B", "C"], "recipe": recipe} | given


def test_one_network_is_told_in_a_sentence() -> None:
    training = {"networks": [{"called": "one", "runs": [run()]}]}
    assert told(training) == (
        "Training: 1,000 steps of 48 pictures (48,000 views), beginning with ImageNet weights, seed 7, on A, B and C."
    )


def test_each_network_that_votes_is_told_with_what_it_began_with_and_its_teachers() -> None:
    taught = run(
        called="two", steps=10, recipe={"begin": "old:2", "seed": 8, "teachers": ["x", "y"]}, sources=["A"]
    )
    training = {
        "networks": [
            {"called": "one", "runs": [run()]},
            {"called": "two", "from": "older:1", "runs": [taught]},
            {"called": "three", "runs": []},
        ],
        "votes": [0.5, 0.3, 0.2],
    }
    more = "going on from old:2, taught by x and y beside the labels, seed 8, on A"
    head, empty, *lines = told(training).splitlines()
    assert (head, empty) == ("3 networks vote; the votes count 50%, 30% and 20%:", "")
    assert lines[0].startswith(
        "- one: 1,000 steps of 48 pictures (48,000 views), beginning with ImageNet weights"
    )
    assert lines[1:] == [
        f"- two (taken from older:1): 10 steps of 48 pictures (480 views), {more}.",
        "- three: how it was trained is not recorded.",
    ]
    del training["votes"]
    assert told(training).startswith("3 networks vote; each vote counts the same:")


def test_a_network_of_mean_weights_tells_of_every_run() -> None:
    runs = [run(times=2), run(called="two", recipe={"seed": 9})]
    said = told({"networks": [{"called": "one + two", "runs": runs}]})
    assert said.startswith(
        "Training: the mean of the weights of one (67%) and two (33%); one: 1,000 steps of"
    )
    assert "; two: 1,000 steps" in said
    assert said.endswith("seed 9, on A, B and C.")


def test_older_folders_tell_what_they_hold() -> None:
    recipe = {"seed": 42, "batch": 48, "begin": "old:2", "sources": [["A", 1.0], ["B", 0.5]]}
    older = {"recipe": recipe, "steps": 1428, "progress": 1.0, "hours": 0.6, "voters": ["other"]}
    assert told(older).splitlines() == [
        "2 networks vote; each vote counts the same:",
        "",
        "- 1,428 steps of 48 pictures (68,544 views), going on from old:2, seed 42, on A and B.",
        "- other: how it was trained is not recorded.",
    ]
    mean = {**older, "mean_of": ["new", "new", "old"], "voters": [], "sources": ["A"]}
    (network,) = networks_in(mean)
    assert [(one["called"], one["times"], "steps" in one) for one in network["runs"]] == [
        ("new", 2, True),
        ("old", 1, False),
    ]
    assert network["runs"][0]["sources"] == ["A"]


@pytest.mark.parametrize("content", [None, "[", "[]", "{}", '{"recipe": {}}', '{"recipe": 3}'])
def test_what_tells_nothing_of_the_networks_is_named(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "training.json").write_text(content)
    with pytest.raises(ModelError, match=r"training\.json"):
        training_of(tmp_path)


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    training = {"networks": [{"called": "one", "runs": [run()]}], "sources": ["A"]}
    (tmp_path / "training.json").write_text(json.dumps(training))
    assert training_of(tmp_path) == training
