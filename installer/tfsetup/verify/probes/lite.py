"""Makes TensorFlow Lite say whether it uses XNNPACK: it does so in its log when it prepares a model."""

from __future__ import annotations

import base64
import warnings
import zlib
from typing import Any

# A product of a 1-by-4 with a 4-by-4 matrix, written by TFLiteConverter of TensorFlow 2.15.
MODEL = (
    "c-o~=Jx>Bb5S_yl0WU}*F%%RO7FHMWqgH~LkZ_RT#TH4p#7p2v@Gxp9`~eom+S0-w;IFW@GX4ZhYtJ{kb8;be?&aln-|W2Ec~d4L"
    "_qerNqzaX(L`5o)1ujD-_5@BN1cnCD40uZsEs<W>(jH&}A5j!7%YGfGciN|o?n$%L?l}#&c2sj~(6y9yM()LTM}E+oOoPxLdA&<-"
    "a^a5yN`wCbK7mKz4mg*b8`R>z3+VUee{~DMrg~jkacRlXE2lbSK1aHbl*IYoj$Pfit3>aj&stS`-`=MAVny>0{X@mw9{dMS-%<1o"
    "tU<|XHM^DiIDj9aH?RrTtC<jbjVHzR^TP9-&VWI}r%~SzI3t-`RDD^rD!B#SR>qS37J4_tmw3*6juN~fJjd^)cdqw<I~*>E7RO7#"
    "3_Q=KIq)##@R|}jocFqrmy-9sfM<W5e&|ex^I2*CH<S+~PUy7)RzJBY8gcKY`t<o~p}rw?E#-@zGW(I$TG=1QmtXb"
)


def run(tf: Any) -> None:
    """Prepare and run the model; TensorFlow builds without Lite are left alone."""
    interpreter = getattr(getattr(tf, "lite", None), "Interpreter", None)
    if interpreter is None:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # from 2.20 on it announces its own removal
        lite = interpreter(model_content=zlib.decompress(base64.b85decode(MODEL)))
    lite.allocate_tensors()
    lite.invoke()
