"""Emptying the scratch folder after a program, whatever it left there."""

import os


def clear(folder: str) -> bool:
    """Remove all that is in `folder`, following no link; whether that worked.

    Nested folders are moved up before they are emptied, so that no depth is too deep.
    """
    try:
        names = os.listdir(folder)  # noqa: PTH208 - a worker loads as little as it can
        waiting = [f"{folder}/{name}" for name in names]
        moved = 0
        while waiting:
            path = waiting.pop()
            if not _is_folder(path):
                os.unlink(path)  # noqa: PTH108
                continue
            os.chmod(path, 0o700)  # noqa: PTH101
            for name in os.listdir(path):  # noqa: PTH208
                inner = f"{path}/{name}"
                if not _is_folder(inner):
                    os.unlink(inner)  # noqa: PTH108
                    continue
                moved += 1
                target = f"{folder}/.cleared-{os.getpid()}-{moved}"
                os.chmod(inner, 0o700)  # noqa: PTH101
                os.rename(inner, target)  # noqa: PTH104
                waiting.append(target)
            os.rmdir(path)  # noqa: PTH106
    except OSError:
        return False
    return True


def _is_folder(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)  # noqa: PTH112, PTH114
