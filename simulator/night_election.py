"""The demonstration night: an election modelled on Kyrgyzstan's, with what goes wrong on a real one.

Every home precinct votes in its district. Remote voters' ballots for up to 30 districts lie in one urn, at precincts
for them alone and abroad. Some precincts have no urn: a neighbour's urn scans their ballots, as another unit's. And:

    spare       one precinct's urn breaks before it reports, and its spare reports instead
    late        one precinct reports after all others
    broken rule one tally does not add up: it is held (F.201) until officials decide
    conflict    one urn reports a second, different tally: the first one stays counted
    invalid     one precinct has far more invalid ballots than usual: flagged (W.302)
    small cell  remote cells below the secrecy threshold are withheld by the agent
"""

import itertools
import random
from collections.abc import Iterator, Sequence

from ledger.election import BallotContest, Contest, ReportingUnit, UnitAssignment, UrnAssignment
from ledger.tally import ContestTally
from ledger.words import Words
from simulator.kyrgyzstan import (
    ABROAD,
    COUNTRY,
    FULL_SIZE,
    REGIONS,
    REGISTERED,
    REMOTE_ONLY,
    Region,
    districts_of_regions,
    make_contests,
    split_precincts,
)
from simulator.scenario import NO_ELECTION, DeviceLayout, Incident, Scenario, draft_precinct

DEFAULT_PRECINCTS = 200
MIN_PRECINCTS = 40
MAX_PRECINCTS = 5_000
VOTE_TYPES = ("stationary", "mobile")
SECRECY_THRESHOLD = 3

_TITLE = Words("Жогорку Кеңештин шайлоосу: көргөзмө", "Выборы Жогорку Кенеша: показ", "Parliament: a demonstration")
_TURNOUT_HOURS = (10, 14, 18)
_TURNOUT_PARTS = {10: 22, 14: 51, 18: 84}
"""Percent of the day's ballots at each hour."""


class _Builder:
    """Collects units, devices and counts of one election."""

    def __init__(self, precincts: int, seed: int) -> None:
        self.chance = random.Random(seed)
        self.contests = {contest.number: contest for contest in make_contests(self.chance)}
        self.weights = {number: self._weights(contest) for number, contest in self.contests.items()}
        self.units = [ReportingUnit(NO_ELECTION, "kg", "country", COUNTRY, None, None, ())]
        self.devices: list[DeviceLayout] = []
        self.counts: dict[tuple[str, str], tuple[ContestTally, ...]] = {}
        self.incidents: dict[str, Incident] = {}
        self.split = split_precincts(precincts)
        self.per_precinct = REGISTERED / FULL_SIZE

    def _weights(self, contest: Contest) -> list[int]:
        """How the district's voters lean; "against all", the last one, is small."""
        return [self.chance.randint(2, 100) for _ in contest.selections[:-1]] + [6]

    def build_home(self, region: Region, districts: Sequence[int]) -> None:
        self._region(region)
        host: DeviceLayout | None = None
        for place in range(self.split[region.id]):
            unit = str(region.first + place)
            registered = int(self.per_precinct * self.chance.uniform(0.45, 1.6))
            ballots = registered * self.chance.randint(18, 40) // 100
            ballot = (BallotContest(districts[place % len(districts)]),)
            self.units.append(draft_precinct(unit, _precinct(unit), region.id, registered, ballot))
            if host is not None and place % 17 == 16:
                # No urn of its own: the neighbour's urn scans this precinct's ballots as well.
                urn = host.urns[0].urn
                units = (*host.urns[0].units, UnitAssignment(unit, "primary"))
                self.devices[-1] = host = DeviceLayout(host.id, (UrnAssignment(urn, units),))
            else:
                urn = f"urn-{unit}"
                host = DeviceLayout(f"agent-{unit}", (UrnAssignment(urn, (UnitAssignment(unit, "primary"),)),))
                self.devices.append(host)
            self.counts[urn, unit] = tuple(self._count(ballot, ballots))

    def build_remote(self, region: Region, ballots: tuple[int, int]) -> None:
        """Precincts whose one urn holds votes for every district."""
        self._region(region)
        ballot = tuple(BallotContest(number) for number in self.contests)
        for place in range(self.split[region.id]):
            unit = str(region.first + place)
            urn = f"urn-{unit}"
            self.units.append(draft_precinct(unit, _precinct(unit), region.id, None, ballot))
            self.devices.append(DeviceLayout(f"agent-{unit}", (UrnAssignment(urn, (UnitAssignment(unit, "remote"),)),)))
            lines = (self._count((line,), self.chance.randint(*ballots)) for line in ballot)
            self.counts[urn, unit] = tuple(itertools.chain.from_iterable(lines))

    def add_incidents(self) -> None:
        """One precinct each; all at home, so that every size of election has them."""
        plain = [device for device in self.devices if len(device.urns[0].units) == 1 and device.id < "agent-9"]
        spared, late, broken, conflicting, invalid = self.chance.sample(plain, 5)
        unit = spared.urns[0].units[0].unit
        spare = UrnAssignment(f"spare-{unit}", (UnitAssignment(unit, "spare"),))
        self.devices[self.devices.index(spared)] = DeviceLayout(spared.id, (*spared.urns, spare))
        self.counts[spare.urn, unit] = self.counts.pop((spared.urns[0].urn, unit))
        self.incidents[spared.urns[0].urn] = Incident("silent")
        self.incidents[late.urns[0].urn] = Incident("late")
        self.incidents[conflicting.urns[0].urn] = Incident("conflict")
        for device, change in ((broken, _lose_ballots), (invalid, _spoil)):
            key = device.urns[0].urn, device.urns[0].units[0].unit
            self.counts[key] = tuple(change(line) for line in self.counts[key])

    def _region(self, region: Region) -> None:
        self.units.append(ReportingUnit(NO_ELECTION, region.id, "region", region.name, "kg", None, ()))

    def _count(self, ballot: tuple[BallotContest, ...], ballots: int) -> Iterator[ContestTally]:
        """Vote-for-one counters of ``ballots`` ballots: votes + overvotes + undervotes = ballots."""
        for line in ballot:
            weights = self.weights[line.contest]
            overvotes, undervotes = (
                ballots * self.chance.randint(0, 8) // 1000,
                ballots * self.chance.randint(0, 12) // 1000,
            )
            marks = self.chance.choices(range(len(weights)), weights, k=ballots - overvotes - undervotes)
            rows = []
            for place in range(len(weights)):
                votes = marks.count(place)
                mobile = votes * self.chance.randint(0, 6) // 100
                rows.append((place + 1, votes - mobile, mobile))
            yield ContestTally(line.contest, ballots, overvotes, undervotes, tuple(rows))


def build_night(precincts: int, seed: int, now: int) -> Scenario:
    """An election of ``precincts`` precincts whose polls have closed two hours before ``now`` (Unix seconds)."""
    builder = _Builder(precincts, seed)
    districts = districts_of_regions()
    for region in REGIONS:
        builder.build_home(region, districts[region.id])
    builder.build_remote(ABROAD, (0, 14))
    builder.build_remote(REMOTE_ONLY, (20, 90))
    builder.add_incidents()
    close = now - now % 3_600 - 2 * 3_600
    opening = close - 12 * 3_600
    return Scenario(
        authority="demo.tunuk.example",
        title=_TITLE,
        date="2027-01-24",
        utc_offset="+06:00",
        polls_close=close,
        vote_types=VOTE_TYPES,
        contests=tuple(builder.contests.values()),
        units=tuple(builder.units),
        devices=tuple(builder.devices),
        counts=builder.counts,
        polls_open=opening,
        turnout_times=tuple(opening + (hour - 8) * 3_600 for hour in _TURNOUT_HOURS),
        turnout_percent=tuple(_TURNOUT_PARTS[hour] for hour in _TURNOUT_HOURS),
        secrecy_threshold=SECRECY_THRESHOLD,
        incidents=builder.incidents,
    )


def _lose_ballots(line: ContestTally) -> ContestTally:
    """Seven ballots more than are accounted for."""
    return ContestTally(line.contest, line.ballots + 7, line.overvotes, line.undervotes, line.selections)


def _spoil(line: ContestTally) -> ContestTally:
    """A tenth of the ballots more, all of them marked twice."""
    more = line.ballots // 10 + 1
    return ContestTally(
        line.contest, line.ballots + more, (line.overvotes or 0) + more, line.undervotes, line.selections
    )


def _precinct(number: str) -> Words:
    return Words(f"№ {number} шайлоо участкасы", f"Избирательный участок № {number}", f"Precinct {number}")
