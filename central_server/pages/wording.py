"""The words of the pages in three languages, by key; ``words.json`` holds them."""

from importlib import resources

import msgspec

from ledger.election_file import Title

LANGUAGES = ("ky", "ru", "en")

WORDS = msgspec.json.decode(
    resources.files("central_server.pages").joinpath("words.json").read_bytes(), type=dict[str, Title]
)


def say(key: str) -> Title:
    """Raises KeyError for a key that has no words: a mistake of this program."""
    return WORDS[key]


def same(text: str) -> Title:
    """A proper name or a code, which is the same in every language."""
    return Title(text, text, text)


def known_word(prefix: str, code: str) -> Title:
    """The words for a code of a family, such as a vote type; the code itself where the election made it up."""
    return WORDS.get(f"{prefix}_{code}") or same(code)
