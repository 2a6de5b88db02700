"""Who signed a statement, without the libraries of the chain: for observers."""

from coincurve import PublicKey

from ledger.anchor.block_header import keccak
from ledger.anchor.evm import AnchorTarget
from ledger.anchor.signed_statement import SignedStatement
from ledger.anchor.statement import AnchorDomain, origin_hash, statement_digest
from ledger.errors import SignatureError


def verify_signed_statement(statement: SignedStatement, target: AnchorTarget) -> None:
    """Raises SignatureError(``BAD_STATEMENT_SIGNATURE``) unless the pinned key signed it for the pinned contract."""
    domain = AnchorDomain(target.chain_id, target.contract, origin_hash(target.origin))
    signature = statement.signature
    data = signature.r.to_bytes(32, "big") + signature.s.to_bytes(32, "big") + bytes([signature.v - 27])
    try:
        digest = bytes(statement_digest(domain, statement.head))
        key = PublicKey.from_signature_and_message(data, digest, hasher=None)
    except ValueError as error:
        raise _not_signed(statement) from error
    signer = keccak(key.format(compressed=False)[1:])[12:]
    if signer != target.anchor_address or (statement.chain_id, statement.contract) != (
        domain.chain_id,
        domain.contract,
    ):
        raise _not_signed(statement)


def _not_signed(statement: SignedStatement) -> SignatureError:
    words = f"the pinned anchor key did not sign the head of size {statement.head.size} for the contract in force"
    return SignatureError("BAD_STATEMENT_SIGNATURE", words)
