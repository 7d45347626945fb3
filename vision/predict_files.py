"""``python -m vision predict``: files and folders in, a line for each picture out, and one for each lesion."""

from __future__ import annotations

import argparse
from collections.abc import Hashable, Sequence
from pathlib import Path

from vision.classes import KEYS
from vision.files import find_pictures
from vision.heatmap import LONGEST_OVERLAY, laid_over
from vision.images import UnreadableImage, decode
from vision.metadata import About, about, read_metadata, unused
from vision.output import say, write, write_json
from vision.predict import Prediction, Predictor
from vision.refusals import Refusal, refusal


def predict_files(args: argparse.Namespace) -> int:
    """Read every picture and write what is said of it; 1 if one could not be read or a folder holds none."""
    predictor = Predictor.load(args.model, threads=args.threads)
    known = read_metadata(Path(args.metadata), say) if args.metadata else {}
    pictures, empty = find_pictures(map(Path, args.paths))
    for folder in empty:
        _refuse(folder, Refusal("no_pictures", "no pictures in this folder"), jsonl=args.jsonl)
    failed = len(empty)
    used: list[About] = []
    drawn: set[Path] = set()
    lesions: dict[str, dict[Hashable, Prediction | None]] = {}
    for picture in pictures:
        row = about(known, picture.path)
        used.append(row)
        found = _predict_one(predictor, picture.path, row, jsonl=args.jsonl)
        failed += found is None
        if found is not None and args.heatmap:
            name = "-".join([*picture.path.relative_to(picture.below).parts[:-1], picture.path.stem])
            place = _free(Path(args.heatmaps_in) / name, drawn)
            _draw_heatmaps(predictor, picture.path, found, args.heatmap, place)
        if row.lesion:
            # A photo under two names is one piece of evidence.
            lesions.setdefault(row.lesion, {})[picture.file] = found
    if rest := unused(known, used):
        say(f"{args.metadata}: {rest}")
    for lesion, several in lesions.items():
        if len(several) > 1:
            _say_together(predictor, lesion, list(several.values()), jsonl=args.jsonl)
    return 1 if failed else 0


def _predict_one(predictor: Predictor, path: Path, about: About, *, jsonl: bool) -> Prediction | None:
    try:
        found = predictor.predict(path.read_bytes(), about.known)
    except (OSError, UnreadableImage, MemoryError) as error:
        _refuse(path, refusal(error), jsonl=jsonl)
        return None
    if jsonl:
        used = {"metadata": sorted(about.known.values())} if about.known.values() else {}
        write_json({"path": str(path), **found.to_json(), **used})
    else:
        write(f"{path}\t{found.top}\trisk {found.risk:.3f}\t{found.outcome} ({found.reason})")
    return found


def _refuse(path: Path, refused: Refusal, *, jsonl: bool) -> None:
    say(f"{path}: {refused}")
    if jsonl:
        write_json({"path": str(path), **refused.to_json()})


def _free(place: Path, taken: set[Path]) -> Path:
    """The place itself, or with a number behind if another picture of this run has it; then it is taken."""
    chosen, number = place, 1
    while chosen in taken:
        number += 1
        chosen = place.with_name(f"{place.name}-{number}")
    taken.add(chosen)
    return chosen


def _draw_heatmaps(
    predictor: Predictor, path: Path, found: Prediction, asked: Sequence[str], place: Path
) -> None:
    keys = KEYS if "all" in asked else [found.top if key == "top" else key for key in asked]
    data = path.read_bytes()
    photo = decode(data, LONGEST_OVERLAY).pixels
    place.parent.mkdir(parents=True, exist_ok=True)
    for key, seen in predictor.heatmaps(data, list(dict.fromkeys(keys))).items():
        drawn = place.with_name(f"{place.name}.{key}.png")
        laid_over(photo, seen).save(drawn)
        say(f"written: {drawn}")


def _say_together(
    predictor: Predictor, lesion: str, several: Sequence[Prediction | None], *, jsonl: bool
) -> None:
    """several: of each file named for the lesion; None: it could not be opened."""
    opened = [one for one in several if one is not None]
    broken = len(several) - len(opened)
    if not opened:
        refused = Refusal("all_broken", f"none of {broken} files is a picture that can be opened")
        say(f"lesion {lesion}: {refused}")
        if jsonl:
            write_json({"lesion": lesion, "photos": 0, "read": 0, "broken": broken, **refused.to_json()})
        return
    found = predictor.together(opened, broken=broken)
    if jsonl:
        write_json({"lesion": lesion, **found.to_json()})
        return
    read = f"{found.read} of {found.photos} photos together" + (f", {broken} more broken" if broken else "")
    write(f"lesion {lesion}\t{found.top}\trisk {found.risk:.3f}\t{found.outcome} ({found.reason})\t{read}")
