"""The words by which people name things and complain of them, in small letters. Data; `claims.py` reads by them.

Each entry is a list of alternatives, regular expressions without a repetition that is not bounded: `NOT` any negation,
`FEW` at most four words between, `DEVICE` what a GPU is called.
"""

from __future__ import annotations

import re
from typing import Final

from tfsetup.doctor.model import Against, Complaint, Subject


def _any(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives))


NOT: Final = (
    r"(?:\bnot|n't|\bcannot|\bcant|\bdont|\bdoesnt|\bisnt|\bwont|\bunable to|\bnever|\bfail(?:s|ed|ing)? to|\bno longer"
    r"|\brefus(?:es?|ed|ing) to|\bstopped)\b"
)
FEW: Final = r"(?: [a-z'-]+){0,4}?"
DEVICE: Final = (
    r"(?:gpus?|metal|mps|cuda|graphics? cards?|graphics? processor|nvidia|rtx ?[0-9]*|gtx ?[0-9]*|radeon"
    r"|apple silicon|device)"
)
_RESULTS: Final = r"(?:results?|predictions?|outputs?|values?|loss|accuracy|numbers|weights|scores?)"
_RESULTS_ARE: Final = rf"\b{_RESULTS}(?: [a-z()=,'-]+){{0,6}}"
_ODD: Final = (
    r"(?:different|wrong|incorrect|inconsistent|bad|weird|strange|garbage|nonsense|random|worse|other|negative)"
)
_FAILS: Final = r"(?:fail|fails|failed|error|does not work|doesn't work|not work|raises|throws)"

SUBJECTS: Final[tuple[tuple[Subject, re.Pattern[str]], ...]] = (
    ("gpu", _any(rf"\b{DEVICE}\b")),
    ("import", _any(r"\bimport(?:s|ing|ed)?\b", r"\bmodulenotfound", r"\bno module named\b")),
    ("install", _any(r"\b(?:re)?install(?:s|ing|ed|ation)?\b", r"\b(?:pip|conda|poetry|set ?up)\b")),
    ("load", _any(
        r"\bload(?:s|ing|ed)?(?: the| a| my| this| saved)?\b.{0,40}\bmodel", r"\bload_(?:model|weights)\b",
        r"\bsaved? model", r"\bh5 file|\.h5\b|\.keras\b",
    )),
    ("kernel", _any(r"\bkernel\b|\bnotebooks?\b|\bjupyter|\bspyder\b|\bipython\b")),
    ("numbers", _any(rf"\b{_RESULTS}\b", r"\baccurac|\bpredict(?:s|ed)?\b|\bmetrics?\b")),
    ("training", _any(
        r"\btrain(?:s|ed|ing)?\b|\bfit(?:s|ting)?\b|\bepochs?\b|\bmodel\b|\binference\b|\bpredict|\bsteps?\b",
        r"\bnetwork\b|\b(?:lstm|cnn|rnn|mnist)\b",
    )),
    ("tensorflow", _any(r"\btensorflow|\btf\b|\bkeras\b")),
)  # fmt: skip

COMPLAINTS: Final[tuple[tuple[Complaint, re.Pattern[str]], ...]] = (
    ("not-used", _any(
        rf"{NOT}{FEW} (?:us(?:e|es|ed|ing)|utili[sz](?:e|es|ed|ing)|run(?:s|ning)?(?: on)?){FEW} {DEVICE}",
        rf"{NOT}{FEW} work(?:s|ing)? on{FEW} {DEVICE}",
        rf"{DEVICE}{FEW} {NOT}{FEW} (?:us(?:e|ed|ing)|utili[sz]ed|working|active|kicking in|doing anything)",
        r"\bonly (?:us(?:e|es|ing)|runs?|running|trains?|sees?|shows?|lists?|finds?|detects?)(?: [a-z]+){0,3} cpus?\b",
        r"\buses? (?:the |my )?cpu (?:only|instead)", r"\bcpu instead of",
        r"\b(?:running|runs|trains?|training|trained|computed|executes?|falls? back|fell back|defaults?|still)"
        r"(?: [a-z]+){0,3} (?:on|to) (?:the |my )?cpu\b(?! works| is| it)",
        rf"{DEVICE} (?:is |stays |remains |sits |usage |utili[sz]ation |load ){{1,3}}"
        r"(?:at |is )?(?:idle|unused|ignored|0|zero|low)",
        rf"\b{DEVICE} (?:idle|unused|idling)\b",
        r"\b(?:done|computed|handled|carried) (?:out )?(?:by|on) (?:the |my )?cpu\b",
        r"\b(?:0 ?%|zero|no) (?:gpu )?(?:usage|utili[sz]ation|load)", r"\b[0-9]{1,3} ?% cpu\b",
        rf"\b(?:0 ?%|zero percent)(?: [a-z]+){{0,2}} {DEVICE}\b",
        r"\bwithout (?:using )?(?:the |my )?gpu\b",
    )),
    ("not-found", _any(
        rf"{NOT}{FEW} (?:detect|recogni[sz]|find|found|see\b|seen|seeing|list|visible|show|appear|available|identif)",
        rf"{NOT}{FEW} (?:regist|access|pick(?:ed|ing)? up)",
        rf"\bno (?:[a-z0-9-]+ ){{0,2}}{DEVICE}\b",
        rf"{DEVICE} (?:[a-z]+ )?(?:is |are )?(?:missing|invisible|undetected|unavailable|unrecogni[sz]ed)",
        r"\b(?:only|just)(?: [a-z]+){0,4},? (?:the |my |a )?cpu\b",
        r"\bempty list|\breturns? (?:an )?(?:\[\]|empty|0|zero|false|none)|\bis empty\b|\bsays? (?:no|0|false)",
    )),
    ("slow", _any(
        r"\bslow(?:er|ly|ness|est|ed|s)?\b",
        r"\b(?:takes?|took|taking|needs?)(?: [a-z]+){0,4} (?:longer?|forever|hours|ages|minutes)\b",
        r"\b(?:faster|quicker) (?:on|with|using|if|when|without)(?: [a-z]+){0,3} (?:cpu|colab|intel|old|metal|gpu)\b",
        r"\bcpu(?: [a-z]+){0,4} (?:much |far |way |a lot |even )?(?:faster|quicker)",
        r"\b[0-9.]{1,6} ?(?:x|times|fold) (?:slower|longer|as long)",
        r"\b(?:poor|bad|terrible|worse|low|degraded) performance",
        r"\bperformance(?: [a-z]+){0,3} (?:drop|degrad|worse|bad|terrible|poor|horrible|low)",
        r"\bno (?:speed ?-?up|speed gain|acceleration)\b", r"\blangsam|\blent\b|\blento\b",
    )),
    ("crash", _any(
        r"\bcrash(?:es|ed|ing)?\b|\bdie[sd]?\b|\bdying\b|\brestart(?:s|ed|ing)?\b|\bkilled\b",
        r"\bseg(?:mentation)?[ -]?fault|\babort(?:s|ed|ing)?\b|\bcore dump|\bquits? unexpectedly",
        r"\billegal (?:hardware )?instruction|\bbus error|\bexit code -?[0-9]{2,}|\bstürzt\b|\bplante\b",
    )),
    ("hang", _any(
        r"\bhang(?:s|ing)?\b|\bhung\b|\bfroze|\bdeadlock|\bnothing happens|\bdoes nothing\b|\bnot respond|\bforever\b",
        r"\bfreez(?:e|es|ing)\b(?! (?:the |some |all )?(?:base|layer|weights|graph|model|first|last))",
        r"\bstuck\b(?! (?:at|around|near) [0-9])",
        r"\bnever (?:finish|start|return|end|complete|get past)",
        r"\b(?:suddenly|randomly|then just|then simply|silently)(?: [a-z]+)? (?:stops?|halts?|stalls?|pauses?)\b",
        r"\b(?:halts?|stalls?|stalled)\b|\bprogress bar(?: [a-z]+){0,2} (?:not|n't|stops?|stands)",
    )),
    ("wrong", _any(
        rf"\b{_ODD}(?: [a-z]+){{0,2}} (?:{_RESULTS}|accurac|answers?)",
        rf"{_RESULTS_ARE} (?:differ|diverg|explod|nan\b|wrong|incorrect|garbage|constant|random|worse)",
        rf"{_RESULTS_ARE} (?:stuck|don't match|do not match|not match|doesn't|does not|never|not)\b",
        rf"{_RESULTS_ARE} (?:going up|goes up|increas|inconsistent|too high|too low|unstable)",
        rf"{_RESULTS_ARE} (?:capped|limited|tops? out|plateau|saturat|flat|stays? (?:at|around|near|below))\b",
        r"\b(?:no|without|little|hardly any) progress(?: [a-z]+){0,2} (?:train|learn)|\bnot (?:make )?progress\b",
        r"\b(?:doesn't|does not|don't|do not|not|never|won't|can't) (?:learn|converg|train properly)",
        r"\bdiverg|\bexplod|\bgarbage\b|\bnans?\b|\bdiscrepanc|\bsame class\b|\bchance level",
    )),
    ("no-install", _any(
        rf"{NOT}{FEW} (?:get |be |to )?(?:re)?install",
        r"\b(?:trouble|problems?|issues?|errors?|difficult(?:y|ies)?|struggling)(?: [a-z]+){0,4} install",
        r"\binstall(?:ation|ing|s)?(?: [a-z]+){0,4} (?:fail|error|problem|issue|does not work|doesn't work|not work)",
        r"\binstall(?:ation|ing|s)?(?: [a-z]+){0,4} (?:impossible|stops|aborts)",
        r"\bno (?:matching |compatible |suitable )?(?:version|distribution|wheel|package|release)s?\b",
        r"\bcould not find a version|\bnot available (?:for|on)\b|\bnot supported\b|\bunsupported\b",
    )),
    ("no-import", _any(
        rf"{NOT}{FEW} import", rf"\bimport(?:ing|s)?(?: [a-z.]+){{0,4}} {_FAILS}",
        r"\bno module named|\bmodule not found|\bmodulenotfounderror|\bimporterror|\bcould not be resolved",
    )),
    ("no-load", _any(
        rf"{NOT}{FEW} (?:load|open|read|restor)",
        rf"\b(?:load(?:ing)?|restor(?:e|ing))(?: [a-z_]+){{0,5}} {_FAILS}",
    )),
    ("memory", _any(
        r"\bmemory(?: [a-z]+){0,3} (?:leak|grow|increas|full|fills)|\bout of memory|\bmemory leak|\boom\b",
        r"\beats? (?:up )?(?:all )?(?:the |my )?(?:memory|ram)",
    )),
)  # fmt: skip

# Before a complaint of these: somebody says that it is not so.
DENIED: Final = re.compile(
    r"(?:\bnot|n't|\bno|\bnever|\bwithout|\bdoesnt|\bno longer|\bstopped)(?: any| a| the| to| be| is)?\s$"
)
DENIABLE: Final[frozenset[Complaint]] = frozenset(("slow", "crash", "hang", "memory"))

AGAINST: Final[tuple[tuple[Against, re.Pattern[str]], ...]] = (
    ("cpu", _any(
        r"\bcpu\b.{0,60}\b(?:faster|quicker|fine|correct|works?|right|better|ok|only takes?|takes only|seconds?|ms)\b",
        r"\bcpu\b.{0,60}\b(?:converge|learn)",
        r"\b(?:than|versus|vs\.?|compared (?:to|with)|over|against|unlike)(?: [a-z]+){0,3} cpu\b",
        r"\b(?:on|with|using|force|forcing|use) (?:the |my )?cpu\b", r"\bcpu:0",
        r"\b(?:disabl|hid|uninstall|remov|without)(?:e|es|ing|ed)?(?: [a-z-]+){0,3} (?:gpu|metal|tensorflow.metal)\b",
        r"\b(?:leav|tak)(?:e|es|ing)(?: [a-z]+){0,2} [`'a-z-]{0,12}metal[`']?(?: [a-z-]+){0,2} (?:out|away|off)\b",
    )),
    ("elsewhere", _any(
        r"\bcolab\b|\bkaggle\b", r"\bon (?:linux|windows|ubuntu|intel|nvidia|a cuda|aws|google cloud)\b",
        r"\b(?:my|an|another|other|old|the|his|her) (?:[a-z]+ ){0,2}"
        r"(?:intel mac|pc|laptop|server|desktop|machine|computer|linux|windows|ubuntu)\b",
    )),
    ("before", _any(
        r"\b(?:since|after) (?:i |the )?(?:upgrad|updat)|\b(?:used to|previously)\b|\bdowngrad",
        r"\bbefore (?:the )?(?:upgrad|updat)|\bworked (?:fine |well )?(?:with|in|on|before|until|under)\b",
        r"\b(?:older|previous|earlier) version",
        r"\bworks?(?: [a-z]+){0,3} (?:in|with|on|under) (?:tensorflow|keras|tf|python|version) ?v?[0-9]",
    )),
)  # fmt: skip

# Errors about shapes, types and graphs that the program's author made: no installation changes them.
OF_CODE: Final = (
    "incompatible shapes", "expected shape=", "must have the same shape", "shapes are incompatible", "to have shape (",
    "is incompatible with the layer", "is incompatible with layer", "negative dimension size", "expected min_ndim",
    "expected ndim=", "matrix size-incompatible", "cannot reshape", "graph disconnected", "no gradients provided",
    "data cardinality is ambiguous", "failed to convert a numpy array", "could not broadcast", "rank mismatch",
    "dimensions must be equal", "logits and labels", "setting an array element with a sequence", "expected axis -1",
    "have different number of channels", "but got array with shape", "indices[0", "out of bounds for axis",
)  # fmt: skip

# How a line of a program begins, and what only code holds.
PRINTED: Final = _any(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ t]", r"[iwef][0-9]{4} ", r"epoch [0-9]+/", r"[0-9]+/[0-9]+ [\[━]", r">>>", r"\.\.\. ",
    r"file ['\"]", r"traceback", r"\[?(?:error|warning|info)\b ?[:\]]", r"[a-z.]{1,60}error:",
    r"(?:[a-z_]+ )?tensorflow/", r"(?:num )?gpus? available", r"note:|hint:",
    r"import |from [a-z_.]+ import|def |class |with tf\.|@|#|[a-z_.]+ ?= |\$ |% ",
    r"collecting |downloading |requirement already|installing collected|successfully |using cached",
    r"pip3? install|conda (?:install|create)",
)  # fmt: skip

# Whoever speaks of what a program prints, and not of what it does.
OF_A_MESSAGE: Final = _any(
    r"\b(?:warning|message|notice|log line|this line|these lines)s?\b",
    r"\bignor|\bsafe(?:ly)?\b|\bharmless\b|\bworr(?:y|ied)|\btf_(?:cpp_min_log_level|enable_onednn_opts)\b",
    r"\b(?:suppress|silence|hide|get rid|turn (?:it |them )?off|disable)",
    r"\bwhat (?:does|do|is|are) (?:it|this|that|these|they)\b",
    r"\bworks? (?:fine|well|anyway|as expected)|\bworking fine",
    r"\bnumerical results due to|\bappropriate compiler flags",
    r"\b(?:should|do) i\b.{0,40}\b(?:care|worry|concern)",
)
