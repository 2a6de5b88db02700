"""What a monitor says, in Kyrgyz, Russian and English: its lines, and its alarms beside those of the audit."""

from collections.abc import Mapping

from ledger.observer.findings import Finding
from ledger.observer.messages import LANGUAGES, Language, describe
from ledger.observer.rule_sentences import Sentence

SENTENCES: dict[str, Sentence] = {
    "FORK": (
        "журнал бири-бирине карама-каршы эки абалга кол койгон: {size} жазуу үчүн {signed}, ал эми {larger} жазуулуу "
        "абал боюнча {found}",
        "журнал подписал два состояния, из которых верно не больше одного: для {size} записей {signed}, а по состоянию "
        "из {larger} записей {found}",
        "the log signed two states that cannot both be true: {signed} for {size} entries, and by its state of {larger} "
        "entries {found}",
    ),
    "ROLLED_BACK": (
        "жарыяланган журнал кыскарды: {newest} жазуу бар эле, эми {size}",
        "опубликованный журнал стал короче: было записей {newest}, теперь {size}",
        "the published log has become shorter: it had {newest} entries, now {size}",
    ),
    "STALLED": (
        "журнал {seconds} секунддан бери өскөн жок ({size} жазуу)",
        "журнал не растёт уже {seconds} с (записей: {size})",
        "the log has not grown for {seconds} s (entries: {size})",
    ),
    "DARK": (
        "жарыялоону катары менен {rounds} жолу текшерүүгө болбоду ({detail})",
        "публикацию не удалось проверить {rounds} раз подряд ({detail})",
        "the publication could not be judged {rounds} times in a row: {detail}",
    ),
    "OTHER_LOG": (
        "мурда башка журнал жарыяланган ({detail})",
        "раньше публиковался другой журнал ({detail})",
        "another log was published before: {detail}",
    ),
    "SUCCEEDED": (
        "{before} журналы бүттү, аны {now} улантат: эмне үчүн экенин сураңыз",
        "журнал {before} завершён, его продолжает {now}: спросите почему",
        "the log {before} has ended, and {now} goes on: ask why",
    ),
    "SUCCESSION_HIDES": (
        "мурунку журнал {size} жазууга кол койгон, ал эми улантуучусу {named} деп айтат",
        "прежний журнал подписал {size} записей, а преемник знает о {named}",
        "the log before had signed {size} entries, and its successor says {named}",
    ),
    "SUCCESSION_DIFFERS": (
        "мурунку журнал {size} жазуу үчүн {signed} тамырына кол койгон, улантуучусунда башка",
        "прежний журнал подписал для {size} записей корень {signed}, у преемника другой",
        "the log before had signed the root {signed} for {size} entries, and its successor has another",
    ),
    "BAD_CONSISTENCY_PROOF": (
        "жарыяланган файлдар журналдын мурунку абалын улантканын көрсөтпөйт ({detail})",
        "опубликованные файлы не показывают, что журнал продолжает прежнее состояние ({detail})",
        "the published tiles do not show that the log extends its earlier state: {detail}",
    ),
    "RECEIPT_NOT_COVERED": (
        "журнал {size} жазуу үчүн квитанция берген, бирок {seconds} секунддан бери {published} жазуу гана жарыяланган",
        "журнал дал квитанцию на {size} записей, но уже {seconds} с опубликовано только {published}",
        "the log gave a receipt for {size} entries, but for {seconds} s has published {published} only",
    ),
    "MORE_FINDINGS": ("жана дагы {count}", "и ещё {count}", "and {count} more"),
    "PROVES_NOTHING": (
        "файл айткан нерсесин далилдебейт ({detail})",
        "файл не доказывает того, что утверждает ({detail})",
        "{detail}",
    ),
}

FRAME: dict[str, Sentence] = {
    "fine": (
        "туура: {size} жазуу",
        "всё верно: записей {size}",
        "all is well: entries {size}",
    ),
    "alarm": ("КАТА табылды: {count}", "НАРУШЕНИЙ найдено: {count}", "ALARMS: {count}"),
    "unjudged": ("азыр текшерүүгө болбойт", "сейчас проверить нельзя", "cannot be judged now"),
    "evidence": ("далил: {path}", "доказательство: {path}", "evidence: {path}"),
    "proven": ("ДАЛИЛДЕНДИ", "ДОКАЗАНО", "PROVEN"),
    "unproven": ("ДАЛИЛДЕНГЕН ЖОК", "НЕ ДОКАЗАНО", "NOT PROVEN"),
    "agree": (
        "абалдар бири-бирине карама-каршы келбейт: салыштырылганы {heads}, азырынча салыштырууга болбогону {uncovered}",
        "состояния согласуются: сравнено {heads}, пока не с чем сравнить {uncovered}",
        "the states agree: heads {heads}, of which {uncovered} cannot be compared yet",
    ),
}


class _Facts(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "…"


def say(language: Language, key: str, **facts: object) -> str:
    return FRAME[key][LANGUAGES.index(language)].format(**facts)


def describe_alarm(language: Language, finding: Finding) -> str:
    sentence = SENTENCES.get(finding.code)
    if sentence is None:
        return describe(language, finding)
    facts: Mapping[str, object] = _Facts(finding.facts)
    return sentence[LANGUAGES.index(language)].format_map(facts)
