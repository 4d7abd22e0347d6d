"""Which settings files a stranger could have written, by who owns them and who may write them. Pure."""

from __future__ import annotations

from collections.abc import Collection

from tfsetup.ground.values import value

_WORLD, _GROUP, _STICKY = 0o002, 0o020, 0o1000


@value
class Owned:
    """Who owns a file or folder, and who may write it: what stat(2) says."""

    uid: int
    gid: int
    mode: int


@value
class Me:
    """This user: its number, the groups that hold nobody else, and who owns the working folder."""

    uid: int
    own_groups: Collection[int] = ()
    cwd_owner: int | None = None

    @property
    def believed(self) -> set[int]:
        """The users whose files are believed: this one, root, and for root the owner of the working folder.

        In containers and bind mounts root works in a folder of somebody outside.
        """
        return {0, self.uid} | ({self.cwd_owner} if self.uid == 0 and self.cwd_owner is not None else set())


def stranger(file: Owned, folder: Owned, me: Me) -> str | None:
    """Return why somebody else could have written a settings file, None if nobody could.

    Its owner and that of its folder must be believed; nobody else may write the file, or put another in its place (in
    a folder with the sticky bit only owners can).
    """
    if file.uid not in me.believed:
        return f"it belongs to another user (number {file.uid})"
    if _open_to_others(file, me):
        return "other users may write it"
    if folder.uid not in me.believed:
        return f"its folder belongs to another user (number {folder.uid})"
    if _open_to_others(folder, me) and not folder.mode & _STICKY:
        return "other users may write its folder, and so put another file in its place"
    return None


def _open_to_others(one: Owned, me: Me) -> bool:
    group = bool(one.mode & _GROUP) and one.gid not in me.own_groups
    return bool(one.mode & _WORLD) or group
