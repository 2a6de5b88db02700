"""The family of errors that the public record can raise.

Every error carries a stable ``code`` (upper-case words joined by underscores) that programs act on, and a message for
people that names what is wrong. Callers at an edge map the *class* to a status; they never parse the message.
"""


class TunukError(Exception):
    """Base of every error that this project raises on purpose.

    ``code`` is stable and appears in tables, answers and tests; ``str(error)`` is a sentence for people.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class FormatError(TunukError):
    """Bytes or text that do not follow their format. Nothing can be concluded from them."""


class VerificationError(TunukError):
    """Well-formed, but the claim that it makes is not true."""


class SignatureError(VerificationError):
    """A signature does not verify, or is not by the key that the rules ask for."""


class InclusionError(VerificationError):
    """An inclusion proof does not lead from the leaf to the root."""


class ConsistencyError(VerificationError):
    """Two tree heads are not prefixes of one another as claimed."""


class RollbackError(VerificationError):
    """A head, a number or a file went back behind one that was already seen."""


class ConflictError(TunukError):
    """A second, different statement where the rules admit one."""


class UnjudgeableError(TunukError):
    """A record kind or a fold version that this program does not know: it can say neither pass nor fail."""
