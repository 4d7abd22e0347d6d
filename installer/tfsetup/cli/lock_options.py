"""The options that only `tfsetup lock` has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Platforms = Annotated[
    list[str] | None,
    typer.Option("--platform", metavar="ROW-OR-TARGET", help="Lock for this row or platform; may be repeated."),
]
Pythons = Annotated[
    list[str] | None,
    typer.Option(
        "--python", metavar="X.Y", help="The Python to lock for; repeated, or `all`: one lock for each that fits."
    ),
]
Output = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="DIR", help="Where the lock files are; environments/locks.")
]
Format = Annotated[
    Literal["pylock", "portable"] | None,
    typer.Option("--format", help="With addresses (PEP 751), or names and hashes only, for any index or mirror."),
]
Check = Annotated[bool, typer.Option("--check", help="Write nothing; exit 8 when a lock is stale or missing.")]
Prove = Annotated[
    bool | None,
    typer.Option(
        "--prove/--no-prove", help="Predict from the wheels whether each lock loads; --check does not, unless told."
    ),
]
ProveRun = Annotated[
    bool,
    typer.Option(
        "--prove-run", help="Written --prove=run: also build what this machine can run, and try its programs."
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Write also what would not load.")]
Upgrade = Annotated[bool, typer.Option("--upgrade", help="Let every version move on.")]
UpgradePackage = Annotated[
    list[str] | None,
    typer.Option("--upgrade-package", metavar="NAME", help="Let this one move on; may be repeated."),
]
Source = Annotated[
    Path | None, typer.Option("--from", metavar="FILE", help="Take over an environment.yml (with --backend conda).")
]
AllowBuildOf = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-build-of", metavar="NAME", help="Build this pure Python where it has no wheel; may be repeated."
    ),
]
ExcludeNewer = Annotated[
    str | None,
    typer.Option(
        "--exclude-newer",
        metavar="DATE-OR-SPAN",
        help="Take only files that were on the index before then: a date, a time, `7 days`; none ends it.",
    ),
]
ExcludeNewerPackage = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude-newer-package",
        metavar="NAME=WHEN",
        help="Another moment for this package, or false: any file of it; may be repeated.",
    ),
]
Sbom = Annotated[
    Path | None,
    typer.Option("--sbom", metavar="FILE", help="Write an inventory of what is locked (CycloneDX JSON) besides."),
]
Digests = Annotated[
    Path | None,
    typer.Option("--digests", metavar="DIR", help="Write digests of the wheels there, and read those of last time."),
]
Offline = Annotated[bool, typer.Option("--offline", help="Use only what uv's cache holds.")]
