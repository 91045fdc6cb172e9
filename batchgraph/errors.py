"""What can go wrong, as types.

A bad packet is a row with a status and a bad file is a status in ``run.json``; these errors are for what stops a
stage or a capture. Each carries what was found, where, and what to do, in one sentence.
"""


class BatchgraphError(Exception):
    """Base of all errors that batchgraph raises on purpose; the command line turns it into `exit_code`."""

    exit_code = 2


class UsageError(BatchgraphError, ValueError):
    """An option or an argument cannot be used; nothing was written."""


class ResultsError(BatchgraphError, ValueError):
    """A results directory lacks what a stage needs, or was written in a format this version does not know."""


class NoCapturesError(BatchgraphError, FileNotFoundError):
    """No capture was found among the inputs."""

    exit_code = 4


class OutputError(BatchgraphError, OSError):
    """The system refuses to write or read the results directory (permission, space); the run can be continued."""

    exit_code = 5


class OutputBusyError(BatchgraphError, RuntimeError):
    """Another live run uses the results directory."""

    exit_code = 6


class ClusterError(BatchgraphError, ConnectionError):
    """The workers were lost or could not be reached; the run can be continued."""

    exit_code = 7


class CaptureError(BatchgraphError, ValueError):
    """A capture file cannot be read any further: the file's `status`, and the octet where it was seen.

    Parameters
    ----------
    message
        What was found and what was expected, without the file's name.
    offset
        Octets from the start of the (expanded) file.
    status
        The status that the file gets: ``partial``, ``unsupported``, ``failed`` or ``empty``.
    """

    def __init__(self, message: str, *, offset: int = 0, status: str = "partial") -> None:
        super().__init__(message)
        self.offset = offset
        self.status = status

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the keyword arguments when the error crosses a process boundary."""
        return _rebuild_capture_error, (type(self), str(self), self.offset, self.status)


def _rebuild_capture_error(kind: type[CaptureError], message: str, offset: int, status: str) -> CaptureError:
    return kind(message, offset=offset, status=status)


class CorruptCaptureError(CaptureError):
    """A capture's framing is not what its format prescribes."""


class UnsupportedCaptureError(CaptureError):
    """A file is in a format, or a part of one, that batchgraph does not read."""

    def __init__(self, message: str, *, offset: int = 0, status: str = "unsupported") -> None:
        super().__init__(message, offset=offset, status=status)
