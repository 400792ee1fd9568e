"""Rules that tell work on a text that the prompt carries, and questions of fact."""

from __future__ import annotations

from zeta_router.tasks.rule import Rule, names, opens_with, says

_QUESTION_STARTS = (
    "who ",
    "whom ",
    "whose ",
    "when ",
    "where ",
    "which ",
    "what ",
    "what's ",
    "who's ",
    "why ",
    "how ",
    "is ",
    "are ",
    "was ",
    "were ",
    "do ",
    "does ",
    "did ",
    "can ",
    "in which ",
    "the ",
    "name the ",
    "on what ",
    "in what ",
    "at which ",
)

MATERIAL: tuple[Rule, ...] = (
    # summarize
    Rule("it asks for a summary", names("summary"), {"summarize": 3.0}),
    Rule(
        "it opens by asking for a summary",
        opens_with(
            "summar",
            "sum the",
            "sum up",
            "tl;dr",
            "give me a summary",
            "please summar",
            "in 2 or 3 sentences",
            "shorten",
            "condense",
        ),
        {"summarize": 4.0},
    ),
    Rule(
        "it asks for the main points",
        says("main points", "key points of", "key takeaways", "in brief", "tl;dr", "in a few sentences"),
        {"summarize": 2.0},
    ),
    Rule(
        "it carries an article",
        says("article:", "following article", "the article", "following text:"),
        {"summarize": 1.0},
    ),
    # extract
    Rule(
        "it asks to pull something out of a text",
        opens_with("extract", "identify the", "list all the", "find all"),
        {"extract": 2.2, "math": -1.5},
    ),
    Rule("it names extraction or classification", names("extraction"), {"extract": 0.9}),
    Rule(
        "it names extraction or classification in several words", names("extraction", 2), {"extract": 1.2, "math": -0.7}
    ),
    Rule(
        "it asks for JSON or a table out of a text",
        says(
            "json format",
            "as json",
            "json dictionary",
            "in json",
            "json string",
            "json array",
            "csv format",
            "as a table",
            "output in",
        ),
        {"extract": 2.0},
    ),
    Rule(
        "it gives a list of categories to choose from",
        says(
            "list of categories",
            "categories:",
            "following categories",
            "choice of categories",
            "these categories",
            "category does",
            "which category",
        ),
        {"extract": 3.5},
    ),
    Rule(
        "it asks to rate or label texts",
        says("on a scale of", "sentiment", "reviews", "named entities", "named entity"),
        {"extract": 1.5, "math": -1.0},
    ),
    # translate
    Rule("it names a translation", names("translation"), {"translate": 2.5}),
    Rule(
        "it opens by asking for a translation",
        opens_with("translat", "please translate", "übersetz", "tradu", "перевед", "翻译", "how do you say"),
        {"translate": 2.5},
    ),
    # qa
    Rule("it opens with a question word", opens_with(*_QUESTION_STARTS), {"qa": 1.4, "chat": -0.3}),
    Rule(
        "it is one short question",
        lambda seen: (
            seen.words <= 30
            and (seen.closing.rstrip().endswith("?") or seen.has("asking"))
            and not seen.has("programming", 2)
        ),
        {"qa": 1.3},
    ),
    Rule(
        "it is a question on a text that it carries",
        says(
            "context:",
            "following passage",
            "the passage",
            "following context",
            "the paragraph",
            "according to the",
            "based on the text",
        ),
        {"qa": 2.8, "summarize": -1.0},
    ),
    Rule(
        "it asks to extract the answer to a question",
        opens_with(
            "extract the answer",
            "question:",
            "given the following passage",
            "answer the question",
            "answer the following",
        ),
        {"qa": 3.0},
    ),
    Rule(
        "it asks for an explanation",
        opens_with(
            "explain",
            "describe",
            "discuss",
            "define",
            "tell me about",
            "compare",
            "please explain",
            "please describe",
            "provide insights",
        ),
        {"qa": 1.8},
    ),
    Rule("it asks to explain or compare", names("explaining"), {"qa": 0.5}),
    Rule(
        "it is a long text with a question at its end",
        lambda seen: seen.words > 150 and seen.closing.rstrip().endswith(("?", " .", "_")) and not seen.code_lines > 2,
        {"qa": 1.6},
    ),
)
