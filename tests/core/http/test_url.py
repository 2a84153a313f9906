"""The one reading of a URL: what it normalises and what it refuses to guess."""

import socket
from urllib.parse import urlsplit

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.http.url import Url, fragment_of, join_url, parse_url
from gateway.errors import UrlRefused


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        pytest.param("http://Example.COM", "http://example.com/", id="case"),
        pytest.param("  http://a/  ", "http://a/", id="spaces-around"),
        pytest.param("HTTPS://a.b:443/x#f", "https://a.b/x", id="default-port-and-fragment"),
        pytest.param("http://a:8080?q", "http://a:8080/?q", id="query-without-path"),
        pytest.param("http://a./", "http://a/", id="root-dot"),
        pytest.param("http://a/b/../c/./d", "http://a/c/d", id="dots"),
        pytest.param("http://a/%2e%2E/b", "http://a/b", id="escaped-dots"),
        pytest.param("http://a/b/..", "http://a/", id="dots-at-the-end"),
        pytest.param("http://a/../../..", "http://a/", id="dots-beyond-the-root"),
        pytest.param("http://a/ü ?ü=ü b", "http://a/%C3%BC%20?%C3%BC=%C3%BC%20b", id="escapes"),
        pytest.param("http://a/%zz%41", "http://a/%zz%41", id="escapes-as-written"),
        pytest.param("http://a/x\\@y", "http://a/x%5C@y", id="backslash-in-the-path"),
        pytest.param("http://bücher.example/", "http://xn--bcher-kva.example/", id="idn"),
        pytest.param("http://faß.example/", "http://xn--fa-hia.example/", id="idn-2008"),
        pytest.param("http://例え。jp/", "http://xn--r8jz45g.jp/", id="idn-full-stop"),
        pytest.param("http://my_host-1.example/", "http://my_host-1.example/", id="underscore"),
        pytest.param("http://[2606:4700:0:0::1111]/", "http://[2606:4700::1111]/", id="ipv6"),
        pytest.param("http://1.1.1.1:80/", "http://1.1.1.1/", id="ipv4"),
    ],
)
def test_url_has_one_normal_form(text: str, normal: str) -> None:
    assert parse_url(text).text == normal
    assert parse_url(normal).text == normal


@pytest.mark.parametrize(
    "text",
    [
        # other schemes and shapes
        *(
            "",
            "a",
            "//a/",
            "ftp://a/",
            "file:///etc/passwd",
            "gopher://a/",
            "data:text/html,x",
            "javascript:x",
        ),
        *("http:/a", "http:a", "http:///a", "http://", "http://?", "http://#", "https://:80/", "http\n://a/"),
        # user information
        *("http://u@a/", "http://u:p@a/", "http://@a/", "http://a@b@c/", "http://a%40b@c/", "http://a:80@b/"),
        *("http://a\\@b/", "http://a\\.b/", "http://a\\", "http://a/@b\x00"),
        # control characters and white space
        *(
            "http://a\t/",
            "http://a/\r\nHost: b",
            "http://a/\x7f",
            "http://a/\x85",
            "http://a b/",
            "http://a/\ud800",
        ),
        # ports
        *(
            "http://a:0/",
            "http://a:65536/",
            "http://a:99999999999/",
            "http://a:-1/",
            "http://a:+80/",
            "http://a:8 0/",
        ),
        *(
            "http://a:٨٠/",
            "http://a:080/",
            "http://a:0x50/",
            "http://a:80:80/",
            "http://[::1]80/",
            "http://[::1]:x/",
        ),
        # names
        *(
            "http://./",
            "http://../",
            "http://a..b/",
            "http://.a/",
            f"http://{'a' * 64}.b/",
            f"http://{'a.' * 127}aa/",
        ),
        *(
            "http://a%2eb/",
            "http://%61/",
            "http://a*b/",
            "http://a,b/",
            "http://a;b/",
            "http://a|b/",
            "http://a<b/",
        ),
        *("http://\u00ad/", "http://\u200b/", "http://a\u2044b/", "http://☃.example/"),
        # numbers that stand for addresses
        *(
            "http://2130706433/",
            "http://0x7f000001/",
            "http://017700000001/",
            "http://127.1/",
            "http://127.0.1/",
        ),
        *(
            "http://0177.0.0.1/",
            "http://0x7f.0.0.1/",
            "http://127.0.0.01/",
            "http://127.0.0.1.1/",
            "http://1.2.3/",
        ),
        *(
            "http://256.1.1.1/",
            "http://1.1.1.256/",
            "http://0/",
            "http://0x/",
            "http://a.0x1/",
            "http://a.1/",
        ),
        *(
            "http://１２７.０.０.１/",
            "http://127。0。0。1/",
            "http://①②⑦.⓪.⓪.①/",
            "http://٣.٣.٣.٣/",
            "http://127.0.0.1../",
        ),
        # IPv6
        *(
            "http://[::1/",
            "http://::1/",
            "http://[::1]]/",
            "http://[fe80::1%25eth0]/",
            "http://[fe80::1%eth0]/",
        ),
        *(
            "http://[v1.x]/",
            "http://[1.2.3.4]/",
            "http://[::gggg]/",
            "http://[]/",
            "http://[:::1]/",
            "http://a[::1]/",
        ),
        "http://a/" + "x" * 8192,
    ],
)
def test_ambiguous_url_is_refused(text: str) -> None:
    with pytest.raises(UrlRefused):
        parse_url(text)


@pytest.mark.parametrize(
    ("reference", "result"),
    [
        ("d", "http://h:8080/a/d"),
        ("/e", "http://h:8080/e"),
        ("?q", "http://h:8080/a/b?q"),
        ("#f", "http://h:8080/a/b?c"),
        ("//x/y", "http://x/y"),
        ("https://x", "https://x/"),
        ("/\\evil.example", "http://h:8080/%5Cevil.example"),
        ("\\\\evil.example", "http://h:8080/a/%5C%5Cevil.example"),
    ],
)
def test_reference_is_read_from_its_page(reference: str, result: str) -> None:
    assert join_url(parse_url("http://h:8080/a/b?c"), reference).text == result


@pytest.mark.parametrize(
    "reference", ["javascript:x", "http://u@b/", "//127.1/", "http://[", "/a\tb", "file:///x"]
)
def test_reference_is_refused_like_any_url(reference: str) -> None:
    with pytest.raises(UrlRefused):
        join_url(parse_url("http://h/"), reference)


def test_messages_quote_neither_credentials_nor_query() -> None:
    with pytest.raises(UrlRefused) as caught:
        parse_url("http://user:hunter2@a/?key=hunter3")
    assert "hunter" not in caught.value.detail
    assert parse_url("http://a/p?key=hunter3").shown == "http://a/p"


# pieces that parsers have disagreed about, and plain ones between them
TRICKY = (
    "http https :// : / // \\ @ # ? [ ] . .. % %2e %40 %00 %25 a b.c example.com localhost 127.0.0.1 127.1 0x7f 010"
    " 1 255 256 ::1 ::ffff:127.0.0.1 fe80::1%eth0 xn-- xn--a ü ß 。 １ ① 80 :80 :8080 :x :٣ user:pw@ _ - * ; , = & ~"
    " ! $ ' ( ) + | \t \n \x00 \x7f \u200b \u00ad \ud800 \U0001f600"
)
PIECES = st.sampled_from([*TRICKY.split(" "), " "])
URLS = st.lists(PIECES, max_size=7).map("".join) | st.lists(PIECES, max_size=6).map(
    lambda pieces: "http://" + "".join(pieces)
)


# in handfuls, since Hypothesis spends more on starting an example than on a URL: 250 x 40 = 10,000
@settings(max_examples=250, deadline=None)
@given(st.lists(URLS, min_size=40, max_size=40))
def test_accepted_url_means_the_same_to_every_parser(texts: list[str]) -> None:
    """Oracle: urllib's parser, httpx2's parser and the C library's address reader all see what was accepted."""
    for text in texts:
        try:
            url = parse_url(text)
        except UrlRefused:
            continue
        assert parse_url(url.text) == url
        host = url.host
        theirs = urlsplit(url.text)
        assert (theirs.scheme, theirs.hostname, theirs.username, theirs.password) == (
            url.scheme,
            host,
            None,
            None,
        )
        assert (theirs.port or {"http": 80, "https": 443}[url.scheme]) == url.port
        other = httpx2.URL(url.text)
        assert (other.scheme, other.raw_host.decode(), other.userinfo) == (url.scheme, host, b"")
        assert other.raw_path.decode() == url.target
        assert url.target.isascii() and url.target.isprintable() and " " not in url.target
        assert _address_of(host) in (None, host)


def _address_of(host: str) -> str | None:
    """What `connect` would make of the host without DNS, number forms included."""
    try:
        return socket.inet_ntop(socket.AF_INET, socket.inet_aton(host))
    except OSError:
        pass
    try:
        return socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, host))
    except OSError:
        return None


LABELS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=20).map("a{}".format)


@settings(max_examples=100, deadline=None)
@given(st.lists(LABELS, min_size=1, max_size=4).map(".".join), st.integers(1, 65535))
def test_ordinary_url_is_accepted(host: str, port: int) -> None:
    url = parse_url(f"http://{host}:{port}/p?q")
    assert url == Url(scheme="http", host=host, port=port, target="/p?q")


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("http://a/", ""),
        ("http://a/#", ""),
        ("http://a/?q=1#/users/7?tab=1#end", "/users/7?tab=1#end"),
        (" http://a/#!/é b ", "!/%C3%A9%20b"),
        ("http://a/#<script>", "%3Cscript%3E"),
    ],
)
def test_fragment_is_what_a_browser_is_sent(text: str, fragment: str) -> None:
    assert fragment_of(text) == fragment
