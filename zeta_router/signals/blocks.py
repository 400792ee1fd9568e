"""`blocks`: the code blocks of a Markdown text."""

from __future__ import annotations


def blocks(text: str) -> tuple[list[tuple[str, str]], bool]:
    """Return the closed code blocks as (language, code), and whether one more was opened and never closed."""
    found: list[tuple[str, str]] = []
    if "```" not in text:
        return found, False
    inside: list[str] | None = None
    language = ""
    for line in text.splitlines():
        bare = line.strip()
        if not bare.startswith("```"):
            if inside is not None:
                inside.append(line)
        elif inside is None:
            words = bare[3:].split(maxsplit=1)
            if "`" in bare[3:]:
                continue  # opened and closed in one line
            language, inside = (words[0].lower() if words else ""), []
        elif bare == "```":
            found.append((language, "\n".join(inside)))
            inside = None
    return found, inside is not None
