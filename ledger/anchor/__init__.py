"""Checkpoints of the log on an Ethereum-like chain: anchoring them, reading them back, and a chain to demonstrate with.

Responsible for all that knows of chains. web3 is imported by ``evm_connection`` alone, py-evm by the modules of the
embedded chain alone; ``check``, ``claim``, ``contract_code`` and what they import need the standard library only, so
that an observer can check anchors without a chain's libraries.
"""
