"""Rules that tell code and mathematics."""

from __future__ import annotations

from zeta_router.tasks.features import TRACES
from zeta_router.tasks.rule import Rule, names, opens_with, says, shows

_asks_amount = says(
    "how many",
    "how much",
    "how long",
    "how old",
    "how far",
    "how tall",
    "the total",
    "find the value",
    "is the value",
    "average",
)

TECHNICAL: tuple[Rule, ...] = (
    # code: what it looks like
    Rule("it has a code block", shows("```"), {"code": 2.5}),
    Rule("several lines look like source code", lambda seen: seen.code_lines >= 3, {"code": 3.0}),
    Rule("a line looks like source code", lambda seen: 1 <= seen.code_lines < 3, {"code": 0.9}),
    Rule("it shows an error message or stack trace", says(*TRACES), {"code": 2.0}),
    Rule("it calls a function by name", shows("()"), {"code": 1.0}),
    # code: what it talks about
    Rule("it names a programming language or tool", names("language"), {"code": 2.0}),
    Rule("it names several programming languages or tools", names("language", 2), {"code": 0.8}),
    Rule("it talks about programming", names("programming"), {"code": 0.8}),
    Rule("it talks about programming in several words", names("programming", 2), {"code": 1.2}),
    Rule("it talks much about programming", names("programming", 4), {"code": 1.0}),
    Rule(
        "it asks to write a function, program or script",
        says(
            "a function",
            "a program",
            "a bash script",
            "python script",
            "script to",
            "script that",
            "program to",
            "program that",
            "python program",
            "python function",
            "function that",
            "function to",
            "method to",
            "class that",
            "code to",
            "code for",
            "this code",
            "the following code",
            "code below",
            "my code",
            "algorithm to",
            "query to",
            "a regex",
        ),
        {"code": 2.2, "writing": -1.0},
    ),
    # math
    Rule("it has mathematical signs", lambda seen: seen.math_signs >= 1, {"math": 1.2}),
    Rule("it has several mathematical signs", lambda seen: seen.math_signs >= 3, {"math": 1.3}),
    Rule("it uses mathematical terms", names("maths"), {"math": 0.7}),
    Rule("it uses several mathematical terms", names("maths", 2), {"math": 1.0}),
    Rule("it uses many mathematical terms", names("maths", 4), {"math": 0.8}),
    Rule(
        "it asks for an amount and gives numbers",
        lambda seen: seen.numbers >= 1 and _asks_amount(seen),
        {"math": 3.2, "qa": -1.0},
    ),
    Rule(
        "it uses mathematical terms with numbers",
        lambda seen: seen.numbers >= 1 and seen.has("maths"),
        {"math": 1.0, "qa": -0.5},
    ),
    Rule(
        "it counts in percent or money",
        lambda seen: seen.numbers >= 2 and ("%" in seen.text or "$" in seen.text),
        {"math": 1.5},
    ),
    Rule(
        "numbers are much of it",
        lambda seen: (
            seen.numbers >= 3
            and seen.numbers * 12 > seen.words
            and seen.code_lines < 3
            and not seen.has("programming", 2)
        ),
        {"math": 1.2},
    ),
    Rule("it has an equation", shows(" = ", ")=", "(x)"), {"math": 1.0}),
    Rule(
        "it talks about amounts, prices or times in numbers",
        lambda seen: seen.numbers >= 2 and seen.has("trade", 3) and seen.words < 200,
        {"math": 1.6},
    ),
    Rule(
        "it asks to solve, prove or calculate",
        opens_with(
            "solve",
            "prove",
            "calculate",
            "compute",
            "find the",
            "evaluate",
            "simplify",
            "let ",
            "given that",
            "determine",
            "what is the value",
            "suppose ",
            "if a",
            "consider the",
        ),
        {"math": 1.3},
    ),
)
