"""What can go wrong in this room; the doors turn these into words."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from app.accounts.models import ConsentKind


class AccountError(Exception):
    """Something about an account that was not allowed."""


class IdentityTaken(AccountError):
    """Someone else is already known by this e-mail address or mobile number."""


class IdentityMissing(AccountError):
    """Neither an e-mail address nor a mobile number was given."""


class LicenceTaken(AccountError):
    """Another doctor has this licence number."""


class PasswordMissing(AccountError):
    """Who has no mobile number needs a password."""


class TooYoung(AccountError):
    """Under 14: a guardian must sign up and add the child."""


class NotAChild(AccountError):
    """14 or older: may sign up alone, so cannot be added as a child."""


class TooManyDependents(AccountError):
    """A guardian acts for a handful of children, not for a school."""


class ConsentMissing(AccountError):
    """A consent that is needed was not given (or cannot be taken back alone)."""

    def __init__(self, kinds: Collection[ConsentKind]) -> None:
        super().__init__(", ".join(kinds))
        self.kinds = list(kinds)


class NotYours(AccountError):
    """The user is neither this patient nor someone who acts for them."""


class NotOfAge(AccountError):
    """Under 14: nobody's permission is asked; a guardian acts for them."""


class TooManyHelped(AccountError):
    """A helper acts for a handful of people; `most` is how many."""

    def __init__(self, most: int) -> None:
        super().__init__(str(most))
        self.most = most


class TooManyHelpers(AccountError):
    """A patient has a handful of helpers; `most` is how many."""

    def __init__(self, most: int) -> None:
        super().__init__(str(most))
        self.most = most


class TooManyRequests(AccountError):
    """People were asked for permission, or offered one, too often today."""


class NotAsked(AccountError):
    """There is no such request or offer, or not any more."""


class WrongCode(AccountError):
    """Not the code that was sent, or too old."""


class CodeVoid(WrongCode):
    """Tried wrongly too often: not even the right one is good any more, a new one has to be sent."""


class OtherName(AccountError):
    """The account that this number belongs to is in another name."""


class TooLateToStay(AccountError):
    """The erasing has begun; nothing can be kept from it any more."""


class InvitationInvalid(AccountError):
    """The link is unknown, used, revoked or too old."""


class Locked(AccountError):
    """Too many wrong attempts; nothing is looked at before `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until.isoformat())
        self.until = until


class TooManyCodes(AccountError):
    """Codes were asked for too often; another may be sent at `again_at`. `is_good`: the last one can still be used."""

    def __init__(self, again_at: datetime, *, is_good: bool = False) -> None:
        super().__init__(again_at.isoformat())
        self.again_at, self.is_good = again_at, is_good
