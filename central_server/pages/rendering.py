"""Drawing a document's pages as HTML: the same document and stamp give the same bytes, in each language.

Everything that comes from an election is escaped by the templates. A page loads a style sheet, a script and an icon
from the site's own ``assets`` folder and nothing else, which its Content-Security-Policy enforces.
"""

import functools
import hashlib
from dataclasses import dataclass
from importlib import resources
from types import SimpleNamespace

import jinja2

from central_server.pages.figures import number_text, share_text, width
from central_server.pages.packing import page_labels, page_path
from central_server.pages.page_model import Document, Section
from central_server.pages.results_document import ResultsDocument, Stamp
from central_server.pages.wording import LANGUAGES, WORDS, known_word
from ledger.election_file import ELECTION, Title

DEFAULT_LANGUAGE = "ky"
"""The language of the page at the site's root."""


@dataclass(frozen=True, slots=True)
class Site:
    """What every page says of the election."""

    title: Title
    date: str
    election_id: str

    @classmethod
    def of(cls, document: ResultsDocument) -> "Site":
        return cls(document.title, document.date, document.election_id)


@dataclass(frozen=True, slots=True)
class Packed:
    """A document with its sections divided into pages."""

    document: Document
    pages: list[tuple[Section, ...]]


def render_page(site: Site, packed: Packed, page: int, language: str, stamp: Stamp, *, at_root: bool = False) -> bytes:
    """The page ``page`` (1 or more) as UTF-8. ``at_root``: for the site's root, not for the language's folder."""
    document = packed.document
    depth = document.path.count("/")
    home = f"{language}/" if at_root else "../" * depth

    def path_of(number: int) -> str:
        return f"{home}{page_path(document.path, number)}.html"

    template = _environment(language).get_template("page.jinja")
    text = template.render(
        site=site,
        page=document,
        parts=packed.pages[page - 1],
        number=page,
        pages=len(packed.pages),
        labels=list(page_labels(packed.pages)),
        path=page_path(document.path, page),
        path_of=path_of,
        home=home,
        base="" if at_root else "../" * (depth + 1),
        stamp=stamp,
    )
    return text.encode()


@functools.cache
def asset_files() -> dict[str, bytes]:
    """Path below the site's root -> bytes. Each name has a hash of the content: a cache never mixes two versions."""
    folder = resources.files("central_server.pages").joinpath("assets")
    files = {}
    for name in ("site.css", "site.js", "icon.svg"):
        data = folder.joinpath(name).read_bytes()
        stem, dot, suffix = name.partition(".")
        files[f"assets/{stem}-{hashlib.sha256(data).hexdigest()[:12]}{dot}{suffix}"] = data
    return files


@functools.cache
def _environment(language: str) -> jinja2.Environment:
    folder = resources.files("central_server.pages").joinpath("templates")
    names = ("page.jinja", "sections.jinja", "figures.jinja")
    environment = jinja2.Environment(
        loader=jinja2.DictLoader({name: folder.joinpath(name).read_text(encoding="utf-8") for name in names}),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    numbers = number_text(language)
    style, script, icon = asset_files()
    environment.globals.update(
        lang=language,
        languages=LANGUAGES,
        # Attributes are looked up faster than keys.
        t=SimpleNamespace(**{key: words[language] for key, words in WORDS.items()}),
        names={other: WORDS["language"][other] for other in LANGUAGES},
        num=numbers,
        signed=lambda count: f"+{numbers(count)}" if count > 0 else numbers(count).replace("-", "\N{MINUS SIGN}"),
        pct=share_text(language),
        width=width,
        date=lambda text: _date(text, language),
        vote_type=lambda code: known_word("type", code)[language],
        action=lambda code: known_word("action", code)[language],
        style=style,
        script=script,
        icon=icon,
        election_file=ELECTION,
    )
    return environment


def _date(text: str, language: str) -> str:
    """An ISO date as the language writes it in digits."""
    if language == "en":
        return text
    return ".".join(reversed(text.split("-")))
