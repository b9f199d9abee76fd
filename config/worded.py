"""Words that programs go by, each with a sentence for the person who reads it."""

from enum import StrEnum
from typing import Self


class Worded(StrEnum):
    """Members are stated as `NAME = "word", "What it means."`; looked up by the word alone."""

    sentence: str

    def __new__(cls, word: str, sentence: str = "") -> Self:
        member = str.__new__(cls, word)
        member._value_ = word
        member.sentence = sentence
        return member
