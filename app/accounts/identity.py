"""How a person is known: an e-mail address or a mobile number, in one exact form."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

import email_validator
import phonenumbers

REGION = "KR"
_MOBILE_KINDS = {phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE}
_MAX_LENGTH = 254
_AS_TYPED: dict[int, int | str] = {0xFF01 + offset: 0x21 + offset for offset in range(94)} | {0x3000: " "}
"""Full-width signs, as some keyboards write them, to plain ones."""
_DASHES: dict[int, int | str] = {ord(sign): "-" for sign in "ㅡ_~"}
"""What is typed for a hyphen: on a Korean keyboard the vowel ㅡ looks like one."""
_MODERN = "+8210"
_MODERN_LENGTH = len("+821012345678")


class Channel(enum.StrEnum):
    """By which way an identity is reached."""

    EMAIL = "email"
    MOBILE = "mobile"


@dataclass(frozen=True)
class Identity:
    """One e-mail address (lower case) or one mobile number (E.164)."""

    channel: Channel
    value: str

    def __str__(self) -> str:
        return f"{self.channel}:{self.value}"

    @property
    def shown(self) -> str:
        """The identity as its owner writes it."""
        return domestic(self.value) if self.channel is Channel.MOBILE else self.value

    @property
    def masked(self) -> str:
        """The identity as shown to someone who may not be its owner: enough to recognise one's own."""
        if self.channel is Channel.MOBILE:
            return f"{domestic(self.value)[:4]}****-{self.value[-4:]}"
        name, _, host = self.value.partition("@")
        return f"{name[:2]}****@{host}"


class NotAnIdentity(ValueError):
    """Neither an e-mail address nor a Korean mobile number."""


def parse(text: str) -> Identity:
    """Return the identity that `text` means, or raise `NotAnIdentity`.

    Anything with an @ is read as an e-mail address, anything else as a mobile number.
    """
    text = text.translate(_AS_TYPED).strip()
    if "@" in text:
        return Identity(Channel.EMAIL, normalise_email(text))
    return Identity(Channel.MOBILE, normalise_mobile(text))


def normalise_email(text: str) -> str:
    """Return the address in lower case, or raise `NotAnIdentity`. No name server is asked."""
    try:
        found = email_validator.validate_email(
            text.strip()[: _MAX_LENGTH + 1], check_deliverability=False, test_environment=True
        )
    except email_validator.EmailNotValidError as error:
        raise NotAnIdentity("not an e-mail address") from error
    return found.normalized.lower()


def normalise_mobile(text: str) -> str:
    """Return the number in E.164 form, or raise `NotAnIdentity`.

    Domestic (010-1234-5678) and international (+82 10 1234 5678) writing are both understood.
    """
    text = text.translate(_AS_TYPED | _DASHES).strip()[:40]
    # The library takes letters for the keys of a telephone: an O for a zero would be somebody else's number.
    if re.search("[A-Za-z]", text):
        raise NotAnIdentity("letters in a telephone number")
    try:
        number = phonenumbers.parse(text, REGION)
    except phonenumbers.NumberParseException as error:
        raise NotAnIdentity("not a telephone number") from error
    fits = phonenumbers.is_valid_number_for_region(number, REGION) and not number.extension
    if not fits or phonenumbers.number_type(number) not in _MOBILE_KINDS:
        raise NotAnIdentity("not a mobile number")
    found = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    # Numbers under 010 have eight more digits; the library also takes seven, which is one left out.
    if found.startswith(_MODERN) and len(found) != _MODERN_LENGTH:
        raise NotAnIdentity("a digit is missing")
    return found


def domestic(mobile: str) -> str:
    """Return an E.164 number as it is written at home (010-1234-5678)."""
    number = phonenumbers.parse(mobile, REGION)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
