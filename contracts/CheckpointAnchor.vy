# pragma version 0.4.3
"""
@title CheckpointAnchor
@license Apache-2.0
@notice Keeps the tree heads of one append-only log, and refuses every head that is not an extension of the last one.
@dev Everything that the contract depends on is fixed when it is deployed: there is no owner, no proxy and no setter.
     Anyone may submit a head; what counts is the anchor key's signature over the head and the RFC 6962 consistency
     proof, both of which are checked here. A head that was written once stays.
"""

event Anchored:
    size: indexed(uint256)
    root: bytes32
    previous_size: uint256
    previous_root: bytes32

# The statement that the anchor key signs starts with this, so that no signature made for another purpose passes here.
NAMESPACE: constant(Bytes[16]) = b"tunuk/anchor/v1\n"

# A consistency proof between trees of fewer than 2**63 entries has at most 64 hashes.
MAX_SIZE: constant(uint256) = 2**63 - 1
MAX_PROOF: constant(uint256) = 64

# Half the order of secp256k1. Of the two signatures (r, s) and (r, n - s) for a statement only the lower passes.
MAX_S: constant(uint256) = 57896044618658097711785492504343953926418782139537452191302581570759080747168

# SHA-256 of the log's origin line (UTF-8, no newline).
origin_hash: public(immutable(bytes32))
# SHA-256 of the log's 32-byte Ed25519 public key.
log_key_hash: public(immutable(bytes32))
# The Ethereum address of the secp256k1 key that signs the statements.
anchor_address: public(immutable(address))

# The size of the last anchored tree; 0 before the first.
last_size: public(uint256)
# The root of each anchored tree by its size; zero where none was anchored.
roots: public(HashMap[uint256, bytes32])


@deploy
def __init__(_origin_hash: bytes32, _log_key_hash: bytes32, _anchor_address: address):
    assert _origin_hash != empty(bytes32), "origin hash is zero"
    assert _log_key_hash != empty(bytes32), "log key hash is zero"
    assert _anchor_address != empty(address), "anchor address is zero"
    origin_hash = _origin_hash
    log_key_hash = _log_key_hash
    anchor_address = _anchor_address


@external
@view
def head() -> (uint256, bytes32):
    """
    @notice The size and the root of the last anchored tree; zeros before the first.
    """
    return self.last_size, self.roots[self.last_size]


@external
def anchor(size: uint256, root: bytes32, proof: DynArray[bytes32, MAX_PROOF], v: uint256, r: bytes32, s: bytes32):
    """
    @notice Writes down a signed tree head that extends the last one.
    @param size The number of entries of the tree.
    @param root Its RFC 6962 root hash.
    @param proof The consistency proof from the last anchored tree; empty for the first anchor.
    @param v The recovery id, 27 or 28.
    @param r The first half of the anchor key's signature.
    @param s The second half, not above half the order of the curve.
    """
    previous_size: uint256 = self.last_size
    assert size > previous_size, "size is not above the last"
    assert size <= MAX_SIZE, "size is too large"
    assert root != empty(bytes32), "root is zero"

    assert v == 27 or v == 28, "v is not 27 or 28"
    assert convert(s, uint256) <= MAX_S, "s is too high"
    statement: bytes32 = sha256(
        concat(
            NAMESPACE,
            convert(chain.id, bytes32),
            convert(self, bytes20),
            origin_hash,
            convert(size, bytes32),
            root,
        )
    )
    signer: address = ecrecover(statement, v, r, s)
    assert signer != empty(address), "signature recovers no key"
    assert signer == anchor_address, "signer is not the anchor key"

    previous_root: bytes32 = empty(bytes32)
    if previous_size == 0:
        assert len(proof) == 0, "first anchor takes no proof"
    else:
        previous_root = self.roots[previous_size]
        self._check_consistency(previous_size, previous_root, size, root, proof)

    self.roots[size] = root
    self.last_size = size
    log Anchored(size=size, root=root, previous_size=previous_size, previous_root=previous_root)


@internal
@pure
def _check_consistency(
    old_size: uint256, old_root: bytes32, new_size: uint256, new_root: bytes32, proof: DynArray[bytes32, MAX_PROOF]
):
    """
    @dev RFC 9162 section 2.1.4.2, for 0 < old_size < new_size. The proof is the one of RFC 6962 section 2.1.2.
         `node` and `last` are the positions of the old and of the new tree's last subtree, level by level.
    """
    node: uint256 = old_size - 1
    last: uint256 = new_size - 1
    for _: uint256 in range(64):
        if node & 1 == 0:
            break
        node = node >> 1
        last = last >> 1

    # Where the old tree is a complete subtree of the new one, its root is the first hash and the proof leaves it out.
    start: uint256 = 0
    old_hash: bytes32 = old_root
    if node != 0:
        assert len(proof) > 0, "proof is too short"
        start = 1
        old_hash = proof[0]
    new_hash: bytes32 = old_hash

    for i: uint256 in range(start, len(proof), bound=MAX_PROOF):
        assert last != 0, "proof is too long"
        sibling: bytes32 = proof[i]
        if node & 1 == 1 or node == last:
            old_hash = sha256(concat(0x01, sibling, old_hash))
            new_hash = sha256(concat(0x01, sibling, new_hash))
            for _: uint256 in range(64):
                if node & 1 == 1 or node == 0:
                    break
                node = node >> 1
                last = last >> 1
        else:
            new_hash = sha256(concat(0x01, new_hash, sibling))
        node = node >> 1
        last = last >> 1

    assert last == 0, "proof is too short"
    assert old_hash == old_root, "proof does not fit the last root"
    assert new_hash == new_root, "proof does not fit the root"
