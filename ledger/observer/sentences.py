"""What each code means, in Kyrgyz, Russian and English: the table of sentences for people.

Data only. Places in braces are filled from a finding: its index, its path and its facts. ``{detail}`` is the English
sentence of the error that was met; where English says no more than that, the English sentence is the detail alone.
"""

from ledger.observer.rule_sentences import RULE_SENTENCES, Sentence
from ledger.observer.succession_sentences import SUCCESSION_SENTENCES

_ENTRY: Sentence = ("жазуу стандарттуу түрдө эмес ({detail})", "запись не в каноническом виде ({detail})", "{detail}")
_NOTE: Sentence = ("текшерүү чекитинин түрү туура эмес ({detail})", "контрольная точка искажена ({detail})", "{detail}")
_BUNDLE: Sentence = ("{path} бузулган ({detail})", "{path}: файл искажён ({detail})", "{path}: {detail}")
_CLAIM: Sentence = ("{path} бузулган ({detail})", "{path}: заявление искажено ({detail})", "{path}: {detail}")
_CHAIN: Sentence = (
    "чынжыр ырастаган жок ({detail})",
    "цепочка блоков этого не подтверждает ({detail})",
    "the chain does not confirm it: {detail}",
)
_NO_CHAIN: Sentence = ("чынжырдан жооп жок ({detail})", "цепочка блоков не отвечает ({detail})", "{detail}")
_POLICY: Sentence = ("саясат файлы окулбайт ({detail})", "файл политики не читается ({detail})", "{detail}")
_NO_FILES: Sentence = ("жарыяланган файлдар окулбайт ({detail})", "публикация не читается ({detail})", "{detail}")
_UNKNOWN: Sentence = (
    "бул программа муну баалай албайт: жаңы версия керек ({detail})",
    "эта программа не может об этом судить: нужна более новая ({detail})",
    "this program cannot judge it, a newer one is needed: {detail}",
)
UNLISTED: Sentence = ("{detail}", "{detail}", "{detail}")

SENTENCES: dict[str, Sentence] = {
    # Files of the publication.
    "FILE_MISSING": ("{path} файлы жок", "файла {path} нет", "{path} is missing"),
    "FILE_TOO_LONG": ("{path} файлы өтө узун", "файл {path} слишком длинный", "{detail}"),
    "FILE_UNSAFE": ("{path} кадимки файл эмес", "{path} — не обычный файл", "{detail}"),
    # The checkpoint.
    "BAD_NOTE": _NOTE,
    "NOTE_TOO_LONG": _NOTE,
    "TOO_MANY_SIGNATURES": _NOTE,
    "BAD_CHECKPOINT": _NOTE,
    "BAD_BASE64": _NOTE,
    "BAD_KEY_NAME": _NOTE,
    "NO_KNOWN_SIGNATURE": (
        "текшерүү чекитинде саясат файлы атаган ачкычтын кол тамгасы жок",
        "под контрольной точкой нет подписи ключа, названного в файле политики",
        "no key that the policy file names has signed the checkpoint",
    ),
    "NOT_BY_LOG": (
        "текшерүү чекитине журналдын өзү кол койгон эмес ({detail})",
        "контрольную точку подписал не сам журнал ({detail})",
        "{detail}",
    ),
    "QUORUM_NOT_MET": (
        "текшерүү чекитине күбөлөр жетишсиз кол койгон ({detail})",
        "под контрольной точкой мало подписей свидетелей ({detail})",
        "{detail}",
    ),
    "BAD_SIGNATURE": ("кол тамга туура эмес ({detail})", "подпись неверна ({detail})", "{detail}"),
    "CHECKPOINT_FORK": (
        "журналдын {size} жазуулуу эки башка абалына кол коюлган",
        "подписаны два разных состояния журнала из {size} записей",
        "two different states of the log with {size} entries are signed",
    ),
    "EMPTY_LOG": ("журнал бош", "журнал пуст", "the log is empty: there is no election record"),
    # The tree.
    "BAD_TILE_LENGTH": _BUNDLE,
    "BAD_BUNDLE": _BUNDLE,
    "TILE_WRONG": (
        "{path}: {position}-хеш жазуулардан чыкпайт",
        "{path}: хеш {position} не следует из записей",
        "{path}: hash {position} does not follow from the entries",
    ),
    "ENTRY_NOT_IN_TREE": (
        "{index}-жазуу кол коюлган журналга таандык эмес ({path})",
        "запись {index} не принадлежит подписанному журналу ({path})",
        "entry {index} is not the one that the signed tree commits to ({path})",
    ),
    "ENTRY_CHANGED": (
        "{index}-жазуу текшерүү учурунда алмаштырылды ({path})",
        "запись {index} подменили во время проверки ({path})",
        "entry {index} has been replaced since it was read ({path})",
    ),
    "ROOT_DIFFERS": (
        "{size} жазуунун тамыры кол коюлган тамыр менен дал келбейт",
        "корень дерева из {size} записей не равен подписанному",
        "the root of the {size} entries is not the signed one",
    ),
    # Records.
    "WRONG_ELECTION": (
        "биринчи жазуу {origin} журналы атаган шайлоо эмес",
        "первая запись — не те выборы, которые называет журнал {origin}",
        "the first entry is not the election that the log's name {origin} pins",
    ),
    "NOT_CANONICAL": _ENTRY,
    "RECORD_TOO_LONG": _ENTRY,
    "SIGNATURES_UNSORTED": _ENTRY,
    "WRONG_SIGNATURE_COUNT": _ENTRY,
    "ONE_PERSON": (
        "эки кол тамга бир эле кишиники ({detail})",
        "обе подписи одного и того же лица ({detail})",
        "{detail}",
    ),
    "UNKNOWN_KEY": (
        "журнал бул ачкычты атаган эмес ({detail})",
        "журнал не называл этого ключа ({detail})",
        "{detail}",
    ),
    # Snapshots and results.
    "SNAPSHOT_NUMBER": (
        "учурдук жыйынтыктын номери {published}, {recomputed} болушу керек",
        "номер снимка {published}, а должен быть {recomputed}",
        "the snapshot has the number {published}, and {recomputed} is due",
    ),
    "SNAPSHOT_TREE_SIZE": (
        "учурдук жыйынтык {published} жазууну камтыйт дейт, {low} менен {high} ортосунда болушу керек",
        "снимок называет {published} записей, а должно быть от {low} до {high}",
        "the snapshot names a tree of {published} entries; from {low} to {high} are possible here",
    ),
    "SNAPSHOT_ROOT": (
        "учурдук жыйынтык атаган тамыр {published}, журналдыкы {recomputed}",
        "снимок называет корень {published}, а у журнала {recomputed}",
        "the snapshot names the root {published}, and the tree has {recomputed}",
    ),
    "SNAPSHOT_MANIFEST": (
        "учурдук жыйынтык атаган файл ({published}) жазуулардан чыкпайт ({recomputed})",
        "снимок называет файл ({published}), который не следует из записей ({recomputed})",
        "the snapshot names a file ({published}) that does not follow from the entries ({recomputed})",
    ),
    "SNAPSHOT_NOT_CHECKED": (
        "учурдук жыйынтык текшерилген жок",
        "снимок не проверен",
        "this snapshot could not be checked",
    ),
    "ELECTION_INCOMPLETE": (
        "шайлоонун аныктамасы толук эмес кезде жыйынтык чыгарылган",
        "итоги названы до того, как определение выборов стало полным",
        "results before all parts of the election are logged",
    ),
    "RESULT_DIFFERS": (
        "{path}, {place}: жарыяланганы {published}, жазуулардан чыкканы {recomputed}",
        "{path}, {place}: опубликовано {published}, из записей следует {recomputed}",
        "{path}, {place}: published is {published}, the entries give {recomputed}",
    ),
    "RESULT_STALE": (
        "{path}: {published}-учурдук жыйынтыктын файлы, эң жаңысы {recomputed}",
        "{path}: это файл снимка {published}, а последний — {recomputed}",
        "{path} is that of snapshot {published}, and the newest is {recomputed}",
    ),
    "CHECKPOINT_BEHIND_ANCHOR": (
        "жарыяланган журнал эски ({published} жазуу): чынжырда {recomputed} жазуусу бар баш бекитилген",
        "опубликован старый журнал ({published} записей): в цепочке закреплён журнал из {recomputed}",
        "the published log is old ({published} entries): the chain holds an anchor of this log at {recomputed}",
    ),
    "ANCHOR_NOT_CLAIMED": (
        "{path}: чынжырдагы {size} өлчөмүндөгү бекитүү жарыяланган эмес",
        "{path}: закрепление размера {size}, которое есть в цепочке, не опубликовано",
        "{path}: the chain holds an anchor of size {size} that the publication leaves out",
    ),
    "RESULT_WITHOUT_SNAPSHOT": (
        "{path}: журналда учурдук жыйынтык жок, бирок жыйынтык жарыяланган",
        "{path}: итоги опубликованы, а снимка в журнале нет",
        "{path}: results are published, but the log has no snapshot",
    ),
    # Anchors.
    "ANCHOR_INDEX_MALFORMED": _CLAIM,
    "BAD_CLAIM": _CLAIM,
    "BAD_RPC_VALUE": _CLAIM,
    "ANCHOR_SIZE_DIFFERS": (
        "{path}: {published} өлчөмүн айтат",
        "{path}: говорит о размере {published}",
        "{path} speaks of size {published}",
    ),
    "ANCHOR_BEYOND_TREE": (
        "{path}: журналда {recomputed} гана жазуу бар",
        "{path}: в журнале только {recomputed} записей",
        "{path}: the published log has {recomputed} entries only",
    ),
    "ANCHOR_NOT_IN_TREE": (
        "{size} жазуу үчүн бекитилген тамыр {published}, журналдыкы {recomputed}",
        "для {size} записей закреплён корень {published}, а у журнала {recomputed}",
        "the root anchored for {size} entries is {published}, and this log's is {recomputed}",
    ),
    "CHAIN_ID_MISMATCH": _CHAIN,
    "GENESIS_MISMATCH": _CHAIN,
    "CONTRACT_FOREIGN": _CHAIN,
    "CLAIM_FOREIGN": _CLAIM,
    "ANCHOR_TX_UNKNOWN": _CHAIN,
    "ANCHOR_TX_ELSEWHERE": _CHAIN,
    "ANCHOR_EVENT_MISSING": _CHAIN,
    "ANCHOR_EVENT_DIFFERS": _CHAIN,
    "ANCHOR_CLAIM_MISSING": _CHAIN,
    "ANCHOR_BLOCK_GONE": _CHAIN,
    "ANCHOR_ROOT_DIFFERS": _CHAIN,
    "CHAIN_ANSWER_MALFORMED": _CHAIN,
    # No verdict.
    "CHAIN_UNREACHABLE": _NO_CHAIN,
    "CHAIN_REFUSED": _NO_CHAIN,
    "USAGE": ("буйрук туура эмес берилген ({detail})", "команда задана неверно ({detail})", "{detail}"),
    "UNREACHABLE": _NO_FILES,
    "UNREADABLE": _NO_FILES,
    "BAD_ADDRESS": _NO_FILES,
    "NOT_A_PUBLICATION": (
        "бул жерде жарыяланган жыйынтыктар жок",
        "здесь нет публикации итогов",
        "there is no publication here: neither a checkpoint nor results",
    ),
    "LOCAL_STORAGE": ("бул компьютерде орун жетпейт ({detail})", "на этом компьютере нет места ({detail})", "{detail}"),
    "POLICY_UNREADABLE": _POLICY,
    "POLICY_TOO_LONG": _POLICY,
    "BAD_POLICY": _POLICY,
    "BAD_VKEY": _POLICY,
    "BAD_ORIGIN": _POLICY,
    "TREE_TOO_LARGE": _UNKNOWN,
    "UNKNOWN_KIND": _UNKNOWN,
    "UNKNOWN_FOLD_VERSION": _UNKNOWN,
    "UNKNOWN_KEY_TYPE": _UNKNOWN,
    **RULE_SENTENCES,
    **SUCCESSION_SENTENCES,
}
