"""A proof bundle as a page to print: what it proves, in words, and QR codes that hold every byte of it.

One HTML file without scripts, fonts or addresses of others, so that it prints from any browser, years later.
"""

from collections.abc import Sequence
from html import escape
from io import BytesIO

import segno

from ledger.observer.messages import LANGUAGES, Language

_QR_VERSION = 25
"""117 modules: 58 mm wide, half a millimetre each, which printers and telephones of any age can do."""

_WORDS: dict[str, tuple[str, str, str]] = {
    "title": ("Участоктун далили", "Доказательство по участку", "Proof of a precinct"),
    "how": (
        "Өзүңүз текшериңиз: коддордун баарын каалаган иретте сканерлеп, ар бирин өзүнчө сапка жазып бир файлга "
        "сактаңыз, анан буйрукту аткарыңыз. Тармактын кереги жок.",
        "Проверьте сами: отсканируйте все коды в любом порядке в один текстовый файл, каждый на своей строке, и "
        "выполните команду. Сеть не нужна.",
        "Check it yourself: scan all codes, in any order, into one text file, a line each, then run the command. No "
        "network is needed.",
    ),
    "trust": (
        "Бул баракчадагы сөздөргө ишенбеңиз: аларды ар ким баса алат. Текшерүү гана далилдейт.",
        "Не верьте словам на этой странице: напечатать их может каждый. Доказывает только проверка.",
        "Do not trust the words on this page: anybody can print them. Only the check proves.",
    ),
}
_STYLE = """
body { font: 10.5pt/1.35 sans-serif; margin: 12mm auto; max-width: 186mm; color: #000; background: #fff; }
h1 { font-size: 15pt; margin: 0 0 2mm; }
pre { font: inherit; white-space: pre-wrap; overflow-wrap: anywhere; margin: 0 0 4mm; }
code { font: 9.5pt monospace; }
ol { display: grid; grid-template-columns: repeat(auto-fill, 60mm); gap: 2mm; margin: 3mm 0; padding: 0; }
ol { list-style: none; }
li { break-inside: avoid; text-align: center; font-size: 8pt; }
svg { display: block; width: 60mm; height: 60mm; }
@page { size: A4; margin: 12mm; }
@media print { body { margin: 0; } }
"""


def render_page(lines: Sequence[str], codes: Sequence[str], language: Language) -> str:
    """``lines`` are words for people, ``codes`` the texts of ``qr_sequence``."""
    at = LANGUAGES.index(language)
    title, how, trust = (_WORDS[key][at] for key in ("title", "how", "trust"))
    items = "\n".join(f"<li>{_svg(code)}{place}/{len(codes)}</li>" for place, code in enumerate(codes, 1))
    return f"""<!doctype html>
<html lang="{language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{escape(title)}</title>
<style>{_STYLE}</style>
<h1>{escape(title)}</h1>
<pre>{escape(chr(10).join(lines))}</pre>
<p>{escape(how)} <code>observer check FILE --policy POLICY</code></p>
<p><strong>{escape(trust)}</strong></p>
<ol>
{items}
</ol>
</html>
"""


def _svg(text: str) -> str:
    code = segno.make(text, error="m", version=_QR_VERSION, mode="alphanumeric", boost_error=False)
    out = BytesIO()
    code.save(out, kind="svg", xmldecl=False, omitsize=True, border=4, nl=False)
    return out.getvalue().decode()
