"""A browser's own Ed25519 (Web Cryptography) gives the verdicts of ours, for every key that a record may name."""

import json

import pytest

from ledger.key_check import is_sound_key
from tests.browser.chromium import Page
from tests.browser.conftest import ServedSite
from tests.unit.ledger.signature_cases import edge_cases, malleated_cases
from tests.unit.ledger.test_key_check import VERIFIERS, accepts

pytestmark = [pytest.mark.slow, pytest.mark.independent]

SCRIPT = """
(async () => {
    const bytes = text => new Uint8Array((text.match(/../g) || []).map(pair => parseInt(pair, 16)));
    const verdicts = [];
    for (const [key, signature, message] of %s) {
        try {
            const known = await crypto.subtle.importKey('raw', bytes(key), 'Ed25519', false, ['verify']);
            verdicts.push(await crypto.subtle.verify('Ed25519', known, bytes(signature), bytes(message)));
        } catch (error) {
            if (error.name === 'NotSupportedError') return null;
            verdicts.push(false);
        }
    }
    return verdicts;
})()
"""


def test_the_browser_agrees_about_every_sound_key(page: Page, country: ServedSite) -> None:
    cases = [one for one in edge_cases() + malleated_cases(60, seed=2) if is_sound_key(one.key)]
    page.open(country.address)
    rows = [[one.key.hex(), one.signature.hex(), one.message.hex()] for one in cases]
    verdicts = page.evaluate(SCRIPT % json.dumps(rows))
    if verdicts is None:
        pytest.skip("this browser does not know Ed25519")
    assert len(verdicts) == len(cases) and {True, False} == set(verdicts)
    for verifier in VERIFIERS:
        assert [accepts(verifier, one.key, one.signature, one.message) for one in cases] == verdicts
