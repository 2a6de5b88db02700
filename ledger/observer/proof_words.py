"""What a proof bundle proves, and what it cannot, in Kyrgyz, Russian and English."""

from collections.abc import Iterator
from datetime import UTC, datetime

from ledger.observer.anchor_proof import ProvedAnchor
from ledger.observer.check import Proved, ProvedTally
from ledger.observer.messages import LANGUAGES, Language

_WORDS: dict[str, tuple[str, str, str]] = {
    "holds": ("ДАЛИЛ ТУУРА: {unit} участогу.", "ДОКАЗАНО: участок {unit}.", "PROVED: precinct {unit}."),
    "log": (
        "журнал {origin}, жазуулар: {size}, тамыры {root}",
        "журнал {origin}, записей: {size}, корень {root}",
        "log {origin}, {size} entries, root {root}",
    ),
    "records": (
        "бул файлдагы {count} жазуу журналда бар, ар бирине укугу бар ачкыч кол койгон",
        "{count} записей этого файла есть в журнале; каждая подписана ключом, имеющим на то право",
        "{count} records of this file are in the log, each signed by a key that may sign it",
    ),
    "tally": (
        "{index}-жазуу: {urn} урнасынын отчёту",
        "запись {index}: отчёт урны {urn}",
        "entry {index}: tally of urn {urn}",
    ),
    "contest": (
        "{title}: бюллетень {ballots}, добуштар {votes}",
        "{title}: бюллетеней {ballots}, голоса {votes}",
        "{title}: {ballots} ballots, votes {votes}",
    ),
    "withheld": ("{title}: купуя сыр үчүн жарыяланбайт", "{title}: не публикуется ради тайны", "{title}: withheld"),
    "revoked": ("жараксыз ачкыч кол койгон", "подписано отозванным ключом", "signed by a key that was revoked"),
    "ruled": ("ал жөнүндө чечимдер: {entries}", "решения о ней: {entries}", "decisions about it: entries {entries}"),
    "acts": (
        "бул файлда бийлик актылары бар: {entries}; аттар жана ачкычтар ошол боюнча",
        "в файле есть акты о полномочиях: записи {entries}; имена и ключи указаны с их учётом",
        "acts of authority in this file: entries {entries}; names and keys are as they amended them",
    ),
    "successions": (
        "журнал бүткөн башка журналды улантат: {entries}-жазуу",
        "журнал продолжает другой, который завершён: записи {entries}",
        "this log goes on from another one that has ended: entries {entries}",
    ),
    "none": ("отчёт жок", "отчётов нет", "no tally"),
    "sealed": (
        "чынжырга бекитилген: {size} жазуу, {block}-блок ({hash}), {time}, {sealers}/{validators} валидатор кол койгон",
        "закреплено в цепочке: {size} записей, блок {block} ({hash}), {time}, печати {sealers} из {validators} "
        "валидаторов",
        "anchored: {size} entries, block {block} ({hash}), {time}, sealed by {sealers} of {validators} validators",
    ),
    "unsealed": (
        "көрсөтмө чынжырга бекитилген: {size} жазуу, {block}-блок ({hash}), {time}; ага эч ким кепил эмес",
        "закреплено в показательной цепочке: {size} записей, блок {block} ({hash}), {time}; за неё никто не ручается",
        "anchored on a demonstration chain: {size} entries, block {block} ({hash}), {time}; nobody vouches for it",
    ),
    "unanchored": ("чынжыр текшерилген жок", "цепочка не проверялась", "no chain was asked"),
    "limits": (
        "Далилденбейт: бул участок жөнүндө башка жазуулардын жоктугу, отчёттун эсепке алынганы (муну observer verify "
        "текшерет) жана урна туура санаганы.",
        "Не доказано: что других записей об этом участке нет, что отчёт засчитан (это проверяет observer verify) и что "
        "урна верно сосчитала.",
        "Not proved: that there is no other record about this precinct, that a tally counts (observer verify checks "
        "that), and that the urn counted rightly.",
    ),
}


def describe_proved(proved: Proved, language: Language) -> list[str]:
    """Lines for people."""
    checkpoint = proved.checkpoint
    lines = [
        _say("holds", language, unit=f"{proved.unit.id} ({getattr(proved.unit.name, language)})"),
        _say("log", language, origin=checkpoint.origin, size=checkpoint.size, root=checkpoint.root.hex()),
        _say("records", language, count=proved.entries),
    ]
    for tally in proved.tallies:
        lines += _describe_tally(proved, tally, language)
    if not proved.tallies:
        lines.append(_say("none", language))
    if proved.successions:
        lines.append(_say("successions", language, entries=", ".join(map(str, proved.successions))))
    if proved.acts:
        lines.append(_say("acts", language, entries=", ".join(map(str, proved.acts))))
    lines.append(_describe_anchor(proved.anchor, language))
    return [*lines, _say("limits", language)]


def _describe_tally(proved: Proved, tally: ProvedTally, language: Language) -> Iterator[str]:
    yield _say("tally", language, index=tally.index, urn=tally.urn)
    for counts in tally.report.contests:
        contest = proved.contests.get(counts.contest)
        if contest is None:
            continue
        title = getattr(contest.title, language)
        if counts.selections is None:
            yield "  " + _say("withheld", language, title=title)
            continue
        names = {row.id: getattr(row.name, language) for row in contest.selections}
        votes = "; ".join(f"{names.get(row[0], row[0])} {sum(row[1:])}" for row in counts.selections)
        yield "  " + _say("contest", language, title=title, ballots=counts.ballots, votes=votes)
    if tally.revoked:
        yield "  " + _say("revoked", language)
    if tally.rulings:
        yield "  " + _say("ruled", language, entries=", ".join(map(str, tally.rulings)))


def _describe_anchor(anchor: ProvedAnchor | None, language: Language) -> str:
    if anchor is None:
        return _say("unanchored", language)
    time = datetime.fromtimestamp(anchor.timestamp, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    key = "sealed" if anchor.validators else "unsealed"
    facts = {"size": anchor.size, "block": anchor.block, "hash": f"0x{anchor.block_hash.hex()}"}
    seals = {"sealers": anchor.sealers, "validators": anchor.validators}
    return _say(key, language, time=time, **facts, **seals)


def _say(key: str, language: Language, **facts: object) -> str:
    return _WORDS[key][LANGUAGES.index(language)].format(**facts)
