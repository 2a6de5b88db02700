"""Words for people, in the three languages of the project: chosen once, from ``--lang`` or the environment.

Responsible for the sentence of a finding and for the frame of an account. Codes are the same in every language.
"""

from collections.abc import Mapping
from typing import Literal, get_args

from ledger.fold import Held
from ledger.observer.findings import Finding
from ledger.observer.sentences import SENTENCES, UNLISTED

Language = Literal["ky", "ru", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

FRAME: dict[str, tuple[str, str, str]] = {
    "pass": (
        "ТУУРА: жарыяланган ар бир сан журналдан чыгат.",
        "ВЕРНО: каждое опубликованное число следует из журнала.",
        "PASS: every published number follows from the log.",
    ),
    "fail": (
        "ТУУРА ЭМЕС: табылган каталар: {count}.",
        "НЕВЕРНО: найдено нарушений: {count}.",
        "FAIL: findings: {count}.",
    ),
    "none": (
        "ЖЫЙЫНТЫК ЖОК: бул «туура» дегенди билдирбейт.",
        "ВЫВОДА НЕТ: это не значит, что всё верно.",
        "NO VERDICT: this is not a pass.",
    ),
    "policy": (
        "саясат файлынын SHA-256: {hash}",
        "SHA-256 файла политики: {hash}",
        "SHA-256 of the policy file: {hash}",
    ),
    "log": ("журнал: {origin}", "журнал: {origin}", "log: {origin}"),
    "tree": (
        "жазуулар: {size}, тамыры {root}",
        "записей: {size}, корень {root}",
        "entries: {size}, root {root}",
    ),
    "handover": (
        "{predecessor} журналынын {tree_size} жазуусу кайра алынган ({index}-жазуу); ал {last_size} жазууга кол койгон",
        "взяты {tree_size} записей журнала {predecessor} (запись {index}); им подписано {last_size}",
        "takes {tree_size} entries of {predecessor} again (entry {index}); that one had signed {last_size}",
    ),
    "successor": (
        "КӨҢҮЛ БУРУҢУЗ: саясат файлы кийинки журналды атайт, эми ошонуку эсептелет: {origin}",
        "ВНИМАНИЕ: файл политики называет более поздний журнал, считается теперь он: {origin}",
        "NOTE: the policy names a later log of this election, and that one counts now: {origin}",
    ),
    "folded": (
        "эсептелген отчёттор: {tallies}, кайталанган: {repeats}, алынбаган: {held}, тизмектеги үзүлүштөр: {gaps}",
        "учтено отчётов: {tallies}, повторов: {repeats}, не учтено: {held}, разрывов в цепочках: {gaps}",
        "tallies counted: {tallies}, repeats: {repeats}, kept out by a rule: {held}, gaps in devices' chains: {gaps}",
    ),
    "incomplete": (
        "шайлоонун аныктамасы азырынча толук эмес: эч нерсе эсептелбейт",
        "определение выборов ещё не полно: ничего не учитывается",
        "the election's parts are not all logged yet: nothing is counted",
    ),
    "snapshots": ("учурдук жыйынтыктар: {count}", "снимков: {count}", "snapshots: {count}"),
    "anchors_unchecked": (
        "бекитүүлөр: {claimed}, тамырлары ушул журналдыкы; чынжырдан ТЕКШЕРИЛГЕН ЖОК",
        "закреплений: {claimed}, корни этого журнала; по цепочке блоков НЕ ПРОВЕРЕНО",
        "anchors claimed: {claimed}, compared with this log; NOT CHECKED on the chain (--rpc asks it)",
    ),
    "anchors": (
        "бекитүүлөр: {claimed}, чынжыр ырастаганы: {verified}",
        "закреплений: {claimed}, подтверждено цепочкой блоков: {verified}",
        "anchors claimed: {claimed}, verified on the chain: {verified}",
    ),
    "pages": (
        "барактар (HTML) ТЕКШЕРИЛГЕН ЖОК: эсептелүүчү сандар results/ ичинде",
        "страницы (HTML) НЕ ПРОВЕРЕНЫ: счёт идёт по файлам в results/",
        "pages (HTML) are NOT CHECKED: the numbers that count are in results/",
    ),
    "held": ("Эрежеге ылайык эсепке алынбаган жазуулар:", "Записи, не учтённые по правилам:", "Kept out by a rule:"),
    "rulings": ("Күчүнө кирген чечимдер:", "Вступившие в силу решения:", "Decisions that took effect:"),
    "entry": ("{index}-жазуу", "запись {index}", "entry {index}"),
    "more": ("жана дагы {count}", "и ещё {count}", "and {count} more"),
}


class _Facts(dict[str, object]):
    """A sentence with a gap is better than no verdict."""

    def __missing__(self, key: str) -> str:
        return "…"


def choose_language(environment: Mapping[str, str]) -> Language:
    """From LC_ALL, LC_MESSAGES or LANG, as POSIX orders them; English for every other language."""
    value = next((environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "")
    return next((language for language in LANGUAGES if value[:2].lower() == language), "en")


def say(language: Language, key: str, **facts: object) -> str:
    return FRAME[key][LANGUAGES.index(language)].format(**facts)


def describe(language: Language, finding: Finding) -> str:
    """The finding's sentence, after its file; what the error said where the table does not have the code."""
    facts = _Facts({"index": finding.index, "path": finding.path, **finding.facts})
    words = SENTENCES.get(finding.code, UNLISTED)[LANGUAGES.index(language)].format_map(facts)
    return words if finding.path is None or finding.path in words else f"{finding.path}: {words}"


def describe_held(language: Language, held: Held) -> str:
    return describe(language, Finding(held.code, held.index, None, {"detail": held.message}))
