"""A private view of the machine: own processes, no network, and a root folder that holds the standard library alone.

Had where the kernel lets this user have it. Without it, Landlock and the filter of system calls still hold.
"""

import os
import stat
from collections.abc import Iterable

from .libc import LIBC, check

_NEWNS, _NEWUTS, _NEWIPC, _NEWUSER, _NEWPID, _NEWNET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
_ALL = _NEWNS | _NEWUTS | _NEWIPC | _NEWPID | _NEWNET
_RDONLY, _NOSUID, _NODEV, _NOEXEC, _REMOUNT, _BIND, _REC, _PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
_DETACH = 2
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
SCRATCH = "/programs/scratch"
"""The scratch folder, where there is a private root; nothing lies beside it."""
MAX_INODES = 4096
"""Most files and folders at once in a scratch folder."""


def enter() -> str:
    """Put what this process starts next into namespaces of its own: "root", "user" (in a user namespace), or ""."""
    if os.geteuid() == 0 and LIBC.unshare(_ALL) == 0:
        return "root"
    user, group = os.geteuid(), os.getegid()
    if user == 0:
        return ""  # root of a container, without the capabilities: mapping it takes those too
    if LIBC.unshare(_ALL | _NEWUSER) != 0:
        return ""
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        target = os.open(f"/proc/self/{name}", os.O_WRONLY)
        try:
            os.write(target, text.encode())
        finally:
            os.close(target)
    return "user"


def can_enter() -> bool:
    """Whether `enter` gets through to its end: another process tries, as half a try cannot be undone."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if enter() else 1
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1] == 0


def make_root(base: str, readable: Iterable[str], disk_bytes: int, user: int) -> None:
    """Make `base`, an empty folder, the root of this process: `readable`, read-only, and a scratch folder in memory.

    Raises:
        OSError: the kernel does not let this process mount.
    """
    _mount(None, "/", None, _REC | _PRIVATE)
    _mount("none", base, "tmpfs", _NOSUID | _NODEV, "size=1m,mode=755")
    for path in readable:
        _show(path, base + path)
    os.makedirs(base + SCRATCH)  # noqa: PTH103 - a worker loads as little as it can
    options = f"size={disk_bytes},nr_inodes={MAX_INODES},mode=700,uid={user},gid={user}"
    if user == os.geteuid():
        options = f"size={disk_bytes},nr_inodes={MAX_INODES},mode=700"
    _mount("none", base + SCRATCH, "tmpfs", _NOSUID | _NODEV | _NOEXEC, options)
    _mount(None, base, None, _REMOUNT | _BIND | _RDONLY | _NOSUID | _NODEV)
    os.chdir(base)
    check(LIBC.syscall(_PIVOT_ROOT[os.uname().machine], b".", b"."), "pivot_root")
    check(LIBC.umount2(b".", _DETACH), "umount")
    os.chdir("/")


def _mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    arguments = [None if text is None else text.encode() for text in (source, target, kind, options)]
    check(LIBC.mount(*arguments[:3], flags, arguments[3]), f"mount on {target}")


def _show(path: str, place: str) -> None:
    """Let `path` be seen at `place`, read-only; nothing happens where it does not exist."""
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return
    os.makedirs(os.path.dirname(place), exist_ok=True)  # noqa: PTH103, PTH120
    if os.path.lexists(place):
        return  # below a folder that is shown already
    if stat.S_ISLNK(mode):
        os.symlink(os.readlink(path), place)  # noqa: PTH115, PTH211
        return
    if stat.S_ISDIR(mode):
        os.mkdir(place)  # noqa: PTH102
    else:
        os.close(os.open(place, os.O_CREAT | os.O_WRONLY, 0o444))
    _mount(path, place, None, _BIND | _REC)
    kept = os.statvfs(place).f_flag & (os.ST_NOSUID | os.ST_NODEV | os.ST_NOEXEC | os.ST_NOATIME | os.ST_RELATIME)
    flags = kept & (_NOSUID | _NODEV | _NOEXEC) | (1 << 10 if kept & os.ST_NOATIME else 0)
    if LIBC.mount(None, place.encode(), None, _REMOUNT | _BIND | _RDONLY | flags, None) != 0 and os.geteuid() == 0:
        check(-1, f"read-only {path}")
