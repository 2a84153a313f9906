"""Keys as the settings name them, and the check that a service without keys is intended."""

import ipaddress
from pathlib import Path

import platformdirs

from gateway.auth.keys import KeyFile, Keyring, parse_key
from gateway.settings import Settings, SettingsError


def key_file(settings: Settings) -> KeyFile:
    """Where `winnow keys` keeps keys: KEYS_FILE, else the platform's folder for configuration."""
    return KeyFile(Path(settings.keys_file or platformdirs.user_config_path("winnow") / "keys.json"))


def open_keyring(settings: Settings) -> Keyring:
    """The keys of the environment, of winnow.toml and of the managed file.

    Raises:
        KeyFault: one of them is not written as it should be.
    """
    fixed = [*settings.keys, *(parse_key(text) for text in settings.api_keys)]
    return Keyring(fixed, file=key_file(settings), may_be_open=_may_be_open(settings))


def check_exposure(settings: Settings) -> None:
    """Refuse to serve a network without keys unless a setting allows it.

    Raises:
        SettingsError, KeyFault.
    """
    if open_keyring(settings).has_keys or _may_be_open(settings):
        return
    place = f"PUBLISH={settings.publish}" if settings.publish else f"HOST={settings.host}"
    raise SettingsError(
        f"WINNOW_{place} is reachable from other machines and no key is configured; make one with "
        "`winnow keys new NAME`, or set WINNOW_API_KEYS=name:secret, or WINNOW_ALLOW_UNAUTHENTICATED=true to serve "
        "anyone"
    )


def _may_be_open(settings: Settings) -> bool:
    """Whether only this machine reaches the service, or a setting opens it to everyone."""
    # a port alone is published on every address
    host = settings.publish.rpartition(":")[0] if settings.publish else settings.host
    return settings.allow_unauthenticated or _is_loopback(host.strip("[]"))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
