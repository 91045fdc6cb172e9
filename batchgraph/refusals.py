"""What the system may refuse at any moment, whatever is asked of it: then nothing is wrong with the files."""

from __future__ import annotations

import errno
import os

_NUMBERS = (
    errno.EACCES, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC,
    errno.EPERM, errno.EROFS,
)  # fmt: skip


def is_refusal(error: Exception) -> bool:
    """Tell whether an error is one of the system's refusals, be it told by DuckDB, of which only the words are left."""
    if isinstance(error, OSError):
        return error.errno in _NUMBERS
    first_line = str(error).strip().partition("\n")[0]
    return first_line.startswith("IO Error: ") and first_line.endswith(tuple(map(os.strerror, _NUMBERS)))
