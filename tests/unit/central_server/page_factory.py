"""The result files of small nights, the pages that they give, and what a reader finds on a page."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

import msgspec

from central_server.pages.packing import pack
from central_server.pages.rendering import Packed, Site, render_page
from central_server.pages.site_data import SiteData, parse_site
from central_server.pages.site_plan import plan_site
from ledger.election_file import ELECTION, render_election_file
from ledger.fold import Fold
from ledger.primitives import sha256
from ledger.results import LATEST, StateFiles, render_numbered
from ledger.tally import ContestTally
from tests.unit.ledger.election_factory import (
    COMMISSION_KEY,
    DEVICE_KEYS,
    ELECTION_KEY,
    POLLS_OPEN,
    PUBLISHER_KEY,
    Night,
    small_election,
    small_night,
    small_parts,
    tally,
)
from tests.unit.ledger.ruling_factory import OFFICIALS, decision, leaf, returned, snapshot, turnout

# Elements that end themselves (HTML), and the SVG shapes that we close in place.
VOID = {"meta", "link", "rect", "path"}


def result_files(night: Night) -> dict[str, bytes]:
    """What the publisher would write of the night so far, by path."""
    return files_of(night.fold)


def files_of(fold: Fold) -> dict[str, bytes]:
    state_files = StateFiles(fold).render()
    numbered = render_numbered(fold, sha256(b"root"), state_files)
    return {**state_files, LATEST: numbered, ELECTION: render_election_file(fold.definition)}


def quiet_night() -> Night:
    """One precinct of two is in, with a conflicting second tally."""
    night = small_night()
    night.say(tally(night, votes=5), DEVICE_KEYS[0])
    night.say(tally(night, votes=6, seq=2), DEVICE_KEYS[0])
    return night


def secretive_night() -> Night:
    """Nothing is in yet; votes of cells with fewer than ten ballots are to be withheld."""
    election = msgspec.structs.replace(small_election()[0], secrecy_threshold=10)
    night = Night(Fold(), election.election_id, [])
    for body in (election, *small_parts(election.election_id)):
        night.say(body, ELECTION_KEY)
    return night


def eventful_night() -> Night:
    """Turnout, a conflict, a cell that is withheld, an annulled precinct, a hand count."""
    night = secretive_night()
    night.say(turnout(night, 40), DEVICE_KEYS[0])
    night.say(tally(night, votes=5), DEVICE_KEYS[0])
    night.say(tally(night, votes=6, seq=2), DEVICE_KEYS[0])
    night.say(snapshot(night, POLLS_OPEN + 9), PUBLISHER_KEY)
    withheld = ContestTally(2, 3, None, None, None)
    night.say(tally(night, 1, "201", 7, contests=(*tally(night, votes=7).contests[:1], withheld)), DEVICE_KEYS[1])
    night.say(decision(night, "annul", leaf(night), unit="201", contests=(1,)), *OFFICIALS)
    night.say(returned(night, "101"), COMMISSION_KEY)
    return night


def data_of(night: Night) -> SiteData:
    return parse_site(result_files(night))


def page_of(data: SiteData, path: str, language: str = "en", page: int = 1) -> str:
    """One page of one document, as HTML."""
    document = plan_site(data)[path].build()
    packed = Packed(document, pack(document))
    return render_page(Site.of(data.document), packed, page, language, data.stamp).decode()


def every_page(data: SiteData, language: str = "en") -> dict[str, str]:
    """All pages of the site in a language, by path and number."""
    pages = {}
    for path, planned in plan_site(data).items():
        document = planned.build()
        packed = Packed(document, pack(document))
        for number in range(1, len(packed.pages) + 1):
            html = render_page(Site.of(data.document), packed, number, language, data.stamp)
            pages[f"{path} {number}"] = html.decode()
    return pages


def changed(files: dict[str, bytes], path: str, **fields: object) -> dict[str, bytes]:
    """The files with some fields of a JSON file replaced."""
    document = msgspec.json.decode(files[path], type=dict[str, object])
    return {**files, path: msgspec.json.encode({**document, **fields})}


@dataclass
class Outline(HTMLParser):
    """Checks that every element is closed in its turn, and keeps elements and the text that is read out."""

    page: str
    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.feed(self.page)
        assert self.open == []
        self.text = " ".join(" ".join(self.texts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def values(self, name: str) -> list[str]:
        return [value for _, attributes in self.elements if (value := attributes.get(name)) is not None]
