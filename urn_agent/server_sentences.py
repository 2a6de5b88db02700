"""What the server's refusals mean to the people at the precinct, by code, in Kyrgyz, Russian and English.

The server's own words are for its operator. A test holds these codes to the server's one table. The Kyrgyz sentences
wait for a speaker's check.
"""

from collections.abc import Mapping

_OPERATOR = "операторго билдириңиз", "сообщите оператору", "tell the operator"
_SAFE = (
    "отчёт сакталуу, кайра аракет кылынат",
    "отчёт сохранён, попытки продолжаются",
    "the report is safe, trying again",
)


def _ask(ky: str, ru: str, en: str) -> tuple[str, str, str]:
    return f"{ky}: {_OPERATOR[0]}", f"{ru}: {_OPERATOR[1]}", f"{en}: {_OPERATOR[2]}"


def _wait(ky: str, ru: str, en: str) -> tuple[str, str, str]:
    return f"{ky}; {_SAFE[0]}", f"{ru}; {_SAFE[1]}", f"{en}; {_SAFE[2]}"


RECORD_SENTENCES: Mapping[str, tuple[str, str, str]] = {
    "RECORD_TOO_LONG": _ask(
        "Отчёт журнал үчүн өтө узун", "Отчёт слишком длинный для журнала", "The report is too long for the log"
    ),
    "NOT_CANONICAL": _ask(
        "Сервер жазууну окуй алган жок", "Сервер не смог прочитать запись", "The server could not read the record"
    ),
    "SIGNATURES_UNSORTED": _ask(
        "Жазуунун кол тамгалары туура эмес коюлган",
        "Подписи записи расположены неверно",
        "The record's signatures are out of order",
    ),
    "UNKNOWN_KIND": _ask(
        "Сервер мындай жазууну билбейт: ал эски болушу мүмкүн",
        "Сервер не знает таких записей: возможно, он устарел",
        "The server does not know such records, it may be an old one",
    ),
    "KIND_NOT_ACCEPTED": _ask(
        "Сервер түзмөктөн мындай жазууну албайт",
        "Сервер не принимает таких записей от устройства",
        "The server takes no such records from a device",
    ),
    "OTHER_ELECTION": _ask(
        "Сервер башка шайлоону алып жатат",
        "Сервер принимает другие выборы",
        "The server takes another election's records",
    ),
    "FOREIGN_RECORD": _ask(
        "Жазууга башка түзмөк кол койгон",
        "Запись подписана другим устройством",
        "The record is signed by another device",
    ),
    "WRONG_SIGNATURE_COUNT": _ask(
        "Жазуунун кол тамгаларынын саны туура эмес",
        "Неверное число подписей записи",
        "The record has a wrong number of signatures",
    ),
    "BAD_SIGNATURE": _ask(
        "Жазуунун кол тамгасы туура эмес", "Подпись записи неверна", "The record's signature does not verify"
    ),
    "TOO_MANY_RECORDS": _ask(
        "Бул түзмөктөн жазуулар өтө көп, ачкычы уурдалган болушу мүмкүн",
        "Слишком много записей от этого устройства, ключ мог быть похищен",
        "Too many records of this device, its key may be stolen",
    ),
}
"""By a code of a refused record. Such a record is kept and offered again, seldom."""

REQUEST_SENTENCES: Mapping[str, tuple[str, str, str]] = {
    "BAD_BATCH": _ask(
        "Сервер жөнөтүүнү түшүнгөн жок", "Сервер не понял посылку", "The server did not understand what was sent"
    ),
    "BAD_REQUEST": _ask(
        "Сервер суроону түшүнгөн жок", "Сервер не понял запрос", "The server did not understand the request"
    ),
    "UNEXPECTED_BODY": _ask(
        "Сервер суроону түшүнгөн жок", "Сервер не понял запрос", "The server did not understand the request"
    ),
    "NO_CERTIFICATE": _ask(
        "Сервер түзмөктүн күбөлүгүн көргөн жок",
        "Сервер не увидел сертификат устройства",
        "The server saw no certificate of this device",
    ),
    "UNKNOWN_DEVICE": _ask(
        "Сервер бул түзмөктү билбейт", "Сервер не знает это устройство", "The server does not know this device"
    ),
    "NOT_FOUND": _ask(
        "Бул даректе башка программа бар", "По этому адресу другая программа", "Another program is at this address"
    ),
    "NO_RECEIPT": _wait("Журналда бул жазуу жок", "В журнале нет этой записи", "The log does not have this record"),
    "WRONG_METHOD": _ask(
        "Бул даректе башка программа бар", "По этому адресу другая программа", "Another program is at this address"
    ),
    "TOO_SLOW": _wait("Байланыш өтө жай", "Связь слишком медленная", "The line is too slow"),
    "TOO_LARGE": _wait("Бир жолу өтө көп жөнөтүлдү", "Отправлено слишком много сразу", "Too much was sent at once"),
    "WRONG_TYPE": _ask(
        "Сервер суроону түшүнгөн жок", "Сервер не понял запрос", "The server did not understand the request"
    ),
    "TOO_MANY_REPEATS": _wait(
        "Бир эле нерсе кайра-кайра жөнөтүлдү", "Одно и то же отправлено много раз", "The same was sent again and again"
    ),
    "HEAD_TOO_LONG": _ask(
        "Сервер суроону түшүнгөн жок", "Сервер не понял запрос", "The server did not understand the request"
    ),
    "INTERNAL": _wait("Серверде ката бар", "На сервере сбой", "The server has a fault"),
    "BUSY": _wait("Сервер бош эмес", "Сервер занят", "The server is busy"),
    "STOPPING": _wait("Сервер токтотулуп жатат", "Сервер останавливают", "The server is being stopped"),
    "STORAGE_FULL": _wait("Сервердин диски толуп калган", "Диск сервера заполнен", "The server's disk is full"),
    "STORAGE_FAILED": _wait("Сервердин диски иштебей жатат", "Диск сервера отказал", "The server's disk has failed"),
    "LOG_STOPPED": _wait("Сервердин журналы токтотулган", "Журнал сервера остановлен", "The server's log is stopped"),
}
"""By a code of a refused request, which decides about no record: everything in it is sent again."""

UPLINK_SENTENCES: Mapping[str, tuple[str, str, str]] = {
    "UPLINK_UNREACHABLE": _wait("Сервер жеткиликсиз", "Сервер недоступен", "The server cannot be reached"),
    "UPLINK_TIMEOUT": _wait(
        "Сервер убагында жооп берген жок", "Сервер не ответил вовремя", "The server did not answer in time"
    ),
    "UPLINK_CUT_OFF": _wait("Байланыш үзүлдү", "Связь оборвалась", "The connection was cut off"),
    "UPLINK_FAILED": _wait("Байланыш ишке ашкан жок", "Связь не удалась", "The connection failed"),
    "UPLINK_ANSWER_TOO_LONG": _ask(
        "Сервердин жообу өтө узун", "Ответ сервера слишком длинный", "The server's answer is too long"
    ),
    "UPLINK_BAD_ANSWER": _ask(
        "Сервердин жообу түшүнүксүз", "Ответ сервера непонятен", "The server's answer cannot be used"
    ),
    "UPLINK_STATUS": _ask(
        "Бул даректе башка программа жооп берди",
        "По этому адресу ответила другая программа",
        "Something else answers at this address",
    ),
    "UPLINK_SERVER_NOT_TRUSTED": _ask(
        "Бул шайлоо комиссиясынын сервери эмес",
        "Это не сервер избирательной комиссии",
        "This is not the election authority's server",
    ),
    "UPLINK_CERTIFICATE_REFUSED": _ask(
        "Сервер түзмөктүн күбөлүгүн албайт",
        "Сервер не принимает сертификат устройства",
        "The server does not take this device's certificate",
    ),
    "UPLINK_ADDRESS": _ask("Сервердин дареги туура эмес", "Адрес сервера неверен", "The server's address is wrong"),
    "UPLINK_SETTINGS": _ask(
        "Күбөлүк файлдары жараксыз", "Файлы сертификата непригодны", "The certificate files cannot be used"
    ),
}
"""By the agent's own code where no answer came, or none that can be used."""

SERVER_SENTENCES: Mapping[str, tuple[str, str, str]] = {**REQUEST_SENTENCES, **UPLINK_SENTENCES, **RECORD_SENTENCES}
