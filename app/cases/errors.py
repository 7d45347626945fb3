"""What can be wrong with what someone wants to do with a case. Doors turn these into words."""

from __future__ import annotations


class CaseError(Exception):
    """What was asked for cannot be done; nothing was changed."""


class CaseClosed(CaseError):
    """The case is no longer in a state in which this can be done."""


class NoSuchCase(CaseError):
    """There is no such case, or none that this person may touch."""


class OfAge(CaseError):
    """The patient has turned 14: who was their guardian sends and asks nothing new for them."""


class TooManyPhotos(CaseError):
    """The case holds as many photos as it may."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"at most {limit} photos")
        self.limit = limit


class TooManyDrafts(CaseError):
    """There are as many drafts about this person as there may be: one must be sent or thrown away first."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"at most {limit} drafts")
        self.limit = limit


class UnknownSite(CaseError):
    """The place on the body is not one of body_sites.toml."""


class BadAnswers(CaseError):
    """Answers that are missing or not on offer; `keys` are those of the questions."""

    def __init__(self, keys: list[str]) -> None:
        super().__init__(", ".join(keys))
        self.keys = keys


class NotReady(CaseError):
    """The case cannot be sent yet; `missing` names the steps: photos, place, questions, person, consents."""

    def __init__(self, missing: list[str]) -> None:
        super().__init__(", ".join(missing))
        self.missing = missing


class AlreadyAsked(CaseError):
    """The one question about this finding has been asked."""


class EmptyQuestion(CaseError):
    """A question without words, or with too many."""


class WrongOffset(CaseError):
    """A piece of an upload does not begin where the last one ended; `received` says where that is."""

    def __init__(self, received: int) -> None:
        super().__init__(f"the file goes on at byte {received}")
        self.received = received


class NotComplete(CaseError):
    """Not every byte of the upload has come in yet."""


class UploadGone(CaseError):
    """The upload has expired, was given up, or its case takes no photos any more."""


class BadName(CaseError):
    """A name for a lesion that is too long."""


class BadNote(CaseError):
    """A note on what has changed that is too long."""


class BadInterval(CaseError):
    """A time until the next photo that is not on offer."""
