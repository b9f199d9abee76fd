"""What a person says with a request or a decision: short and printable, for others read it."""

MOST_CHARACTERS = 300


def unsaid(**said: str) -> str:
    """What is wrong with the first of these that cannot be taken, '' where all can."""
    for name, text in said.items():
        if not text.isprintable() or not 0 < len(text.strip()) <= MOST_CHARACTERS:
            return f"{name}: must be said in 1 to {MOST_CHARACTERS} printable characters"
    return ""
