"""Rules that tell thinking, writing, talking and the use of tools."""

from __future__ import annotations

from zeta_router.tasks.rule import Rule, names, opens_with, says, shows

_MAKE_STARTS = (
    "write ",
    "create ",
    "make ",
    "develop ",
    "implement ",
    "build ",
    "generate ",
    "design ",
    "give me ",
    "please write ",
    "can you write ",
    "write me ",
    "i want ",
    "help me ",
)

TALK: tuple[Rule, ...] = (
    # reasoning
    Rule(
        "it asks to think step by step",
        says("step by step", "step-by-step", "think carefully", "chain of thought", "show your reasoning"),
        {"reasoning": 1.3, "math": 0.4},
    ),
    Rule(
        "it is a puzzle or a logic test",
        says(
            "logic test",
            "puzzle",
            "riddle",
            "most sensical",
            "short story: ",
            "brain teaser",
            "statements are true",
            "may be true, false",
            "first two statements",
        ),
        {"reasoning": 3.5, "writing": -1.5},
    ),
    Rule("it uses the words of logic", names("logic"), {"reasoning": 0.5}),
    Rule("it uses the words of logic several times", names("logic", 2), {"reasoning": 0.9}),
    Rule(
        "it asks what most likely follows",
        says(
            "most likely",
            "best explains",
            "which of these",
            "which of the following",
            "would most",
            "what could be",
            "what might",
            "what would",
            "likely to",
        ),
        {"reasoning": 1.5},
    ),
    Rule("it offers options to choose from", shows("(A) ", "\nA) ", "\nA. ", "(a) ", "\na) "), {"reasoning": 0.8}),
    Rule(
        "it follows a person through a situation",
        lambda seen: (
            seen.opening.startswith(
                (
                    "if ",
                    "a ",
                    "an ",
                    "some ",
                    "after ",
                    "john ",
                    "someone",
                    "people",
                    "while ",
                    "when a",
                    "where would",
                    "where can",
                    "where might",
                    "what do ",
                    "what is someone",
                    "why would",
                    "why did",
                    "why do",
                    "the person",
                    "the man",
                )
            )
            and seen.words < 80
        ),
        {"reasoning": 1.2},
    ),
    # writing
    Rule("it names a kind of text to write", names("writing"), {"writing": 0.9}),
    Rule("it names kinds of text in several words", names("writing", 2), {"writing": 1.0}),
    Rule("it names kinds of text in many words", names("writing", 4), {"writing": 1.0}),
    Rule(
        "it asks to write something",
        lambda seen: seen.opening.startswith(_MAKE_STARTS) and not seen.has("programming"),
        {"writing": 1.2},
    ),
    Rule(
        "it asks to rephrase or rewrite",
        opens_with(
            "paraphrase",
            "rewrite",
            "rephrase",
            "edit ",
            "improve ",
            "proofread",
            "generate a story",
            "compose ",
            "draft ",
            "write a story",
            "write a poem",
            "write an email",
            "write a sentence",
            "can you write a sentence",
        ),
        {"writing": 3.0},
    ),
    # chat
    Rule(
        "it begins with a greeting",
        lambda seen: (
            seen.has("greeting")
            and seen.opening.startswith(
                (
                    "hi",
                    "hello",
                    "hey",
                    "thank",
                    "hola",
                    "bonjour",
                    "hallo",
                    "ciao",
                    "salut",
                    "привет",
                    "спасибо",
                    "你好",
                    "yo ",
                )
            )
        ),
        {"chat": 1.6},
    ),
    Rule(
        "it is only a few words and no question",
        lambda seen: seen.words <= 6 and len(seen.text) < 40 and not seen.closing.rstrip().endswith("?"),
        {"chat": 1.0},
    ),
    Rule(
        "it speaks of you and me",
        says(
            "how are you",
            "who are you",
            "your name",
            "i feel",
            "i'm feeling",
            "my friend",
            "do you like",
            "your favorite",
            "your favourite",
            "what's up",
        ),
        {"chat": 1.5},
    ),
    Rule(
        "it hands out a role to play",
        says(
            "role of",
            "you are now",
            "imagine yourself",
            "act as",
            "pretend",
            "persona",
            "roleplay",
            "role-play",
            "assume the role",
            "act like",
            "picture yourself",
            "suppose you are",
            "take on the role",
            "the role",
            "you will act",
        ),
        {"chat": 2.6},
    ),
    # tools
    Rule(
        "it offers tools to call",
        says("following tools", "tool call", "call the tool", "function calling", "use the tool"),
        {"tools": 4.0},
    ),
)
