"""The status in words for people, in Kyrgyz, Russian and English: what runs, how far it is, and what to do."""

from typing import Literal

from central_server.status import StatusReport

Language = Literal["ky", "ru", "en"]
LANGUAGES: tuple[Language, ...] = ("ky", "ru", "en")


def describe_status(report: StatusReport, language: Language) -> list[str]:
    """Lines for a terminal."""
    place = LANGUAGES.index(language)
    lines = [_STATES[report.state][place]]
    lines += [f"  {_SIZES[name][place]}: {'?' if size is None else size}" for name, size in report.sizes.items()]
    for part, code in report.problems.items():
        words = _PROBLEMS[code][place] if code in _PROBLEMS else report.messages.get(part) or _OTHER[place]
        lines.append(f"{part}: {code}: {words}")
    if not report.problems:
        lines.append(_WELL[place])
    return lines


_STATES = {
    "running": ("Сервер иштеп жатат.", "Сервер работает.", "The server is running."),
    "silent": (
        "Сервер жооп бербейт: башталып же токтоп жатат, же илинип калган.",
        "Сервер не отвечает: он запускается, останавливается или завис.",
        "The server does not answer: it is starting, stopping, or stuck.",
    ),
    "stopped": ("Сервер токтоп турат.", "Сервер остановлен.", "The server is stopped."),
}
_SIZES = {
    "log": ("журналдагы жазуулар", "записей в журнале", "entries in the log"),
    "guard": ("сакчы билген, кол коюлганы", "подписано, по данным сторожа", "entries signed, as the guard knows"),
    "published": ("жарыяланганы", "опубликовано", "entries published"),
    "anchored": ("чынжырга бекитилгени", "закреплено в цепочке", "entries anchored"),
}
_WELL = "Баары жайында.", "Всё в порядке.", "All is well."
_OTHER = (
    "сервердин билдирүүлөрүн окуңуз",
    "прочтите сообщения сервера",
    "read the server's own messages",
)
_PROBLEMS = {
    "NOT_ANSWERING": (
        "бир мүнөттөн кийин кайра сураңыз; болбосо сервердин билдирүүлөрүн окуңуз",
        "спросите ещё раз через минуту; если не поможет, прочтите сообщения сервера",
        "ask again in a minute; if that does not help, read the server's own messages",
    ),
    "WITNESS_QUORUM": (
        "күбөлөр жетишсиз кол койду: жаңысы жарыяланбайт, жазуулар кабыл алынууда (docs/witnesses.md)",
        "подписей свидетелей мало: новое не публикуется, записи принимаются (docs/witnesses.md)",
        "too few witnesses have signed: nothing new is published, records are taken (docs/witnesses.md)",
    ),
    "STOPPING": ("сервер токтоп жатат", "сервер останавливается", "the server is being stopped"),
    "LOG_BEHIND_GUARD": (
        "журнал кол коюлгандан эски көчүрмө: эң жаңысын кайтарыңыз (docs/backup.md)",
        "журнал — копия старее подписанного: верните самую новую (docs/backup.md)",
        "the log is an older copy than what was signed: bring back its newest copy (docs/backup.md)",
    ),
    "LOG_NOT_OF_GUARD": (
        "журнал башка тарыхты кармайт: туура көчүрмөсүн кайтарыңыз (docs/backup.md)",
        "в журнале другая история: верните верную копию (docs/backup.md)",
        "the log holds another history: bring back the right copy (docs/backup.md)",
    ),
    "GUARD_MISSING": (
        "сакчынын дискин туташтырыңыз; жоголсо, docs/backup.md окуңуз",
        "подключите диск сторожа; если он утерян, прочтите docs/backup.md",
        "mount the guard's disk; if it is lost, read docs/backup.md",
    ),
    "PUBLICATION_NOT_OF_LOG": (
        "жарыяланганы журналдан алдыда же башка журналдыкы: журнал эски көчүрмө эмеспи?",
        "опубликованное новее журнала или из другого журнала: не старая ли это копия журнала?",
        "the publication is ahead of the log or another log's: is the log an old copy?",
    ),
    "DISK_LOW": (
        "дискте орун аз калды: бошотуңуз",
        "на диске мало места: освободите",
        "little disk is left: make room",
    ),
    "DISK_FULL": ("диск толду: орун бошотуңуз", "диск заполнен: освободите место", "the disk is full: make room"),
    "STOPPED": (
        "бул бөлүк токтоду: билдирүүлөрдү окуп, серверди кайра иштетиңиз",
        "эта часть остановилась: прочтите сообщения и перезапустите сервер",
        "this part has ended: read the messages and start the server again",
    ),
}
