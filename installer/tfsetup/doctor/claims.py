"""What people say in sentences: of what (the GPU, an import, a training …), what is wrong with it, compared with what.

A report without a log is read for that, sentence by sentence. A claim is one subject and one complaint of a sentence;
"it does not crash" is none. Texts of programs are no sentences and are passed over. Pure; linear in the text, of which
only the two ends are read, as nobody writes more than that by hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from tfsetup.doctor.model import Against, Complaint, Subject, Wanted
from tfsetup.doctor.prose import in_small_letters
from tfsetup.doctor.speeds import gpu_is_slower
from tfsetup.doctor.text import LogText

# From each end of a text so many sentences are read; a report by hand has a few dozen.
_MOST: Final = 150
_LONGEST: Final = 400
_WINDOW: Final = 20_000
_SENTENCE: Final = re.compile(r"[^.!?;]{1,400}(?:[.!?;](?![\s)]|$)[^.!?;]{0,200}){0,6}")
# How a line of a program begins, and what only code and logs hold.
_PRINTED: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ t]|[iwef][0-9]{4} |epoch [0-9]+/|[0-9]+/[0-9]+ [\[━]|>>>|\.\.\. |file ['\"]|traceback"
    r"|\[?(?:error|warning|info)\b ?[:\]]|[a-z.]{1,60}error:|(?:[a-z_]+ )?tensorflow/|import |from [a-z_.]+ import|collecting |downloading "
    r"|requirement already|installing collected|successfully |using cached|def |class |with tf\.|@|#|[a-z_.]+ ?= |\$ |% |note:|hint:"
    r"|(?:num )?gpus? available|pip3? install|conda (?:install|create)"
)
_LETTERS: Final = re.compile(r"[a-z\u00c0-\u024f' ,-]")
_WORD: Final = re.compile(r"[a-z\u00c0-\u024f0-9'/-]+")
_MOSTLY: Final = 0.7
_FEWEST_WORDS: Final = 3

_NOT: Final = r"(?:\bnot\b|n't\b|\bcannot\b|\bcant\b|\bdont\b|\bdoesnt\b|\bisnt\b|\bwont\b|\bunable to\b|\bnever\b|\bfail(?:s|ed|ing)? to\b|\bno longer\b|\bstopped\b)"
_FEW: Final = r"(?: [a-z'-]+){0,4}?"
_DEVICE: Final = r"(?:gpus?|metal|mps|cuda|graphics? cards?|graphics? processor|nvidia|rtx ?[0-9]*|gtx ?[0-9]*|radeon|apple silicon|device)"

_SUBJECTS: Final[tuple[tuple[Subject, re.Pattern[str]], ...]] = (
    ("gpu", re.compile(rf"\b{_DEVICE}\b")),
    ("import", re.compile(r"\bimport(?:s|ing|ed)?\b|\bmodulenotfound|\bno module named\b")),
    ("install", re.compile(r"\b(?:re)?install(?:s|ing|ed|ation)?\b|\bpip\b|\bconda\b|\bpoetry\b|\bset ?up\b")),
    ("load", re.compile(r"\bload(?:s|ing|ed)?(?:_model| the| a| my| this| saved)?\b.{0,40}\bmodel|\bload_model\b|\bsaved? model|\bh5 file|\.h5\b|\.keras\b|\bload_weights")),
    ("kernel", re.compile(r"\bkernel\b|\bnotebooks?\b|\bjupyter|\bspyder\b|\bipython\b")),
    ("numbers", re.compile(r"\bloss\b|\baccurac|\bpredict(?:ion|ions|s)?\b|\bresults?\b|\boutputs?\b|\bvalues?\b|\bmetrics?\b|\bweights\b|\bnumbers\b|\bscores?\b")),
    ("training", re.compile(r"\btrain(?:s|ed|ing)?\b|\bfit(?:s|ting)?\b|\bepochs?\b|\bmodel\b|\binference\b|\bpredict|\bsteps?\b|\bnetwork\b|\blstm\b|\bcnn\b|\brnn\b|\bmnist\b")),
    ("tensorflow", re.compile(r"\btensorflow|\btf\b|\bkeras\b")),
)  # fmt: skip
_COMPLAINTS: Final[tuple[tuple[Complaint, re.Pattern[str]], ...]] = (
    ("not-used", re.compile(
        rf"{_NOT}{_FEW} (?:us(?:e|es|ed|ing)|utili[sz](?:e|es|ed|ing)|run(?:s|ning)?(?: on)?|work(?:s|ing)? on) ?{_FEW}{_DEVICE}"
        rf"|{_DEVICE}{_FEW} {_NOT}{_FEW} (?:us(?:e|ed|ing)|utili[sz]ed|working|active|kicking in|doing anything)"
        rf"|\bonly (?:us(?:e|es|ing)|runs?|running|trains?|see|sees|shows?|lists?|find|finds|detects?)(?: [a-z]+){{0,3}} cpus?\b"
        rf"|\buses? (?:the |my )?cpu (?:only|instead)|\bcpu instead of|\b(?:running|runs|trains?|training|trained|computed|executes?|falls? back|fell back|defaults?|still)(?: [a-z]+){{0,3}} (?:on|to) (?:the |my )?cpu\b(?! works| is| it)"
        rf"|{_DEVICE} (?:is |stays |remains |sits |usage |utili[sz]ation |load ){{1,3}}(?:at |is )?(?:idle|unused|ignored|0|zero|low)"
        r"|\b(?:0 ?%|zero|no) (?:gpu )?(?:usage|utili[sz]ation|load)|\b[0-9]{1,3} ?% cpu\b|\bwithout (?:using )?(?:the |my )?gpu\b"
    )),
    ("not-found", re.compile(
        rf"{_NOT}{_FEW} (?:detect|recogni[sz]|find|found|see\b|seen|seeing|list|visible|show|appear|available|identif|regist|access|pick(?:ed|ing)? up|know)"
        rf"|\bno (?:[a-z0-9-]+ ){{0,2}}{_DEVICE}\b|{_DEVICE} (?:[a-z]+ )?(?:is |are )?(?:missing|invisible|undetected|unavailable|unrecogni[sz]ed)"
        r"|\bempty list|\breturns? (?:an )?(?:\[\]|empty|0|zero|false|none)|\bnum gpus available:? *0|\bis empty\b|\bsays? (?:no|0|false)"
    )),
    ("slow", re.compile(
        r"\bslow(?:er|ly|ness|est|ed|s)?\b|\b(?:takes?|took|taking|needs?)(?: [a-z]+){0,4} (?:long|longer|forever|hours|ages|minutes)\b"
        r"|\b(?:faster|quicker) (?:on|with|using|if|when|without)(?: [a-z]+){0,3} (?:cpu|colab|intel|old|metal|gpu)\b|\bcpu(?: [a-z]+){0,4} (?:much |far |way |a lot |even )?(?:faster|quicker)"
        r"|\b[0-9.]+ ?(?:x|times|fold) (?:slower|longer|as long)|\b(?:poor|bad|terrible|worse|low|degraded) performance|\bperformance(?: [a-z]+){0,3} (?:drop|degrad|worse|bad|terrible|poor|horrible|low)"
        r"|\bno (?:speed ?-?up|speed gain|acceleration)\b|\blangsam|\blent\b|\blento\b"
    )),
    ("crash", re.compile(
        r"\bcrash(?:es|ed|ing)?\b|\bdie[sd]?\b|\bdying\b|\brestart(?:s|ed|ing)?\b|\bkilled\b|\bseg(?:mentation)?[ -]?fault|\babort(?:s|ed|ing)?\b"
        r"|\bcore dump|\bquits? unexpectedly|\bquit unexpectedly|\billegal (?:hardware )?instruction|\bbus error|\bexit code -?[0-9]{2,}|\bstürzt\b|\bplante\b"
    )),
    ("hang", re.compile(
        r"\bhang(?:s|ing)?\b|\bhung\b|\bfreez(?:e|es|ing)\b|\bfroze|\bdeadlock|\bstuck\b(?! (?:at|around|near) [0-9])|\bnever (?:finish|start|return|end|complete|get past)"
        r"|\bnothing happens|\bdoes nothing\b|\bnot respond|\bforever\b"
    )),
    ("wrong", re.compile(
        r"\b(?:different|wrong|incorrect|inconsistent|bad|weird|strange|garbage|nonsense|random|worse|other|negative)(?: [a-z]+){0,2} (?:results?|predictions?|outputs?|values?|numbers?|accurac|loss|scores?|answers?)"
        r"|\b(?:results?|predictions?|outputs?|values?|loss|accuracy|numbers|weights|scores?)(?: [a-z()=,'-]+){0,6} (?:differ|diverg|explod|nan\b|wrong|incorrect|garbage|constant|random|worse|stuck|don't match|do not match|not match|doesn't|does not|never|not|going up|goes up|increas|inconsistent|too high|too low|unstable)"
        r"|\b(?:doesn't|does not|don't|do not|not|never|won't|can't) (?:learn|converg|train properly)|\bdiverg|\bexplod|\bgarbage\b|\bnan\b|\bnans\b|\bdiscrepanc|\bsame class\b|\bchance level"
    )),
    ("no-install", re.compile(
        rf"{_NOT}{_FEW} (?:get |be |to )?(?:re)?install|\b(?:trouble|problems?|issues?|errors?|difficult(?:y|ies)?|struggling)(?: [a-z]+){{0,4}} install"
        r"|\binstall(?:ation|ing|s)?(?: [a-z]+){0,4} (?:fail|failed|fails|error|problem|issue|does not work|doesn't work|not work|impossible|stops|aborts)"
        r"|\bno (?:matching |compatible |suitable )?(?:version|distribution|wheel|package|release)s?\b|\bcould not find a version|\bnot available (?:for|on)\b|\bnot supported\b|\bunsupported\b"
    )),
    ("no-import", re.compile(
        rf"{_NOT}{_FEW} import|\bimport(?:ing|s)?(?: [a-z.]+){{0,4}} (?:fail|fails|failed|error|does not work|doesn't work|not work|raises|throws|gives)"
        r"|\bno module named|\bmodule not found|\bmodulenotfounderror|\bimporterror|\bcould not be resolved|\bnot be resolved"
    )),
    ("no-load", re.compile(rf"{_NOT}{_FEW} (?:load|open|read|restor)|\b(?:load(?:ing)?|restor(?:e|ing))(?: [a-z_]+){{0,5}} (?:fail|fails|failed|error|does not work|doesn't work|raises|throws)")),
    ("memory", re.compile(r"\bmemory(?: [a-z]+){0,3} (?:leak|grow|increas|full|fills)|\bout of memory|\bmemory leak|\boom\b|\beats? (?:up )?(?:all )?(?:the |my )?(?:memory|ram)")),
)  # fmt: skip
_DENIED: Final = re.compile(
    r"(?:\bnot|n't|\bno|\bnever|\bwithout|\bdoesnt|\bno longer|\bstopped)(?: any| a| the| to| be| is)?\s$"
)
_DENIABLE: Final = frozenset(("slow", "crash", "hang", "memory"))
_AGAINST: Final[tuple[tuple[Against, re.Pattern[str]], ...]] = (
    ("cpu", re.compile(
        r"\bcpu\b.{0,60}\b(?:faster|quicker|fine|correct|works?|right|better|ok|only takes?|takes only|seconds?|ms\b|converge|learns?)"
        r"|\b(?:than|versus|vs\.?|compared (?:to|with)|over|against|unlike)(?: [a-z]+){0,3} cpu\b|\b(?:on|with|using|force|forcing|use) (?:the |my )?cpu\b"
        r"|\bcpu:0|\b(?:disabl|hid|uninstall|remov|without)(?:e|es|ing|ed)?(?: [a-z-]+){0,3} (?:gpu|metal|tensorflow-metal|tensorflow_metal)\b"
    )),
    ("elsewhere", re.compile(
        r"\bcolab\b|\bkaggle\b|\b(?:my|an|another|other|old|the|his|her) (?:[a-z]+ ){0,2}(?:intel mac|pc|laptop|server|desktop|machine|computer|linux|windows|ubuntu)\b"
        r"|\bon (?:linux|windows|ubuntu|intel|nvidia|a cuda|aws|google cloud)\b"
    )),
    ("before", re.compile(
        r"\b(?:since|after) (?:i |the )?(?:upgrad|updat)|\b(?:used to|previously|before (?:the )?(?:upgrad|updat)|worked (?:fine |well )?(?:with|in|on|before|until|under))|\bdowngrad|\b(?:older|previous|earlier) version"
    )),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """Somebody says of `subject` that it has `complaint`; `at` is the place of the sentence in the stream."""

    subject: Subject
    complaint: Complaint
    at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Claims:
    """What a text claims, and what it compares with."""

    made: tuple[Claim, ...] = ()
    against: frozenset[Against] = frozenset()

    def fitting(self, wanted: Wanted) -> Claim | None:
        """Return the first claim that is as `wanted`; None: nobody makes it."""
        if wanted.than and self.against.isdisjoint(wanted.than):
            return None
        ours = (one for one in self.made if one.complaint in wanted.complaints)
        return next((one for one in ours if not wanted.subjects or one.subject in wanted.subjects), None)


def claims_in(log: LogText) -> Claims:
    """Return what the sentences of `log` claim."""
    small = in_small_letters(log)
    made: dict[Claim, None] = {}
    against: set[Against] = set()
    before: tuple[Subject, ...] = ()
    for at, sentence in _sentences(small):
        named = tuple(subject for subject, pattern in _SUBJECTS if pattern.search(sentence))
        for complaint in _complaints(sentence):
            made.update(dict.fromkeys(Claim(subject=one, complaint=complaint, at=at) for one in named or before))
        against.update(other for other, pattern in _AGAINST if pattern.search(sentence))
        before = named or before
    slower = gpu_is_slower(small.stream[: 2 * _WINDOW])
    if slower is not None:
        complaints: tuple[Complaint, ...] = ("slow", "slower-by-numbers")
        made.update(dict.fromkeys(Claim(subject="gpu", complaint=one, at=slower) for one in complaints))
        against.add("cpu")
    return Claims(made=tuple(made), against=frozenset(against))


def _complaints(sentence: str) -> Iterator[Complaint]:
    for complaint, pattern in _COMPLAINTS:
        found = pattern.search(sentence)
        if found is None:
            continue
        denied = complaint in _DENIABLE and _DENIED.search(sentence[: found.start()])
        if not denied:
            yield complaint


def _sentences(small: LogText) -> Iterator[tuple[int, str]]:
    """Yield the sentences that a person wrote with their places: the first and the last ones of a long text."""
    places = list(pairwise((*small.starts, len(small.stream) + 1)))
    if len(places) > 2 * _MOST:
        places = places[:_MOST] + places[-_MOST:]
    left = 2 * _MOST
    for start, end in places:
        line = small.stream[start : min(end - 1, start + 4 * _LONGEST)]
        if not is_sentence(line):
            continue
        for found in _SENTENCE.finditer(line):
            if left:
                left -= 1
                yield start + found.start(), found[0].strip()


def is_sentence(line: str) -> bool:
    """Return whether a line in small letters is what somebody wrote, and not what a program printed or is made of."""
    if _PRINTED.match(line) is not None or len(_WORD.findall(line[:_LONGEST])) < _FEWEST_WORDS:
        return False
    head = line[:_LONGEST]
    return len(_LETTERS.findall(head)) >= _MOSTLY * len(head)
