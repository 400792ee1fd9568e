"""What a prompt looks like, apart from its words: lines, signs, numbers, length."""

from __future__ import annotations

from math import log2

from zeta_router.tasks.ngrams import WITHOUT_DIGITS

_CODE_WORDS = frozenset((
    "def", "class", "import", "from", "#include", "function", "const", "let", "var", "public", "private", "static",
    "return", "if(", "for(", "while(", "package", "using", "namespace", "struct", "enum", "fn", "func", "async",
    "<?php", "<div", "<div>", "<p>", "<html>", "<script>", "<img", "SELECT", "CREATE", "INSERT", "UPDATE", "FROM",
    "WHERE", "JOIN", "GROUP", "sudo", "pip", "docker", "npm", "#!/bin/bash", "}", "})", "});", "try:", "else:", "else{",
    "elif", "print(", "//", "/*", "#", "$", ">", "except", "switch", "case", "int", "void", "double", "float", "string",
    "await", "bool", "end", "fi", "done", "echo", "impl", "pub", "mut",
))  # fmt: skip
"""How a line of source code, markup or shell begins. Prose does at times, so one such line is weak evidence."""
_CODE_ENDS = frozenset("{};>")
_CODE_TAILS = frozenset(("):", "],", "},", "),", "->", "=>"))

_TRACES = ("Traceback (", "xception", "rror:", "ERROR", "ERR!", "WARN", "rror[", "egmentation fault")

_OPTION_STARTS = frozenset(("A.", "B.", "A)", "B)", "(A", "(B", "a)", "b)", "(a", "(b", "a.", "b."))
_MATHS = ("^", "$", "+ ", "f(x)")
_TEX = ("\\frac", "\\sqrt", "\\(", "\\int", "\\sum", "\\math", "\\le")
_MATHS_BEYOND_ASCII = ("∫", "∑", "√", "≤", "≥", "π", "∞", "∈", "×", "²", "³")
_LIST_STARTS = frozenset(("- ", "* ", "• ", "1.", "2.", "3."))

SEEN: dict[str, str] = {
    "fence": "it has a code block",
    "code line": "a line looks like source code",
    "code lines": "several lines look like source code",
    "code much": "most lines look like source code",
    "trace": "it shows an error message or a log",
    "call": "it calls a function by name",
    "options": "it offers options to choose from",
    "list": "it is written as a list",
    "maths": "it has mathematical signs",
    "maths much": "it has several mathematical signs",
    "equation": "it has an equation",
    "number": "it has numbers",
    "numbers": "it has several numbers",
    "numbers much": "numbers are much of it",
    "asks": "it ends with a question mark",
    "asks within": "it asks a question on the way",
    "blank": "it has a blank to fill in",
    "braces": "it carries JSON or other braces",
    "markup": "it carries markup",
    "quotes": "it quotes something",
    "link": "it has a link",
    "colon end": "it ends with a colon",
    "no end": "it ends without a mark",
    "foreign": "it is not written in English letters",
    "lines": "it has several lines",
    "many lines": "it has many lines",
    "tiny": "it is only a few words",
    "short": "it is one or two sentences",
    "paragraph": "it is a paragraph long",
    "page": "it is about a page long",
    "long": "it is a long text",
}
"""Every observation there is → how it reads as a reason. The order is the model file's."""


def observe(text: str, length: int) -> list[str]:
    """Return the observations that hold for a text.

    Args:
        text: The text, cut to a few thousand characters.
        length: Characters before it was cut.
    """
    found: list[str] = []
    see = found.append
    stripped, ascii_only = text.strip(), text.isascii()
    lines = [line for line in map(str.strip, stripped.splitlines()) if line]
    code = sum(
        [line[-1] in _CODE_ENDS or line[-2:] in _CODE_TAILS or line.split(" ", 1)[0] in _CODE_WORDS for line in lines]
    )
    if code:
        see("code lines" if code >= 3 else "code line")
        if code * 2 > len(lines) > 3:
            see("code much")
    if "```" in text:
        see("fence")
    if "()" in text:
        see("call")
    for trace in _TRACES:
        if trace in text:
            see("trace")
            break
    if len(lines) >= 3:
        see("many lines" if len(lines) >= 10 else "lines")
        if sum([line[:2] in _OPTION_STARTS for line in lines]) >= 2:
            see("options")
        if sum([line[:2] in _LIST_STARTS for line in lines]) >= 2:
            see("list")
    elif " (B) " in text or " B) " in text or " (b) " in text:
        see("options")
    signs = sum([sign in text for sign in _MATHS])
    if "\\" in text:
        signs += sum([sign in text for sign in _TEX])
    if not ascii_only:
        signs += sum([sign in text for sign in _MATHS_BEYOND_ASCII])
    if signs:
        see("maths much" if signs >= 3 else "maths")
    if " = " in text or ("=" in text and signs):
        see("equation")
    digits = text.encode("utf-8", "replace").translate(WITHOUT_DIGITS).count(b"0")
    if digits:
        see("number" if digits <= 2 else "numbers")
        if digits * 25 > len(text):
            see("numbers much")
    if stripped.endswith(("?", '?"', "?'", "？")):
        see("asks")
    elif "?" in text:
        see("asks within")
    elif stripped.endswith(":"):
        see("colon end")
    elif not stripped.endswith((".", "!", "。", "}", ";", '"', "`")):
        see("no end")
    if "___" in text:
        see("blank")
    if "{" in text and "}" in text:
        see("braces")
    if "</" in text:
        see("markup")
    if '"' in text or "“" in text:
        see("quotes")
    if "http" in text:
        see("link")
    if not ascii_only and len(text.encode("ascii", "ignore")) * 4 < len(text) * 3:
        see("foreign")
    see(("tiny", "tiny", "short", "paragraph", "page", "long")[min(max(int(log2(length / 8 + 1)) // 2, 0), 5)])
    return found
