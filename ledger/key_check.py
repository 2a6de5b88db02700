"""Whether an Ed25519 public key is sound: a canonical point of the curve's prime-order group.

Verifiers agree about every signature by such a key. About others they do not: some clear the cofactor and some do not,
and by a key of small order one signature is valid for many messages. So a record may not name one.

The group has 8 times a prime number of points, and its part of order 8 is cyclic. A point is in the prime-order group
if it can be halved three times, and on the Montgomery form v^2 = u^3 + A u^2 + u a point can be halved if its u is a
square: (0, 0) is the one point of order 2, and the other factor of the cubic has no root.
"""

from ledger.errors import FormatError
from ledger.primitives import PublicKey

_P = 2**255 - 19
_A = 486_662
_ROOT_OF_MINUS_ONE = pow(2, (_P - 1) // 4, _P)


def require_sound_key(public_key: bytes) -> None:
    """Raises FormatError(``UNSOUND_KEY``) for anything but the 32 bytes of a canonical point of prime order."""
    if not is_sound_key(public_key):
        name = PublicKey(public_key).key_id.hex()
        raise FormatError("UNSOUND_KEY", f"the key {name} is not of the prime-order group")


def is_sound_key(public_key: bytes) -> bool:
    """About half a millisecond."""
    y = int.from_bytes(public_key, "little") & (2**255 - 1)
    if len(public_key) != 32 or y >= _P or y in (1, _P - 1):
        return False
    # The sign of x has no part in this: a point and its negative are in the same groups.
    u = (1 + y) * pow(1 - y, -1, _P) % _P
    for _ in range(2):
        half = _halve(u)
        if half is None:
            return False
        u = half
    return _square_root(u) is not None


def _halve(u: int) -> int | None:
    """The u of a point of which ``u``'s point is the double; None where there is none, or no point with this ``u``.

    With q + 1/q = z the doubling formula u = (q^2 - 1)^2 / 4q(q^2 + A q + 1) reads z^2 - 4uz - 4 - 4uA = 0.
    """
    root = _square_root(u)
    other = _square_root(u * u + _A * u + 1)
    if root is None or other is None:
        return None
    # Of the two solutions' z + A, whose product A^2 - 4 is no square, exactly one is a square.
    for z in (2 * (u + other), 2 * (u - other)):
        tangent = _square_root(z + _A)
        if tangent is not None:
            return (z * pow(2, -1, _P) + root * tangent) % _P
    return None


def _square_root(value: int) -> int | None:
    root = pow(value, (_P + 3) // 8, _P)
    for candidate in (root, root * _ROOT_OF_MINUS_ONE % _P):
        if (candidate * candidate - value) % _P == 0:
            return candidate
    return None
