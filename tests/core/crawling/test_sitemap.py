"""Sitemaps in every form, whole and broken."""

import gzip

import pytest

from gateway.core.crawling.sitemap import MAX_ADDRESSES, MAX_BYTES, Sitemap, read_sitemap

URLSET = b"""<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
<url><loc> https://a.test/1?a=1&amp;b=2 </loc><lastmod>2024-05-01</lastmod>
<image:image><image:loc>https://a.test/1.png</image:loc></image:image></url>
<url><loc><![CDATA[https://a.test/2]]></loc></url>
<url><priority>0.5</priority></url></urlset>"""


def urls(sitemap: Sitemap) -> list[str]:
    return [page.url for page in sitemap.pages]


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_read_sitemap_reads_pages(pack: type[bytes]) -> None:
    sitemap = read_sitemap(pack(URLSET))
    assert urls(sitemap) == ["https://a.test/1?a=1&b=2", "https://a.test/2"]
    assert [page.lastmod for page in sitemap.pages] == ["2024-05-01", None]
    assert not sitemap.truncated


def test_read_sitemap_reads_an_index() -> None:
    body = b"<sitemapindex><sitemap><loc>https://a.test/s1.xml.gz</loc></sitemap></sitemapindex>"
    assert read_sitemap(body) == Sitemap(sitemaps=["https://a.test/s1.xml.gz"])


def test_read_sitemap_reads_a_prefix_of_its_namespace() -> None:
    body = b'<s:urlset xmlns:s="x"><s:url><s:loc>https://a.test/1</s:loc></s:url></s:urlset>'
    assert urls(read_sitemap(body)) == ["https://a.test/1"]


def test_read_sitemap_reads_text() -> None:
    body = "\ufeffhttps://a.test/1\r\n\nnot an address\nhttps://a.test/ü".encode()
    assert urls(read_sitemap(body)) == ["https://a.test/1", "https://a.test/ü"]


def test_read_sitemap_that_breaks_off_gives_what_stands_before() -> None:
    sitemap = read_sitemap(URLSET[: URLSET.index(b"<![CDATA")])
    assert urls(sitemap) == ["https://a.test/1?a=1&b=2"] and sitemap.truncated


def test_read_sitemap_expands_no_entity() -> None:
    body = (
        b'<!DOCTYPE u [<!ENTITY a "https://a.test/1"><!ENTITY b "&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
        b"<urlset><url><loc>&b;</loc></url><url><loc>&f;</loc></url><url><loc>https://a.test/2</loc></url></urlset>"
    )
    assert urls(read_sitemap(body)) == ["https://a.test/2"]


def test_read_sitemap_stops_at_as_many_as_one_may_have() -> None:
    body = b"<urlset>" + b"<url><loc>https://a.test/1</loc></url>" * (MAX_ADDRESSES + 10) + b"</urlset>"
    sitemap = read_sitemap(body)
    assert len(sitemap.pages) == MAX_ADDRESSES and sitemap.truncated


def test_read_sitemap_bounds_what_it_unpacks() -> None:
    bomb = gzip.compress(b" " * (MAX_BYTES + 1) + URLSET)
    assert read_sitemap(bomb) == Sitemap(truncated=True)


@pytest.mark.parametrize(
    "body", [b"", b"<", b"<html><body>no", b"\x1f\x8bnonsense", b"\x00\xff" * 50, b"<a>" * 50_000]
)
def test_read_sitemap_of_something_else_is_empty(body: bytes) -> None:
    sitemap = read_sitemap(body)
    assert sitemap.pages == [] and sitemap.sitemaps == []
