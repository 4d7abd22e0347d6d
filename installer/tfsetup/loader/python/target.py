"""The CPython whose imports are judged, and the endings of the files it takes for extension modules.

Rules: CPython `Python/dynload_shlib.c` and `dynload_win.c` (which endings, in which order), `configure.ac` (SOABI and
ALT_SOABI, what a build calls itself), PEP 3149 (tags in file names), PEP 703 and PEP 803 (free-threaded builds).
"""

from __future__ import annotations

from dataclasses import dataclass

from tfsetup.ground.platforms import Arch, Os, Platform
from tfsetup.ground.versions import pair

_WITHOUT_MALLOC_FLAG = (3, 8)  # `m` was the last letter but `d`; bpo-36707
_TELLS_MUSL = (3, 11)  # bpo-43112; measured: musllinux wheels of MarkupSafe 2.1.5, cp37 to cp312
_DEBUG_TAKES_RELEASE = (3, 8)  # bpo-36722
_STABLE_FREE_THREADED = (3, 15)  # PEP 803


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """An interpreter: the system and the architecture of its process, and `python` as `X.Y` (None: not known).

    `musl`: its C library is musl. `free_threaded` and `debug` are builds that name their modules otherwise.
    """

    system: Os
    arch: Arch
    python: str | None = None
    musl: bool = False
    free_threaded: bool = False
    debug: bool = False

    @property
    def version(self) -> tuple[int, int] | None:
        """`python` as numbers."""
        return pair(self.python or "")

    @property
    def suffixes(self) -> tuple[str, ...]:
        """What `importlib.machinery.EXTENSION_SUFFIXES` is there; without a known version only what all have.

        `.abi3.so` is left out for free-threaded builds: 3.13 and 3.14 do take such a file, for whose objects they have
        another layout, and crash (python/cpython#120901); what a caller wants to know is that it is not for them.
        """
        if self.system == "windows":
            return self._of_windows
        return (*(f".{tag}.so" for tag in self._abis), *self._stable, ".so")

    @property
    def _of_windows(self) -> tuple[str, ...]:
        debug, version = "_d" if self.debug else "", self.version
        if version is None:
            return (f"{debug}.pyd",)
        wheel = next(Platform(self.system, self.arch).tags())
        threads = "t" if self.free_threaded else ""
        return (f"{debug}.cp{version[0]}{version[1]}{threads}-{wheel}.pyd", f"{debug}.pyd")

    @property
    def _abis(self) -> tuple[str, ...]:
        """The build's own name for its binary interface, and for a debug build that of the release it takes too."""
        version = self.version
        if version is None:
            return ()
        malloc, threads = ("m", "") if version < _WITHOUT_MALLOC_FLAG else ("", "t" if self.free_threaded else "")
        flags = [f"{threads}d{malloc}"] if self.debug else []
        if not self.debug or version >= _DEBUG_TAKES_RELEASE:
            flags.append(f"{threads}{malloc}")
        return tuple(f"cpython-{version[0]}{version[1]}{flag}-{self._where}" for flag in flags)

    @property
    def _where(self) -> str:
        if self.system == "macos":
            return "darwin"
        multiarch = Platform(self.system, self.arch).multiarch
        told = self.musl and (self.version or _TELLS_MUSL) >= _TELLS_MUSL
        return multiarch.replace("-gnu", "-musl") if told else multiarch

    @property
    def _stable(self) -> tuple[str, ...]:
        """The names of the stable interfaces; from 3.15 on there is one for both builds, and each may say where."""
        newest = self.version is not None and self.version >= _STABLE_FREE_THREADED
        stable = [*([] if self.free_threaded else ["abi3"]), *(["abi3t"] if newest else [])]
        longer = (f"-{self._where}", "") if newest and self.system == "linux" else ("",)
        return tuple(f".{abi}{where}.so" for abi in stable for where in longer)
