"""The sentences of findings about successor logs. Data only, as ``sentences``."""

from ledger.observer.rule_sentences import Sentence

SUCCESSION_SENTENCES: dict[str, Sentence] = {
    "NOT_THE_PLACE": (
        "улантуучу журнал башталган жер туура эмес ({detail})",
        "преемник начат не в том месте журнала ({detail})",
        "{detail}",
    ),
    "NOT_NEXT_GENERATION": (
        "журналдын муундары удаа келбейт ({detail})",
        "поколения журнала идут не подряд ({detail})",
        "{detail}",
    ),
    "SUCCESSION_ROOT": (
        "{index}-жазуу башка жазууларды кайра алдым дейт: анда {published}, бул жерде {recomputed}",
        "запись {index} говорит о других взятых записях: в ней {published}, здесь {recomputed}",
        "entry {index} says that others were taken again: it names the root {published}, these have {recomputed}",
    ),
    "SUCCESSION_KEY": (
        "журнал {index}-жазуу атаган ачкыч менен кол койбойт",
        "журнал подписывает не тем ключом, который назван в записи {index}",
        "the log does not sign by the key that entry {index} names",
    ),
    "WRONG_GENERATION": (
        "журналдын аты {named}-муунду билдирет, жазуулары {published}-муунду",
        "имя журнала называет поколение {named}, а его записи — {published}",
        "the log's name says generation {named}, and its entries say {published}",
    ),
    "NO_PREDECESSOR": (
        "бул шайлоонун биринчи журналы: мурункусу жок",
        "это первый журнал выборов: предшественника нет",
        "this is the election's first log: there is none before it",
    ),
    "NOT_THE_PREDECESSOR": (
        "{path}: бул {published} журналы, мурункусу {recomputed} болушу керек",
        "{path}: это журнал {published}, а предшественник — {recomputed}",
        "{path} is of the log {published}, and the one before is {recomputed}",
    ),
    "PREDECESSOR_DIFFERS": (
        "мурунку журналдын {size} жазуусунун тамыры {published}, бул жерде {recomputed}",
        "у прежнего журнала корень {size} записей {published}, а здесь {recomputed}",
        "the first {size} entries of the log before have the root {published}, and here it is {recomputed}",
    ),
    "PREDECESSOR_WENT_ON": (
        "мурунку журнал {size} жазууга кол койгон, {index}-жазуу {named} деп айтат",
        "прежний журнал подписал {size} записей, а запись {index} знает о {named}",
        "the log before has signed {size} entries, and entry {index} knows of {named}",
    ),
    "LEFT_OUT": (
        "мурунку журналдын {index}-жазуусу бул жерде жок",
        "записи {index} прежнего журнала здесь нет",
        "entry {index} of the log before is not in this one",
    ),
}
