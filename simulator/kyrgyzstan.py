"""The shape of a Kyrgyz parliamentary election: regions, precinct numbers, districts, candidates, who votes where.

Facts: 2,492 precincts of which 27 are for remote voting alone and 100 abroad; 4,294,243 registered; 30 districts; 460
candidates; shares of voters by region. Scaled to any number of precincts from 40 on. All names are invented.
"""

import random
from dataclasses import dataclass

from ledger.election import Contest, ContestSelection, SelectionKind
from ledger.words import Words
from simulator.scenario import draft_contest

DISTRICTS = 30
CANDIDATES = 460
REGISTERED = 4_294_243
FULL_SIZE = 2_492
COUNTRY = Words("Кыргыз Республикасы", "Кыргызская Республика", "Kyrgyz Republic")
AGAINST_ALL = Words("Баарына каршы", "Против всех", "Against all")


@dataclass(frozen=True, slots=True)
class Region:
    """``share``: of the country's voters, in thousandths. Precincts are numbered from ``first`` on."""

    id: str
    name: Words
    share: int
    first: int


REGIONS = (
    Region("bishkek", Words("Бишкек шаары", "город Бишкек", "Bishkek city"), 114, 1001),
    Region("osh-city", Words("Ош шаары", "город Ош", "Osh city"), 41, 1501),
    Region("issyk-kul", Words("Ысык-Көл облусу", "Иссык-Кульская область", "Issyk-Kul region"), 88, 2001),
    Region("naryn", Words("Нарын облусу", "Нарынская область", "Naryn region"), 59, 3001),
    Region("batken", Words("Баткен облусу", "Баткенская область", "Batken region"), 84, 4001),
    Region("osh", Words("Ош облусу", "Ошская область", "Osh region"), 204, 5001),
    Region("talas", Words("Талас облусу", "Таласская область", "Talas region"), 45, 6001),
    Region("chui", Words("Чүй облусу", "Чуйская область", "Chüy region"), 166, 7001),
    Region("jalal-abad", Words("Жалал-Абад облусу", "Джалал-Абадская область", "Jalal-Abad region"), 186, 8001),
)
ABROAD = Region("abroad", Words("Чет өлкөлөр", "За рубежом", "Abroad"), 0, 9001)
REMOTE_ONLY = Region("remote", Words("Алыстан добуш берүү", "Удалённое голосование", "Remote voting"), 0, 9501)

_FIRST_NAMES = (
    ("Айбек", "Айбек", "Aibek"), ("Жылдыз", "Жылдыз", "Zhyldyz"), ("Эрмек", "Эрмек", "Ermek"),
    ("Нургүл", "Нургуль", "Nurgul"), ("Бакыт", "Бакыт", "Bakyt"), ("Гүлзат", "Гульзат", "Gulzat"),
    ("Азамат", "Азамат", "Azamat"), ("Чынара", "Чынара", "Chynara"), ("Талант", "Талант", "Talant"),
    ("Айгүл", "Айгуль", "Aigul"), ("Улан", "Улан", "Ulan"), ("Мээрим", "Мээрим", "Meerim"),
    ("Данияр", "Данияр", "Daniyar"), ("Жамиля", "Жамиля", "Zhamilya"), ("Сыргак", "Сыргак", "Syrgak"),
    ("Асель", "Асель", "Asel"), ("Канат", "Канат", "Kanat"), ("Бермет", "Бермет", "Bermet"),
)  # fmt: skip
_LAST_NAMES = (
    ("Тоолуу", "Тоолуу", "Tooluu"), ("Суулуу", "Суулуу", "Suuluu"), ("Талаалы", "Талаалы", "Talaaly"),
    ("Көлдүү", "Кёлдюю", "Koldu"), ("Жолдуу", "Жолдуу", "Zholdu"), ("Токойлуу", "Токойлуу", "Tokoilu"),
    ("Кырлуу", "Кырлуу", "Kyrlu"), ("Булактуу", "Булактуу", "Bulaktu"), ("Таштуу", "Таштуу", "Tashtu"),
    ("Айылдуу", "Айылдуу", "Aiyldu"), ("Бактуу", "Бактуу", "Baktu"), ("Гүлдүү", "Гюлдюю", "Guldu"),
    ("Жарыктуу", "Жарыктуу", "Zharyktu"), ("Күндүү", "Кюндюю", "Kundu"), ("Шамалдуу", "Шамалдуу", "Shamaldu"),
    ("Карлуу", "Карлуу", "Karlu"), ("Өзөндүү", "Озёндюю", "Ozondu"), ("Өрөөндүү", "Орёёндюю", "Oroondu"),
    ("Кайыңдуу", "Кайындуу", "Kaiyndu"), ("Арчалуу", "Арчалуу", "Archalu"), ("Терекстүү", "Теректюю", "Terektu"),
    ("Буудайлуу", "Буудайлуу", "Buudailu"), ("Аскалуу", "Аскалуу", "Askalu"), ("Жылгалуу", "Жылгалуу", "Zhylgalu"),
    ("Дөбөлүү", "Дёбёлюю", "Dobolu"), ("Кыштактуу", "Кыштактуу", "Kyshtaktu"),
)  # fmt: skip


def districts_of_regions() -> dict[str, list[int]]:
    """Region id -> its districts, 1 to 30, in proportion to the voters (largest remainders)."""
    whole = sum(region.share for region in REGIONS)
    quotas = {region.id: DISTRICTS * region.share / whole for region in REGIONS}
    seats = {name: max(1, int(quota)) for name, quota in quotas.items()}
    for name in sorted(quotas, key=lambda name: int(quotas[name]) - quotas[name]):
        if sum(seats.values()) < DISTRICTS:
            seats[name] += 1
    numbers = iter(range(1, DISTRICTS + 1))
    return {region.id: [next(numbers) for _ in range(seats[region.id])] for region in REGIONS}


def make_contests(chance: random.Random) -> tuple[Contest, ...]:
    """A contest a district: 15 or 16 candidates, 460 in all, and "against all"; one mark a ballot."""
    names = [
        Words(f"{first[0]} {last[0]}", f"{first[1]} {last[1]}", f"{first[2]} {last[2]}")
        for first in _FIRST_NAMES
        for last in _LAST_NAMES
    ]
    chance.shuffle(names)
    contests, taken = [], iter(names)
    for district in range(1, DISTRICTS + 1):
        count = CANDIDATES // DISTRICTS + (1 if district <= CANDIDATES % DISTRICTS else 0)
        lines: list[tuple[Words, SelectionKind]] = [(next(taken), "candidate") for _ in range(count)]
        lines.append((AGAINST_ALL, "against_all"))
        selections = tuple(ContestSelection(place, name, "", kind) for place, (name, kind) in enumerate(lines, 1))
        title = Words(
            f"{district}-шайлоо округу", f"Избирательный округ № {district}", f"Electoral district {district}"
        )
        contests.append(draft_contest(district, title, "Jogorku Kenesh", str(district), selections))
    return tuple(contests)


def split_precincts(precincts: int) -> dict[str, int]:
    """How many precincts each region has, with those abroad and those for remote voters alone."""
    remote, abroad = max(1, precincts * 27 // FULL_SIZE), max(2, precincts * 100 // FULL_SIZE)
    home = precincts - remote - abroad
    whole = sum(region.share for region in REGIONS)
    split = {region.id: max(2, home * region.share // whole) for region in REGIONS}
    split["osh"] += home - sum(split.values())
    return split | {ABROAD.id: abroad, REMOTE_ONLY.id: remote}
