"""The activate script for csh and tcsh, which uv leaves out of an environment that may be moved: pure.

A script that csh reads cannot know where it is, so its folder is written into it, and looked for.
"""

from __future__ import annotations

import shlex
from pathlib import PurePath
from typing import Final

CSH: Final = "activate.csh"

# `&&` and not `if`: csh puts in the values of a whole line at once, and a variable that is not set ends the script.
# A path with a quote, a dollar or an exclamation mark is one word by `:q`.
_SCRIPT = """\
# Use it as: source @PREFIX@/bin/activate.csh. `deactivate` takes it back.
if ($?_OLD_VIRTUAL_PATH) then
    deactivate
endif
if (! -d @PREFIX@) then
    echo @PREFIX@ "is no longer there, and csh cannot tell where it is now; use bash or zsh, or tfsetup run."
else
alias deactivate 'test $?_OLD_VIRTUAL_PATH != 0 && setenv PATH "$_OLD_VIRTUAL_PATH:q" && unset _OLD_VIRTUAL_PATH; \
test $?_OLD_VIRTUAL_PROMPT != 0 && set prompt="$_OLD_VIRTUAL_PROMPT:q" && unset _OLD_VIRTUAL_PROMPT; \
unsetenv VIRTUAL_ENV; unsetenv VIRTUAL_ENV_PROMPT; unalias deactivate; rehash'
setenv VIRTUAL_ENV @PREFIX@
setenv VIRTUAL_ENV_PROMPT @NAME@
set _OLD_VIRTUAL_PATH="$PATH:q"
setenv PATH "$VIRTUAL_ENV:q/bin:$PATH:q"
if ($?prompt && ! $?VIRTUAL_ENV_DISABLE_PROMPT) then
    set _OLD_VIRTUAL_PROMPT="$prompt:q"
    set prompt="($VIRTUAL_ENV_PROMPT:q) $prompt:q"
endif
rehash
endif
"""


def csh_script(prefix: PurePath) -> str:
    """Return `bin/activate.csh` of the environment that appears at `prefix`."""
    return _SCRIPT.replace("@PREFIX@", _word(str(prefix))).replace("@NAME@", _word(prefix.name))


def _word(text: str) -> str:
    """Return a text as one word of csh, which takes back commands of its history even inside quotes."""
    return shlex.quote(text).replace("!", "\\!")
