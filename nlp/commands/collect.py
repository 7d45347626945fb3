"""``python -m nlp collect``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from nlp.commands.numbers import seconds
from nlp.texts import texts

_TEXT = (
    "Collects an app's reviews from a store into a CSV file that `report`, `score` and the portal read. Run again, "
    "it adds what is new and notes what was edited; stopped or refused, it goes on where it was. Authors are "
    "hashed under a key in the state file, e-mail addresses and telephone numbers masked. Never run against the live "
    "stores by this project; the stores' terms of use apply."
)


#: In seconds. Who waits longer between pages has mistyped.
LONGEST_PAUSE = 3600


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
        "--pause",
        type=seconds(LONGEST_PAUSE),
        default=1.5,
        metavar="SECONDS",
        help="seconds between requests (default %(default)s)",
    )
    collect.add_argument("--lang", choices=("ko", "en"), default="ko", help="language of messages")
    collect.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Collect, merge, write; 0 if all there is was read, 1 if only a part or nothing."""
    from nlp.apps import id_in
    from nlp.stores import NoCursor, Settings, StoreError, collect
    from nlp.stores.keeping import ForeignFile, Shelf
    from nlp.stores.state import DamagedState, State

    say, out = texts(options.lang), Path(options.out)
    app = id_in(options.app, options.store)
    if app is None:
        sys.stderr.write(say["collect_unknown"].format(app=options.app, store=options.store) + "\n")
        return 1
    sys.stderr.write(say["collect_terms"] + "\n")
    state_path = Path(options.state) if options.state else out.with_suffix(out.suffix + ".state.json")
    place = f"{options.store}/{app}"
    settings = Settings(base_url=options.base_url, pause=options.pause)
    try:
        state, shelf = State.read(state_path), Shelf(out)
        cursor = state.cursors.get(place)
        batches = collect(options.store, app, cursor=cursor, author_key=state.author_key, settings=settings)
    except (DamagedState, NoCursor):
        sys.stderr.write(say["collect_state"].format(path=state_path) + "\n")
        return 1
    except ForeignFile as error:
        sys.stderr.write(say["collect_csv"].format(path=out, reason=error) + "\n")
        return 1
    except OSError as error:
        path, reason = error.filename or out, error.strerror or error
        sys.stderr.write(say["cli_unreadable"].format(path=path, reason=reason) + "\n")
        return 1
    problem: StoreError | None = None
    capped = False
    try:
        for batch in batches:
            shelf.put(batch.found)
            capped = batch.capped
            # The file first: a cursor may lag behind it, never run ahead.
            shelf.save()
            state.cursors[place] = None if batch.last else batch.cursor
            state.keep(state_path)
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
