"""Security headers on every answer. The policy allows no inline script and no inline style at all."""

from __future__ import annotations

from flask import Flask, Response
from werkzeug.wrappers import Response as WerkzeugResponse

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "media-src 'self' blob:",
        "manifest-src 'self'",
        "worker-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


def permissions_policy(*, camera: bool = False) -> str:
    """Return what a page may ask the browser for; the camera only where something is photographed or shown."""
    return ", ".join(
        (
            f"camera=({'self' if camera else ''})",
            "microphone=(self)",
            "geolocation=(self)",
            "payment=()",
            "usb=()",
            "serial=()",
            "browsing-topics=()",
        )
    )


STATIC_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": permissions_policy(),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

HSTS = "max-age=31536000; includeSubDomains"


def allow_camera(response: WerkzeugResponse) -> WerkzeugResponse:
    """Let this one page use the camera, once the person has agreed in their browser."""
    response.headers["Permissions-Policy"] = permissions_policy(camera=True)
    return response


def served_over_https(app: Flask) -> bool:
    """Whether this host is served over https only (the configuration then marks its cookies secure)."""
    return bool(app.config.get("SESSION_COOKIE_SECURE"))


def register(app: Flask) -> None:
    """Set the headers; a view may tighten one by setting it itself. Pages are never stored by a cache."""

    def protect(response: Response) -> Response:
        for name, value in STATIC_HEADERS.items():
            response.headers.setdefault(name, value)
        if served_over_https(app):
            response.headers.setdefault("Strict-Transport-Security", HSTS)
        # Pages hold health data or a form token. A shared computer's back button must not bring them back.
        if response.mimetype == "text/html":
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    app.after_request(protect)
