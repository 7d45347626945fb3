"""What can go wrong with a store, told apart, each with what to do in both languages."""

from __future__ import annotations


class StoreError(Exception):
    """A store did not give what was asked for. ``retry_after``: seconds it asked to wait, if it did."""

    def __init__(self, reason_ko: str, reason_en: str, retry_after: float | None = None) -> None:
        super().__init__(reason_en)
        self.reason_ko = reason_ko
        self.reason_en = reason_en
        self.retry_after = retry_after


class Blocked(StoreError):
    """The store takes us for a robot: a captcha, or 403."""

    def __init__(self) -> None:
        super().__init__(
            "장터가 접근을 막았습니다(사람 확인 화면). 몇 시간 뒤에 이어서 모으거나 파일로 가져와 주세요.",
            "The store blocked us (a captcha). Go on in some hours, or import a file instead.",
        )


class RateLimited(StoreError):
    """429, after every try."""

    def __init__(self, retry_after: float | None) -> None:
        wait = f"{retry_after:.0f}초" if retry_after else "한 시간쯤"
        english = f"{retry_after:.0f} seconds" if retry_after else "about an hour"
        super().__init__(
            f"장터가 요청이 너무 잦다고 합니다. {wait} 뒤에 이어서 모아 주세요.",
            f"The store says that we ask too often. Go on in {english}.",
            retry_after,
        )


class ChangedFormat(StoreError):
    """An answer in another form than we know."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"장터의 답이 알던 형식과 다릅니다({what}). 장터가 바뀌었을 수 있습니다. 파일로 가져와 주세요.",
            f"The store's answer has another form than we know ({what}). The store may have changed: import a file.",
        )


class NoSuchApp(StoreError):
    """The store knows no app of this id."""

    def __init__(self, app_id: str) -> None:
        super().__init__(
            f"장터에 이런 앱이 없습니다: {app_id}. 앱 번호를 확인해 주세요.",
            f"The store knows no such app: {app_id}. Check the id.",
        )


class Unreachable(StoreError):
    """No answer, or 5xx, after every try; also an answer that broke off or came too slowly."""

    def __init__(self, what: str, retry_after: float | None = None) -> None:
        super().__init__(
            f"장터에 닿지 않습니다({what}). 인터넷 연결을 보고 나중에 이어서 모아 주세요.",
            f"The store cannot be reached ({what}). Check the connection and go on later.",
            retry_after,
        )
