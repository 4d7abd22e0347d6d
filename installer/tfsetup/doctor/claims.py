"""What people say in sentences: of what (the GPU, an import, a training …), what is wrong with it, compared with what.

A report without a log is read for that, sentence by sentence. A claim is one subject and one complaint of a sentence;
"it does not crash" is none. Texts of programs are no sentences and are passed over. Pure; linear in the text, of which
only the two ends are read, as nobody writes more than that by hand.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from tfsetup.doctor import claim_words as words
from tfsetup.doctor.model import Against, Complaint, Subject, Wanted
from tfsetup.doctor.prose import in_small_letters
from tfsetup.doctor.speeds import gpu_is_slower
from tfsetup.doctor.text import LogText

# From each end of a text so many sentences are read; a report by hand has a few dozen.
_MOST: Final = 150
_LONGEST: Final = 400
_WINDOW: Final = 20_000
_SENTENCE: Final = re.compile(r"[^.!?;]{1,400}(?:[.!?;](?![\s)]|$)[^.!?;]{0,200}){0,6}")
_LETTERS: Final = re.compile(r"[a-z\u00c0-\u024f' ,-]")
_WORD: Final = re.compile(r"[a-z\u00c0-\u024f0-9'/-]+")
_MOSTLY: Final = 0.7
_FEWEST_WORDS: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """Somebody says of `subject` that it has `complaint`; `at` is the place of the sentence in the stream."""

    subject: Subject
    complaint: Complaint
    at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Claims:
    """What a text claims, and what it compares with.

    `of_code`: an error in it is about what its program computes with, so that its words are of no installation.
    """

    made: tuple[Claim, ...] = ()
    against: frozenset[Against] = frozenset()
    of_code: bool = False

    def fitting(self, wanted: Wanted) -> Claim | None:
        """Return the first claim that is as `wanted`; None: nobody makes it."""
        if wanted.than and self.against.isdisjoint(wanted.than):
            return None
        ours = (one for one in self.made if one.complaint in wanted.complaints)
        return next((one for one in ours if not wanted.subjects or one.subject in wanted.subjects), None)


@lru_cache(maxsize=2)  # the causes and the questions read the same text
def claims_in(log: LogText) -> Claims:
    """Return what the sentences of `log` claim; nothing where an error is about the program's own data or model."""
    small = in_small_letters(log)
    if about_code(small):
        return Claims(of_code=True)
    made: dict[Claim, None] = {}
    against: set[Against] = set()
    before: tuple[Subject, ...] = ()
    for at, sentence in _sentences(small):
        named = tuple(subject for subject, pattern in words.SUBJECTS if pattern.search(sentence))
        for complaint in _complaints(sentence):
            made.update(dict.fromkeys(Claim(subject=one, complaint=complaint, at=at) for one in named or before))
        against.update(other for other, pattern in words.AGAINST if pattern.search(sentence))
        before = named or before
    slower = gpu_is_slower(small.stream[: 2 * _WINDOW])
    if slower is not None:
        complaints: tuple[Complaint, ...] = ("slow", "slower-by-numbers")
        made.update(dict.fromkeys(Claim(subject="gpu", complaint=one, at=slower) for one in complaints))
        against.add("cpu")
    return Claims(made=tuple(made), against=frozenset(against))


def about_code(small: LogText) -> bool:
    """Return whether a text in small letters is about what a program computes with, which no installation changes."""
    return any(text in small.stream for text in words.OF_CODE)


def _complaints(sentence: str) -> Iterator[Complaint]:
    for complaint, pattern in words.COMPLAINTS:
        found = pattern.search(sentence)
        if found is None:
            continue
        denied = complaint in words.DENIABLE and words.DENIED.search(sentence[: found.start()])
        if not denied:
            yield complaint


def _sentences(small: LogText) -> Iterator[tuple[int, str]]:
    """Yield the sentences that a person wrote with their places: the first and the last ones of a long text."""
    left = 2 * _MOST
    for _, start, line in _written(small):
        for found in _SENTENCE.finditer(line):
            if left:
                left -= 1
                yield start + found.start(), found[0].strip()


def _written(small: LogText) -> Iterator[tuple[int, int, str]]:
    """Yield number, place and text of the lines that a person wrote, of a long text the first and the last ones."""
    places = list(enumerate(pairwise((*small.starts, len(small.stream) + 1))))
    if len(places) > 2 * _MOST:
        places = places[:_MOST] + places[-_MOST:]
    for number, (start, end) in places:
        line = small.stream[start : min(end - 1, start + 4 * _LONGEST)]
        if is_sentence(line):
            yield number, start, line


def is_sentence(line: str) -> bool:
    """Return whether a line in small letters is what somebody wrote, and not what a program printed or is made of."""
    if words.PRINTED.match(line) is not None or len(_WORD.findall(line[:_LONGEST])) < _FEWEST_WORDS:
        return False
    head = line[:_LONGEST]
    return len(_LETTERS.findall(head)) >= _MOSTLY * len(head)


def said_besides(log: LogText, explained: Collection[int]) -> str:
    """Return the first sentence that somebody wrote beside the lines `explained`; empty: none, or about such a line.

    Whoever asks what a message means, whether it may be ignored or how it is turned off, speaks of that message.
    """
    small = in_small_letters(log)
    said = [(number, line) for number, _, line in _written(small) if number not in explained]
    if not said or any(words.OF_A_MESSAGE.search(line) for _, line in said):
        return ""
    return small.quote_line(said[0][0])
