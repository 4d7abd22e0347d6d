"""What the C++ runtimes of macOS have had since there is libc++ (10.7), told by the form of a name.

Sources: Itanium C++ ABI 2.9.2 (type information of built-in types is in the runtime: of each type, a pointer to it and
a pointer to const); LLVM `libcxx/lib/abi/CHANGELOG.TXT`, whose version 19 lists what libc++ had not exported before;
`libcxx/include/string`, `istream`, `ostream`, `streambuf` and `ios`, whose classes are instantiated for char and for
wchar_t.
"""

from __future__ import annotations

import re
from typing import Final

_BUILT_IN: Final = re.compile(
    r"__ZT[IS](?:PK?)?(?:[abcdefhijlmstvwxy]|D[nis])"
    r"|__ZTVN10__cxxabiv1(?:16__enum|17__(?:array|class|pbase)|19__pointer|20__(?:function|si_class)|21__vmi_class"
    r"|23__fundamental|29__pointer_to_member)_type_infoE"
)
_WIDE: Final = re.compile(
    r"(?P<head>__Z(?:NK?|T[VTIS]N)St3__1\d+basic_(?:string|ios|streambuf|[io]stream|iostream))IwNS_11char_traitsIwEE(?P<allocator>NS_9allocatorIwEE)?"
    r"(?P<member>(?:E\d+[a-z_]+)?E)(?P<arguments>(?:[A-Za-z]|[CD]\d|S[0-9A-Z]*_)*)"
)


def has_always(symbol: str) -> bool:
    """Say whether a name (as files spell it) is one that the runtimes of every macOS export."""
    return _BUILT_IN.fullmatch(symbol) is not None


def narrow_twin(symbol: str) -> str | None:
    """Return the name with char where a member of a class of the standard library has wchar_t; None: it is none."""
    found = _WIDE.fullmatch(symbol)
    if found is None:
        return None
    allocator = "NS_9allocatorIcEE" if found["allocator"] else ""
    arguments = found["arguments"].replace("w", "c")
    return f"{found['head']}IcNS_11char_traitsIcEE{allocator}{found['member']}{arguments}"
