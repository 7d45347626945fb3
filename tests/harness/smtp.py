"""An SMTP server on this machine that speaks STARTTLS with a certificate of its own making."""

from __future__ import annotations

import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ANSWERS = {
    "EHLO": b"250-here\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n",
    "STARTTLS": b"220 go ahead\r\n",
    "AUTH": b"235 welcome\r\n",
    "DATA": b"354 go on, end with a dot\r\n",
    "QUIT": b"221 bye\r\n",
}


def make_certificate(folder: Path, name: str) -> Path:
    """Write a self-signed certificate for the host `name`, with its key, and return the file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)  # TLS looks at the real clock
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


class _Handler(socketserver.StreamRequestHandler):
    """One conversation; what is said is kept on the server."""

    server: Any

    def handle(self) -> None:
        """Greet, and answer line by line."""
        self.wfile.write(b"220 here\r\n")
        in_data = False
        while line := self.rfile.readline():
            said = line.decode().rstrip("\r\n")
            self.server.heard.append(said)
            word = said.partition(" ")[0].upper()
            if in_data and said != ".":
                continue
            in_data = word == "DATA"
            self.wfile.write(ANSWERS.get(word, b"250 ok\r\n"))
            if word == "QUIT" or (word == "STARTTLS" and not self._encrypt()):
                return

    def _encrypt(self) -> bool:
        try:
            self.connection = self.server.context.wrap_socket(self.request, server_side=True)
        except OSError:  # they did not like the certificate
            return False
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)
        return True

    def finish(self) -> None:
        """Close what `_encrypt` may have put in place."""
        super().finish()
        self.connection.close()


@contextmanager
def serving(certificate: Path) -> Iterator[tuple[int, list[str]]]:
    """Serve on a free port; give the port and the growing list of lines that the server has heard."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Handler) as server:
        server.heard = heard = []  # type: ignore[attr-defined]
        server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # type: ignore[attr-defined]
        server.context.load_cert_chain(certificate)  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.server_address[1], heard
        finally:
            server.shutdown()
            thread.join()
