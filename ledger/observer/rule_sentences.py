"""What the codes of the fold mean, in Kyrgyz, Russian and English: records that a rule keeps out of the totals.

Data only, as in ``sentences``.
"""

Sentence = tuple[str, str, str]
"""Kyrgyz, Russian, English."""

_PART: Sentence = (
    "шайлоонун аныктамасы менен дал келбейт ({detail})",
    "не согласуется с определением выборов ({detail})",
    "{detail}",
)

_RULING: Sentence = (
    "чечим күчүнө кирген жок ({detail})",
    "решение не вступило в силу ({detail})",
    "{detail}",
)

RULE_SENTENCES: dict[str, Sentence] = {
    "PARTS_INCOMPLETE": _PART,
    "SECOND_ELECTION": _PART,
    "DUPLICATE_PART": _PART,
    "PARTS_COMPLETE": _PART,
    "BROKEN_PARTS": _PART,
    "OTHER_ELECTION": ("башка шайлоонун жазуусу ({detail})", "запись о других выборах ({detail})", "{detail}"),
    # Acts of authority and decisions that do not take effect.
    "POLLS_ARE_OPEN": (
        "участкалар ачылгандан кийин эки кызматкер керек ({detail})",
        "после открытия участков нужны двое уполномоченных ({detail})",
        "{detail}",
    ),
    "KEY_ALREADY_NAMED": _RULING,
    "UNSOUND_KEY": _RULING,
    "NO_SUCH_KEY": _RULING,
    "NOT_AMENDABLE": _RULING,
    "NO_SUCH_TARGET": _RULING,
    "ALREADY_COUNTED": _RULING,
    "NOT_LIVE": _RULING,
    "UNIT_ANNULLED": _RULING,
    "NOT_ALL_TARGETS": _RULING,
    "URN_HAS_REPORTED": _RULING,
    # Records of devices.
    "NOT_ASSIGNED": (
        "түзмөк бул участок үчүн дайындалган эмес ({detail})",
        "устройство не назначено на этот участок ({detail})",
        "{detail}",
    ),
    "WRONG_CONTESTS": ("бюллетендин курамы башка ({detail})", "не тот состав бюллетеня ({detail})", "{detail}"),
    "NOTHING_TO_WITHHOLD": (
        "уячадагы добуштар негизсиз жашырылган",
        "голоса ячейки скрыты без основания",
        "{detail}",
    ),
    "MORE_VOTES_THAN_BALLOTS": (
        "добуштар бюллетенден көп ({detail})",
        "голосов больше, чем бюллетеней ({detail})",
        "{detail}",
    ),
    "CONFLICT": ("башка саны бар экинчи отчёт ({detail})", "второй отчёт с другими числами ({detail})", "{detail}"),
    "REVOKED_KEY": ("ачкыч мурда жокко чыгарылган ({detail})", "ключ был отозван ({detail})", "{detail}"),
    "ANNULLED": ("участок жараксыз деп табылган ({detail})", "участок признан недействительным ({detail})", "{detail}"),
    "OUT_OF_USE": ("урна колдонуудан чыгарылган ({detail})", "урна выведена из работы ({detail})", "{detail}"),
    "UNKNOWN_TIME": (
        "катышуу бул убакытта билдирилбейт ({detail})",
        "явка на это время не сообщается ({detail})",
        "{detail}",
    ),
    "NO_SUCH_UNIT": (
        "протокол бул участоктун бюллетенине туура келбейт ({detail})",
        "протокол не соответствует бюллетеню участка ({detail})",
        "{detail}",
    ),
    "SPARE": ("негизги урнанын отчёту эсептелген ({detail})", "уже учтена другая урна ({detail})", "{detail}"),
}
