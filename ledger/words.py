"""Text for people, in the three languages of the project."""

from ledger.canonical import Canonical, Text, require_text


class Words(Canonical, frozen=True):
    """One text in the three languages of the project."""

    ky: Text
    ru: Text
    en: Text

    def __post_init__(self) -> None:
        require_text(self.ky, self.ru, self.en)
