"""Keys are found by hash alone, kept without their secrets, and gone when revoked."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from gateway.auth.keys import Key, KeyFault, KeyFile, Keyring, hash_secret, new_secret, parse_key
from gateway.server.exposure import check_exposure, key_file
from gateway.settings import Settings, SettingsError


def test_parse_key_keeps_only_the_hash() -> None:
    key = parse_key("alice:s3cret:with:colons")
    assert (key.name, key.sha256) == ("alice", hash_secret("s3cret:with:colons"))
    assert parse_key(f"alice:sha256:{key.sha256.upper()}") == key


@pytest.mark.parametrize(
    "text", ["", "alice", "alice:", ":secret", "a b:secret", "x:sha256:12", "x:sha256:" + "z" * 64]
)
def test_parse_key_refuses_without_repeating_the_secret(text: str) -> None:
    with pytest.raises(KeyFault) as caught:
        parse_key(text)
    assert "secret" not in str(caught.value).replace("name:secret", "")


def test_keyring_finds_by_secret() -> None:
    secret = new_secret()
    ring = Keyring([parse_key("a:one"), Key(name="b", sha256=hash_secret(secret))])
    found = ring.find(secret)
    assert found is not None and found.name == "b"
    assert ring.find("two") is None and ring.find("") is None
    assert not ring.is_open and Keyring([]).is_open


def test_keyring_keeps_what_it_knew_while_its_file_is_damaged(tmp_path: Path) -> None:
    time = 0.0
    file = KeyFile(tmp_path / "keys.json")
    file.add(Key(name="a", sha256=hash_secret("one")))
    ring = Keyring([], file=file, clock=lambda: time)
    for damage in (lambda: file.path.write_text("{"), lambda: (file.path.unlink(), file.path.mkdir())):
        damage()
        time += 2
        assert ring.find("one") and ring.find("two") is None


def test_keyring_follows_its_file(tmp_path: Path) -> None:
    time = 0.0
    file = KeyFile(tmp_path / "deep" / "keys.json")
    ring = Keyring([], file=file, clock=lambda: time)
    assert ring.is_open
    file.add(Key(name="a", sha256=hash_secret("s")))
    assert ring.is_open  # looked a moment ago
    time = 2.0
    assert not ring.is_open and ring.find("s") is not None
    file.revoke("a")
    time = 4.0
    assert ring.find("s") is None
    assert file.path.stat().st_mode & 0o777 == 0o600


def test_key_file_refuses_doubles_strangers_and_damage(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "keys.json")
    file.add(Key(name="a", sha256=hash_secret("s")))
    with pytest.raises(KeyFault, match="already"):
        file.add(Key(name="a", sha256=hash_secret("t")))
    with pytest.raises(KeyFault, match="no key named b"):
        file.revoke("b")
    with pytest.raises(KeyFault, match="no key's name"):
        file.add(Key(name="a b", sha256=hash_secret("t")))
    file.path.write_text("{")
    with pytest.raises(KeyFault, match="damaged"):
        file.read()


def test_keyring_never_opens_again(tmp_path: Path) -> None:
    time = 0.0
    file = KeyFile(tmp_path / "keys.json")
    file.add(Key(name="last", sha256=hash_secret("s")))
    ring = Keyring([], file=file, clock=lambda: time)
    assert not ring.is_open
    file.revoke("last")
    time = 2.0
    assert not ring.has_keys and not ring.is_open
    assert not Keyring([], may_be_open=False).is_open


@pytest.mark.parametrize(
    ("settings", "free"),
    [
        pytest.param(Settings(), True, id="loopback"),
        pytest.param(Settings(host="0.0.0.0"), False, id="network"),
        pytest.param(Settings(host="0.0.0.0", allow_unauthenticated=True), True, id="said-aloud"),
        pytest.param(Settings(host="0.0.0.0", api_keys=["a:secret"]), True, id="key-of-the-environment"),
        pytest.param(
            Settings(host="0.0.0.0", keys=[Key(name="a", sha256="0" * 64)]), True, id="key-of-the-file"
        ),
    ],
)
def test_network_needs_a_key_from_anywhere(tmp_path: Path, settings: Settings, free: bool) -> None:
    settings = replace(settings, keys_file=str(tmp_path / "keys.json"))
    if not free:
        with pytest.raises(SettingsError, match="no key is configured"):
            check_exposure(settings)
        key_file(settings).add(Key(name="made", sha256=hash_secret("s")))
    check_exposure(settings)


@pytest.mark.parametrize("secret", ["p\u00e4sswort", "a\tb", " led"])
def test_secret_that_headers_do_not_carry_is_refused(secret: str) -> None:
    with pytest.raises(KeyFault, match="key uml") as caught:
        parse_key(f"uml:{secret}")
    assert secret not in str(caught.value)
