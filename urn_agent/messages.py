"""Every sentence of the agent for the people at the precinct, by code, in Kyrgyz, Russian and English.

The code stands beside the sentence wherever it is shown: it can be read out over the telephone. Sentences marked with †
in a comment wait for a speaker's check.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from urn_agent.link_sentences import LINK_SENTENCES
from urn_agent.server_sentences import SERVER_SENTENCES

Language = Literal["ky", "ru", "en"]
LANGUAGES: tuple[Language, ...] = ("ky", "ru", "en")


class Sentence(NamedTuple):
    """One message in the three languages."""

    ky: str
    ru: str
    en: str


# The Kyrgyz sentences of this table are †.
MESSAGES: Mapping[str, Sentence] = {
    "URN_CONNECTED": Sentence("АЭУ туташты", "АСУ подключена", "The urn is connected"),
    "URN_LEFT": Sentence(
        "АЭУ иштин бүткөнүн билдирди", "АСУ сообщила, что закончила", "The urn has said that it is done"
    ),
    "URN_NOT_OURS": Sentence(
        "Бул АЭУ бул түзмөккө бекитилген эмес: кабелди текшериңиз",
        "Эта АСУ не закреплена за этим устройством: проверьте кабель",
        "This urn is not assigned to this device: check the cable",
    ),
    "REPORT_STORED": Sentence("Отчёт сакталды", "Отчёт сохранён", "The report is stored"),
    "REPORT_KNOWN": Sentence("Бул отчёт мурда сакталган", "Этот отчёт уже сохранён", "This report was stored before"),
    "REPORT_UNREADABLE": Sentence(
        "Отчёт окулган жок: техникти чакырыңыз",
        "Отчёт не читается: вызовите техника",
        "The report cannot be read: call the technician",
    ),
    "REPORT_UNORDERED": Sentence(
        "Отчёттун түзүлүшү туура эмес: техникти чакырыңыз",
        "Отчёт составлен неверно: вызовите техника",
        "The report is put together wrongly: call the technician",
    ),
    "REPORT_UNEVEN": Sentence(
        "Отчёттун түзүлүшү туура эмес: техникти чакырыңыз",
        "Отчёт составлен неверно: вызовите техника",
        "The report is put together wrongly: call the technician",
    ),
    "REPORT_NOT_ZERO": Sentence(
        "Баштапкы чекте нөл эмес сан бар: операторго билдириңиз",
        "В первичном чеке есть ненулевой счётчик: сообщите оператору",
        "A counter of the zero report is not zero: tell the operator",
    ),
    "REPORT_WITHHELD": Sentence(
        "Отчётто эсептегичтер жок: техникти чакырыңыз",
        "В отчёте не хватает счётчиков: вызовите техника",
        "Counters are missing from the report: call the technician",
    ),
    "REPORT_NONCE_WEAK": Sentence(
        "АЭУнун кокустук сандар генератору иштебейт: операторго билдириңиз",
        "В АСУ не работает генератор случайных чисел: сообщите оператору",
        "The urn's random generator does not work: tell the operator",
    ),
    "REPORT_WRONG_TIME": Sentence(
        "Катышуу башка убакытка көрсөтүлгөн: АЭУнун саатын текшериңиз",
        "Явка указана не на то время: проверьте часы АСУ",
        "Turnout is told for a wrong time: check the urn's clock",
    ),
    "REPORT_TOO_MANY": Sentence(
        "АЭУдан билдирүүлөр өтө көп: операторго билдириңиз",
        "Слишком много сообщений журнала от АСУ: сообщите оператору",
        "Too many journal reports from this urn: tell the operator",
    ),
    "REPORT_NOT_THIS_URNS": Sentence(
        "Отчёт башка АЭУнуку: операторго билдириңиз",
        "Отчёт другой АСУ: сообщите оператору",
        "The report is another urn's: tell the operator",
    ),
    "OUTBOX_FULL": Sentence(
        "Дискте орун жок, отчёт сакталган жок: орун бошотуңуз",
        "На диске нет места, отчёт не сохранён: освободите место",
        "The disk is full, the report is not stored: make room",
    ),
    "OUTBOX_DISK_FAILED": Sentence(
        "Диск жазбай жатат, отчёт сакталган жок: техникти чакырыңыз",
        "Диск не записывает, отчёт не сохранён: вызовите техника",
        "The disk does not write, the report is not stored: call the technician",
    ),
    "OUTBOX_READ_ONLY": Sentence(
        "Дискке жазууга болбойт: техникти чакырыңыз",
        "На диск нельзя писать: вызовите техника",
        "The disk cannot be written: call the technician",
    ),
    "OUTBOX_BUSY": Sentence(
        "Экинчи агент иштеп жатат: анысын токтотуңуз",
        "Работает второй агент: остановите его",
        "A second agent is running: stop it",
    ),
    "OUTBOX_DAMAGED": Sentence(
        "Сакталган маалымат бузулган: эч нерсени өчүрбөй, операторду чакырыңыз",
        "Хранилище повреждено: ничего не удаляйте, вызовите оператора",
        "The stored data is damaged: delete nothing and call the operator",
    ),
    "OUTBOX_FAILED": Sentence(
        "Сактоо ишке ашкан жок: техникти чакырыңыз",
        "Сохранение не удалось: вызовите техника",
        "Storing failed: call the technician",
    ),
    "LINE_NOISE": Sentence(
        "Линияда тоскоолдук бар: кабелди текшериңиз",
        "Помехи на линии: проверьте кабель",
        "Noise on the line: check the cable",
    ),
    "LINK_FAULT": Sentence(
        "АЭУ түшүнүксүз билдирүү жөнөттү", "АСУ прислала недопустимое сообщение", "The urn sent a message out of order"
    ),
    "SERIAL_OPEN": Sentence("Порт ачылды", "Порт открыт", "The port is open"),
    "SERIAL_NOT_FOUND": Sentence(
        "Порт табылган жок: кабелди текшериңиз", "Порт не найден: проверьте кабель", "No such port: check the cable"
    ),
    "SERIAL_BUSY": Sentence(
        "Порт башка программада ачык",
        "Порт занят другой программой",
        "The port is in use by another program",
    ),
    "SERIAL_FORBIDDEN": Sentence(
        "Портту ачууга уруксат жок", "Нет прав на порт", "The port may not be opened by this user"
    ),
    "SERIAL_LOST": Sentence(
        "Порт жоголду: кабелди текшериңиз", "Порт потерян: проверьте кабель", "The port was lost: check the cable"
    ),
    "SERIAL_FAILED": Sentence("Порт иштебей жатат", "Порт не работает", "The port does not work"),
    "RECEIPTS_KEPT": Sentence(
        "Сервер кабыл алды, дүмүрчөк сакталды", "Сервер принял, расписка сохранена", "The server took it; receipt kept"
    ),
    "RECEIPTS_RECALLED": Sentence(
        "Журнал алмаштырылды: жазуулар жаңысына кайра жөнөтүлөт",
        "Журнал сменился: записи отправляются в новый заново",
        "The log has been succeeded: records are sent again to the new one",
    ),
    "RECORD_REFUSED": Sentence(
        "Сервер жазууну кабыл алган жок; ал сакталуу, сейрек кайра сунушталат: операторго билдириңиз",
        "Сервер отклонил запись; она сохранена и изредка предлагается снова: сообщите оператору",
        "The server refused a record; it is safe and offered again now and then: tell the operator",
    ),
    "RECEIPT_NOT_VALID": Sentence(
        "Сервердин дүмүрчөгү туура эмес: операторго билдириңиз",
        "Расписка сервера неверна: сообщите оператору",
        "The server's receipt does not hold: tell the operator",
    ),
    "DELIVERY_WAITS": Sentence(
        "Азырынча жөнөтүлгөн жок; отчёт сакталуу, кайра аракет кылынат",
        "Пока не отправлено; отчёт сохранён, попытки продолжаются",
        "Not sent yet; the report is safe, trying again",
    ),
    "DELIVERY_NEEDS_PEOPLE": Sentence(
        "Жөнөтүлбөй жатат, өзүнөн өзү оңолбойт; отчёт сакталуу: операторго билдириңиз",
        "Не отправляется, само не исправится; отчёт сохранён: сообщите оператору",
        "Not sent, and waiting will not mend it; the report is safe: tell the operator",
    ),
    "URN_CLOCK_OFF": Sentence(
        "АЭУнун сааты агенттикинен айырмаланат",
        "Часы АСУ расходятся с часами агента",
        "The urn's clock differs from the agent's",
    ),
    "AGENT_CLOCK_OFF": Sentence(
        "Бул түзмөктүн сааты серверден айырмаланат: саатты тууралаңыз",
        "Часы этого устройства расходятся с сервером: поправьте их",
        "This device's clock differs from the server's: set it right",
    ),
    "NOTE_NOT_KEPT": Sentence(
        "Дискке белги жазылган жок; отчётторго тиешеси жок",
        "Пометка не записана на диск; отчётов это не касается",
        "A note could not be written to the disk; reports are not concerned",
    ),
    "ALL_DELIVERED": Sentence("Баары жеткирилди", "Всё доставлено", "Everything is delivered"),
    **{code: Sentence(*words) for code, words in {**LINK_SENTENCES, **SERVER_SENTENCES}.items()},
}


def say(code: str, language: Language) -> str:
    """The sentence for ``code``, or the code itself where the table has none."""
    sentence = MESSAGES.get(code)
    return code if sentence is None else str(getattr(sentence, language))
