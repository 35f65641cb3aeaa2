import pytest

from brightkitchen.kernel.entropy import SeededEntropy
from brightkitchen.kernel.errors import BrightKitchenError
from brightkitchen.kernel.signing import SUITES, suite_of


def test_ed25519_signs_as_rfc_8032_section_7_1_test_2_says() -> None:
    key = SUITES["ed25519"].load(bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
    assert key.public_key.hex() == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    assert key.sign(b"\x72").hex() == (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )


@pytest.mark.parametrize("name", sorted(SUITES))
def test_suite_signature_fits_its_key_and_data_alone(name: str) -> None:
    suite, entropy = SUITES[name], SeededEntropy(1)
    key, other = suite.generate(entropy), suite.generate(entropy)
    signature = key.sign(b"E2611-00001")
    assert suite.is_signed(suite.load(key.to_bytes()).public_key, signature, b"E2611-00001")
    assert not suite.is_signed(key.public_key, signature, b"E2611-00002")
    assert not suite.is_signed(other.public_key, signature, b"E2611-00001")
    assert not suite.is_signed(key.public_key, b"", b"E2611-00001")
    assert not suite.is_signed(b"", signature, b"E2611-00001")


def test_suite_unknown_name_is_refused() -> None:
    with pytest.raises(BrightKitchenError, match=r"signing\.no_suite"):
        suite_of("rot13")
