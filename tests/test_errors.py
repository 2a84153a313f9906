"""The error tree is the contract of failures: codes are unique, documented and restorable."""

import pytest

from gateway import errors

PROMISED = [
    "invalid_request",
    "url_refused",
    "dns_failed",
    "connect_failed",
    "fetch_timeout",
    "too_large",
    "too_many_redirects",
    "unsupported_content",
    "origin_status",
    "robots_denied",
    "clean_timeout",
    "backend_unavailable",
    "backend_interrupted",
    "context_overflow",
    "schema_unsatisfied",
    "overloaded",
    "unauthorized",
]


def classes() -> list[type[errors.GatewayError]]:
    return [
        item
        for item in vars(errors).values()
        if isinstance(item, type) and issubclass(item, errors.GatewayError)
    ]


@pytest.mark.parametrize("code", PROMISED)
def test_promised_code_has_a_class(code: str) -> None:
    assert code in errors.BY_CODE


def test_codes_are_unique() -> None:
    leaves = [cls for cls in classes() if cls is not errors.GatewayError]
    assert len({cls.code for cls in leaves}) == len(leaves)


@pytest.mark.parametrize("cls", [pytest.param(c, id=c.__name__) for c in classes()])
def test_class_stands_in_the_tree_of_the_docstring(cls: type[errors.GatewayError]) -> None:
    assert errors.__doc__ is not None
    line = next(line for line in errors.__doc__.splitlines() if cls.__name__ in line.split())
    assert cls is errors.GatewayError or (cls.code in line.split() and str(cls.status) in line.split())
