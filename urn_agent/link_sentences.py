"""What the serial link itself has to say to people, by code: Kyrgyz, Russian, English.

``messages`` joins it to the rest. Some are for the urn's display (refusals and resets), some for the agent's notices
(faults of frames and messages). The Kyrgyz sentences are †: they wait for a speaker's check.
"""

from collections.abc import Mapping

LINK_SENTENCES: Mapping[str, tuple[str, str, str]] = {
    "LINK_VERSION_UNKNOWN": (
        "АЭУ менен агент протоколдун ар башка версиясында: техникти чакырыңыз",
        "АСУ и агент говорят на разных версиях протокола: вызовите техника",
        "Urn and agent speak different versions of the link: call the technician",
    ),
    "LINK_REPORT_KIND_UNKNOWN": (
        "Агент мындай отчётту билбейт: агентти жаңыртыңыз",
        "Агент не знает отчётов такого вида: обновите агент",
        "The agent does not know this kind of report: update the agent",
    ),
    "LINK_REPORT_TOO_LONG": (
        "Отчёт өтө узун же бош: операторго билдириңиз",
        "Отчёт слишком длинный или пустой: сообщите оператору",
        "The report is too long, or empty: tell the operator",
    ),
    "LINK_DIGEST_MISMATCH": (
        "Отчёт жолдо бузулду, кайра жөнөтүлөт",
        "Отчёт исказился в пути, отправляется снова",
        "The report was garbled on its way and is sent again",
    ),
    "LINK_UNKNOWN_CONNECTION": (
        "Агент кайра башталды, байланыш жаңыртылат",
        "Агент перезапущен, связь устанавливается заново",
        "The agent was restarted; connecting anew",
    ),
    "LINK_OUT_OF_TURN": (
        "Билдирүү кезексиз келди, байланыш жаңыртылат",
        "Сообщение пришло не в очередь, связь устанавливается заново",
        "A message came out of turn; connecting anew",
    ),
    "LINK_SEQUENCE_GAP": (
        "Билдирүү жоголду, байланыш жаңыртылат",
        "Пропущено сообщение, связь устанавливается заново",
        "A message is missing; connecting anew",
    ),
    "LINK_WRONG_DATA": (
        "Отчёттун бөлүгү ордунда эмес, байланыш жаңыртылат",
        "Часть отчёта не на своём месте, связь устанавливается заново",
        "A part of the report is out of place; connecting anew",
    ),
    "LINK_WRONG_REPORT": (
        "Агент башка отчёт жөнүндө жооп берди: техникти чакырыңыз",
        "Агент ответил о другом отчёте: вызовите техника",
        "The agent answered about another report: call the technician",
    ),
    "LINK_MESSAGE_UNKNOWN": (
        "Билдирүүнүн түрү белгисиз: программаларды жаңыртыңыз",
        "Неизвестный вид сообщения: обновите программы",
        "A message of an unknown type: update the programs",
    ),
    "LINK_MESSAGE_MALFORMED": (
        "Билдирүүнүн түзүлүшү туура эмес: техникти чакырыңыз",
        "Сообщение составлено неверно: вызовите техника",
        "A message is put together wrongly: call the technician",
    ),
    "LINK_MESSAGE_TOO_SHORT": (
        "Билдирүү өтө кыска: техникти чакырыңыз",
        "Сообщение слишком короткое: вызовите техника",
        "A message is too short: call the technician",
    ),
    "LINK_TOO_MANY_REPORTS": (
        "Жөнөтүлө элек отчёттор өтө көп: байланышты текшериңиз",
        "Слишком много неотправленных отчётов: проверьте связь",
        "Too many reports wait: check the connection",
    ),
    "LINK_FRAME_TOO_LONG": (
        "Линияда үзгүлтүксүз тоскоолдук бар: ылдамдыкты жана кабелди текшериңиз",
        "На линии сплошные помехи: проверьте скорость и кабель",
        "Nothing but noise on the line: check speed and cable",
    ),
    "LINK_FRAME_TOO_SHORT": (
        "Линияда тоскоолдук бар: кабелди текшериңиз",
        "Помехи на линии, обрывок: проверьте кабель",
        "Noise on the line, a fragment: check the cable",
    ),
    "LINK_FRAME_BAD_STUFFING": (
        "Линияда тоскоолдук бар, кадр үзүлдү: кабелди текшериңиз",
        "Помехи на линии, кадр оборван: проверьте кабель",
        "Noise on the line, a frame is cut: check the cable",
    ),
    "LINK_FRAME_BAD_CHECKSUM": (
        "Линияда тоскоолдук бар, кадр бузулду: кабелди текшериңиз",
        "Помехи на линии, кадр искажён: проверьте кабель",
        "Noise on the line, a frame is garbled: check the cable",
    ),
}
