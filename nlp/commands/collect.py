"""``python -m nlp collect``."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
from pathlib import Path
from typing import Any

from nlp.texts import texts

_TEXT = (
    "Collects an app's reviews from a store into a CSV file that `report`, `score` and the portal read. Run again, "
    "it adds what is new and notes what was edited; stopped or refused, it goes on where it was. Authors are "
    "hashed under a key in the state file, e-mail addresses and telephone numbers masked. Never run against the live "
    "stores by this project; the stores' terms of use apply."
)


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    collect = commands.add_parser("collect", help="collect reviews from a store", description=_TEXT)
    collect.add_argument("--app", required=True, help="store id or name of an app, e.g. 517637141 or 굿닥")
    collect.add_argument("--store", choices=("appstore", "googleplay"), default="appstore")
    collect.add_argument("--out", required=True, metavar="CSV", help="file to write or to add to")
    collect.add_argument(
        "--state", metavar="FILE", help="where to go on, and the key (default: CSV.state.json)"
    )
    collect.add_argument("--base-url", metavar="URL", help="another address than the store's, for tests")
    collect.add_argument(
        "--pause", type=float, default=1.5, help="seconds between requests (default %(default)s)"
    )
    collect.add_argument("--lang", choices=("ko", "en"), default="ko", help="language of messages")
    collect.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Collect, merge, write; 0 if all there is was read, 1 if only a part or nothing."""
    from nlp.apps import id_in
    from nlp.stores import Settings, StoreError, collect
    from nlp.stores.keeping import Shelf

    say, out = texts(options.lang), Path(options.out)
    app = id_in(options.app, options.store)
    if app is None:
        sys.stderr.write(say["collect_unknown"].format(app=options.app, store=options.store) + "\n")
        return 1
    sys.stderr.write(say["collect_terms"] + "\n")
    state_path = Path(options.state) if options.state else out.with_suffix(out.suffix + ".state.json")
    place = f"{options.store}/{app}"
    try:
        state, shelf = _state(state_path), Shelf(out)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"nlp: {error}\n")
        return 1
    settings = Settings(base_url=options.base_url, pause=options.pause)
    problem: StoreError | None = None
    capped = False
    try:
        for batch in collect(
            options.store,
            app,
            cursor=state["cursors"].get(place),
            author_key=bytes.fromhex(state["author_key"]),
            settings=settings,
        ):
            shelf.put(batch.found)
            capped = batch.capped
            # The file first: a cursor may lag behind it, never run ahead.
            shelf.save()
            state["cursors"][place] = None if batch.last else batch.cursor
            _keep(state_path, state)
            of = f"/{batch.total}" if batch.total else ""
            sys.stderr.write(
                say["collect_page"].format(page=f"{batch.done}{of}", reviews=shelf.kept.reviews) + "\n"
            )
    except StoreError as error:
        problem = error
    except OSError as error:
        sys.stderr.write(
            say["cli_cannot_write"].format(out=error.filename or out, reason=error.strerror or error) + "\n"
        )
        return 1
    why = None if problem is None else problem.reason_ko if options.lang == "ko" else problem.reason_en
    if capped and why is None:
        why = say["collect_capped"]
    result = {"app": app, "store": options.store, **vars(shelf.kept), "partial": why is not None, "why": why}
    sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
    if problem is not None:
        sys.stderr.write(f"{why}\n")
    return 0 if problem is None else 1


def _state(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {"author_key": secrets.token_hex(32), "cursors": {}}
    state = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(state, dict) or {"author_key", "cursors"} - set(state):
        raise ValueError(f"{path} is no state of this command")
    return state


def _keep(path: Path, state: dict[str, Any]) -> None:
    """Write the state aside and put it in place; only its owner may read the key in it."""
    partial = path.with_name(f".{path.name}.part")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(state, file)
    partial.replace(path)
