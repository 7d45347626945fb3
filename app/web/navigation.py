"""What stands in the portal's bar. Doors register their items; the layout asks for the ones that fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, request, url_for
from flask_login import current_user

_items: dict[str, list[Item]] = {}
_for_all: dict[str, Item] = {}


@dataclass(frozen=True)
class Item:
    """One entry of a role's navigation.

    endpoint: where it leads. label: a lazy string. icon: a name in components/icons.html.
    values: arguments for `url_for`. within: further endpoints, or prefixes ending in "*", that belong to it.
    badge: called when drawn; a number above zero is shown beside the label.
    """

    endpoint: str
    label: Any
    icon: str
    values: dict[str, Any] = field(default_factory=dict)
    within: tuple[str, ...] = ()
    badge: Callable[[], int] | None = None

    def is_active(self, endpoint: str | None) -> bool:
        """Whether a page with this `endpoint` belongs to the item."""
        if endpoint is None:
            return False
        if endpoint == self.endpoint:
            return True
        return any(
            endpoint.startswith(name[:-1]) if name.endswith("*") else endpoint == name for name in self.within
        )


@dataclass(frozen=True)
class Link:
    """An item as the layout draws it."""

    href: str
    label: Any
    icon: str
    active: bool
    badge: int


def register(role: str, items: Sequence[Item]) -> None:
    """Set the navigation of `role` ("patient", "doctor", "operator"). Called by a door when it is set up."""
    _items[role] = list(items)


def register_for_all(item: Item) -> None:
    """Add an item to the end of every role's navigation."""
    _for_all[item.endpoint] = item


def navigation_role() -> str | None:
    """Whose navigation to show: the door being used, or else the signed-in person's own role."""
    if request.blueprint in _items:
        return request.blueprint
    if not getattr(current_user, "is_authenticated", False):
        return None
    for role in _role_names(current_user):
        if role in _items:
            return role
    return None


def _role_names(user: Any) -> list[str]:
    single = getattr(user, "role", None)
    several = [getattr(role, "name", role) for role in getattr(user, "roles", ())]
    names = ([getattr(single, "value", single)] if single is not None else []) + several
    return [str(getattr(name, "value", name)) for name in names]


def navigation(role: str | None = None) -> list[Link]:
    """The links of `role` (by default the role that fits this request), with the current one marked."""
    name = role or navigation_role()
    return [
        Link(
            href=url_for(item.endpoint, **item.values),
            label=item.label,
            icon=item.icon,
            active=item.is_active(request.endpoint),
            badge=item.badge() if item.badge else 0,
        )
        for item in _entries(name)
    ]


def _entries(name: str | None) -> list[Item]:
    own = _items.get(name or "", [])
    here = {item.endpoint for item in own}
    return own + [item for item in _for_all.values() if own and item.endpoint not in here]


def has_endpoint(app: Flask, name: str) -> bool:
    """Whether `name` can be linked to in this application."""
    return name in app.view_functions


def register_globals(app: Flask) -> None:
    """Offer `navigation()`, `navigation_role()` and `url_if(endpoint)` to templates."""

    def url_if(endpoint: str, **values: Any) -> str | None:
        return url_for(endpoint, **values) if has_endpoint(app, endpoint) else None

    app.add_template_global(navigation, "navigation")
    app.add_template_global(navigation_role, "navigation_role")
    app.add_template_global(url_if, "url_if")
