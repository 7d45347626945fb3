"""A server on loopback that speaks as the App Store and Google Play do, well or badly, as a test tells it to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Answer:
    """What is sent back. ``cut``: end the body after so many bytes; ``drip``: seconds before each byte."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    drip: float = 0.0


Script = Callable[[str, str], Answer]


@dataclass
class Store:
    """``answer`` gets path and request body; ``asked`` is every path in order."""

    url: str
    answer: Script
    asked: list[str] = field(default_factory=list)


@contextmanager
def serve(answer: Script) -> Iterator[Store]:
    """Serve on a port of its own until left."""
    store = Store("", answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._reply("")

        def do_POST(self) -> None:
            self._reply(self.rfile.read(int(self.headers["Content-Length"])).decode())

        def _reply(self, body: str) -> None:
            store.asked.append(self.path)
            said = store.answer(self.path, body)
            self.send_response(said.status)
            self.send_header("Content-Length", str(len(said.body)))
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.close_connection = True
            try:
                if said.drip:
                    for byte in said.body:
                        time.sleep(said.drip)
                        self.wfile.write(bytes([byte]))
                        self.wfile.flush()
                else:
                    self.wfile.write(said.body[: said.cut])
            except OSError:
                pass  # whoever asked has given up, as the test wants

        def log_message(self, *_arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    store.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield store
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def feed_entry(number: int, **given: Any) -> dict[str, Any]:
    """One review of the App Store's feed."""
    values = {
        "author": f"사람{number}",
        "star": 1 + number % 5,
        "title": f"제목 {number}",
        "text": f"내용 {number}",
        "updated": f"2023-0{1 + number % 9}-1{number % 10}T10:00:00-07:00",
        "version": "3.2.1",
    } | given
    return {
        "author": {"name": {"label": values["author"]}, "uri": {"label": "https://example.org"}},
        "updated": {"label": values["updated"]},
        "im:rating": {"label": str(values["star"])},
        "im:version": {"label": values["version"]},
        "id": {"label": str(9_000_000_000 + number)},
        "title": {"label": values["title"]},
        "content": {"label": values["text"], "attributes": {"type": "text"}},
        "im:voteSum": {"label": "0"},
        "im:voteCount": {"label": "2"},
    }


def feed(entries: list[dict[str, Any]] | dict[str, Any] | None) -> bytes:
    """A page of the App Store's feed; ``None``: one without entries."""
    inside: dict[str, Any] = {"author": {"name": {"label": "iTunes Store"}}, "title": {"label": "reviews"}}
    if entries is not None:
        inside["entry"] = entries
    return json.dumps({"feed": inside}, ensure_ascii=False).encode()


def feed_place(path: str) -> tuple[int, str, str]:
    """Page, app and order that a path of the feed asks for."""
    parts = dict(part.partition("=")[::2] for part in path.split("/") if "=" in part)
    return int(parts["page"]), parts["id"], parts["sortby"]


def play_review(number: int, **given: Any) -> list[Any]:
    """One review as Google Play's call gives it."""
    values = {"star": 1 + number % 5, "text": f"내용 {number}", "author": f"사람{number}"} | given
    return [
        f"gp:{number}", [values["author"], [None, 2, None]], values["star"], None, values["text"],
        [1_690_000_000 + 86_400 * number, 0], 3, None, None, None, "5.0.1",
    ]  # fmt: skip


def play_page(reviews: list[Any], token: str | None) -> bytes:
    """What Google Play's call answers: a guard, and the page as JSON inside JSON."""
    inner = json.dumps([reviews, [None, token], None], ensure_ascii=False) if reviews else "[]"
    rows = [["wrb.fr", "UsvDTd", inner, None, None, None, "generic"], ["di", 42], ["af.httprm", 41, "1", 1]]
    return (")]}'\n\n" + json.dumps(rows, ensure_ascii=False)).encode()


def play_token(body: str) -> str | None:
    """The token that a call of Google Play asks to go on from."""
    call = json.loads(parse_qs(body)["f.req"][0])
    token: str | None = json.loads(call[0][0][1])[2][2][2]
    return token


def query(path: str) -> dict[str, list[str]]:
    """The query of a path."""
    return parse_qs(urlsplit(path).query)
