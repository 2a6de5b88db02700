"""A small invented election in Kyrgyzstan: 20 precincts in two regions, three contests, one urn of remote voters.

Every voter has the presidential contest and that of the home district. The last precinct's second urn is for remote
voters: it holds votes for both districts, each under its own reporting unit. All names are invented.
"""

import random
from collections.abc import Iterator

from ledger.election import (
    BallotContest,
    Contest,
    ContestSelection,
    ReportingUnit,
    SelectionKind,
    UnitAssignment,
    UrnAssignment,
    Words,
)
from ledger.tally import ContestTally
from simulator.scenario import NO_ELECTION, DeviceLayout, Scenario, draft_contest, draft_precinct

PRECINCTS_PER_REGION = 10
VOTE_TYPES = ("stationary", "mobile")
PRESIDENT = 1

_COUNTRY = Words("Кыргыз Республикасы", "Кыргызская Республика", "Kyrgyz Republic")
_REGIONS = (
    ("bishkek", 1001, 2, Words("Бишкек шаары", "город Бишкек", "Bishkek city")),
    ("chui", 7001, 3, Words("Чүй облусу", "Чуйская область", "Chüy region")),
)
_AGAINST_ALL = Words("Баарына каршы", "Против всех", "Against all")
_CANDIDATES: dict[int, tuple[tuple[Words, int], ...]] = {
    PRESIDENT: (
        (Words("Айбек Тоолуу", "Айбек Тоолуу", "Aibek Tooluu"), 46),
        (Words("Жылдыз Суулуу", "Жылдыз Суулуу", "Zhyldyz Suuluu"), 34),
        (Words("Эрмек Талаалы", "Эрмек Талаалы", "Ermek Talaaly"), 15),
    ),
    2: (
        (Words("Нургүл Көлдүү", "Нургуль Кёлдюю", "Nurgul Koldu"), 41),
        (Words("Бакыт Жолдуу", "Бакыт Жолдуу", "Bakyt Zholdu"), 38),
        (Words("Гүлзат Токойлуу", "Гульзат Токойлуу", "Gulzat Tokoilu"), 16),
    ),
    3: (
        (Words("Азамат Кырлуу", "Азамат Кырлуу", "Azamat Kyrlu"), 52),
        (Words("Чынара Булактуу", "Чынара Булактуу", "Chynara Bulaktu"), 43),
    ),
}


def build_demo(seed: int) -> Scenario:
    """The demonstration election; ``seed`` decides the counts and nothing else."""
    chance = random.Random(seed)
    contests = tuple(_contest(number) for number in sorted(_CANDIDATES))
    units = [ReportingUnit(NO_ELECTION, "kg", "country", _COUNTRY, None, None, ())]
    devices: list[DeviceLayout] = []
    counts: dict[tuple[str, str], tuple[ContestTally, ...]] = {}
    remote: list[UnitAssignment] = []
    for region, first, district, name in _REGIONS:
        units.append(ReportingUnit(NO_ELECTION, region, "region", name, "kg", None, ()))
        ballot = (BallotContest(PRESIDENT), BallotContest(district))
        for number in range(first, first + PRECINCTS_PER_REGION):
            registered = chance.randint(600, 2_400)
            unit, urn = str(number), f"urn-{number}"
            units.append(draft_precinct(unit, _precinct_name(number), region, registered, ballot))
            devices.append(DeviceLayout(f"agent-{number}", (UrnAssignment(urn, (UnitAssignment(unit, "primary"),)),)))
            counts[urn, unit] = tuple(_count(chance, ballot, registered * chance.randint(18, 60) // 100))
        away = f"remote-{region}"
        units.append(draft_precinct(away, _remote_name(name), region, None, ballot))
        remote.append(UnitAssignment(away, "remote"))
        counts["urn-remote", away] = tuple(_count(chance, ballot, chance.randint(20, 90)))
    last = devices[-1]
    devices[-1] = DeviceLayout(last.id, (*last.urns, UrnAssignment("urn-remote", tuple(remote))))
    return Scenario(
        authority="demo.tunuk.example",
        title=Words("Көргөзмө шайлоо", "Демонстрационные выборы", "Demonstration election"),
        date="2027-01-24",
        utc_offset="+06:00",
        polls_close=1_800_799_200,
        vote_types=VOTE_TYPES,
        contests=contests,
        units=tuple(units),
        devices=tuple(devices),
        counts=counts,
    )


def _contest(number: int) -> Contest:
    if number == PRESIDENT:
        office, district, title = "President", "", Words("Президентти шайлоо", "Выборы Президента", "President")
    else:
        office, district = "Jogorku Kenesh", str(number - 1)
        ky, ru = f"Жогорку Кеңеш, {district}-округ", f"Жогорку Кенеш, округ № {district}"
        title = Words(ky, ru, f"Parliament, district {district}")
    lines: list[tuple[Words, SelectionKind]] = [(name, "candidate") for name, _ in _CANDIDATES[number]]
    lines.append((_AGAINST_ALL, "against_all"))
    selections = tuple(ContestSelection(place, name, "", kind) for place, (name, kind) in enumerate(lines, start=1))
    return draft_contest(number, title, office, district, selections)


def _count(chance: random.Random, ballot: tuple[BallotContest, ...], ballots: int) -> Iterator[ContestTally]:
    """Vote-for-one counters of ``ballots`` ballots: votes + overvotes + undervotes = ballots in each contest."""
    for line in ballot:
        overvotes, undervotes = ballots * chance.randint(0, 15) // 1000, ballots * chance.randint(5, 25) // 1000
        weights = [weight for _, weight in _CANDIDATES[line.contest]] + [4]
        places = chance.choices(range(len(weights)), weights, k=ballots - overvotes - undervotes)
        rows = []
        for place in range(len(weights)):
            votes = places.count(place)
            mobile = votes * chance.randint(0, 8) // 100
            rows.append((place + 1, votes - mobile, mobile))
        yield ContestTally(line.contest, ballots, overvotes, undervotes, tuple(rows))


def _precinct_name(number: int) -> Words:
    return Words(f"№ {number} шайлоо участкасы", f"Избирательный участок № {number}", f"Precinct {number}")


def _remote_name(region: Words) -> Words:
    return Words(
        f"Алыстан добуш бергендер: {region.ky}", f"Удалённые избиратели: {region.ru}", f"Remote voters: {region.en}"
    )
