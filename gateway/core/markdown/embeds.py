"""What a page shows of other sites, as a titled link: videos, sound, posts, maps, slides, code."""

import re
from collections.abc import Mapping

from selectolax.lexbor import LexborNode

from gateway.core.dom.embeds import CUSTOM_EMBEDS
from gateway.core.dom.tags import ID
from gateway.core.markdown.actions import Close, skip
from gateway.core.markdown.walk import Walk

_SOURCES = ("src", "data-src", "data-lazy-src", "data-litespeed-src", "data-iframe-src", "data")
_MEDIA = {ID["video"]: "Video", ID["audio"]: "Audio"}
_KNOWN = re.compile(
    r"//(?:[\w-]{1,40}\.){0,4}(?:(?P<video>youtube(?:-nocookie)?\.com/(?:embed|v|shorts)|youtu\.be|vimeo\.com|dailymotion\.com"
    r"|twitch\.tv|ted\.com|wistia\.(?:com|net)|loom\.com|bilibili\.com|rutube\.ru|streamable\.com|brightcove\.net"
    r"|tiktok\.com|archive\.org/embed|cdn\.jwplayer\.com|facebook\.com/plugins/video)"
    r"|(?P<audio>spotify\.com|soundcloud\.com|bandcamp\.com|mixcloud\.com|podcasts\.apple\.com|music\.apple\.com"
    r"|simplecast\.com|megaphone\.fm|buzzsprout\.com|libsyn\.com)"
    r"|(?P<map>google\.[a-z.]{2,6}/maps|maps\.google\.[a-z.]{2,6}|openstreetmap\.org|bing\.com/maps|umap\.[\w.-]{2,40})"
    r"|(?P<post>twitter\.com|x\.com|instagram\.com|facebook\.com/plugins/post|reddit\.com|bsky\.app|threads\.net)"
    r"|(?P<page>codepen\.io|codesandbox\.io|jsfiddle\.net|stackblitz\.com|replit\.com|gist\.github\.com|slideshare\.net"
    r"|speakerdeck\.com|figma\.com|docs\.google\.com/(?!forms)|drive\.google\.com|datawrapper\.dwcdn\.net|flo\.uri\.sh"
    r"|infogram\.com|tableau\.com|issuu\.com|scribd\.com|giphy\.com|observablehq\.com|sketchfab\.com|desmos\.com"
    r"|geogebra\.org))",
    re.I,
)
_NAMES = {"video": "Video", "audio": "Audio", "map": "Map", "post": "Post", "page": "Embedded page"}
_UNWANTED = re.compile(
    r"/forms?[/?.]|docs\.google\.com/forms|form(?:stack|keep|s)?\.(?:com|io|app|gle)|typeform|jotform|hsforms|hubspot"
    r"|mailchimp|list-manage|newsletter|subscri|sign-?up|log-?in|captcha|checkout|consent|cookie|doubleclick|adservice"
    r"|googlesyndication|googletagmanager|google-analytics|amazon-adsystem|adnxs|criteo|taboola|outbrain|/ads?[/?.]"
    r"|banner|pixel|tracking|beacon|analytics|widgets\.js|/plugins/(?:like|page|share|follow|comments)|/widget/follow"
    r"|disqus|livechat|intercom|zendesk|calendly",
    re.I,
)
_UNWANTED_TITLE = re.compile(
    r"advert|captcha|sign ?up|log ?in|subscri|newsletter|\bform\b|chat|cookie|consent|tracking|widget iframe|blank",
    re.I,
)
_YOUTUBE = re.compile(
    r"https?://(?:[\w-]{1,20}\.)?youtube(?:-nocookie)?\.com/(?:embed|v|shorts)/([\w-]{6,20})", re.I
)
_VIMEO = re.compile(r"https?://player\.vimeo\.com/video/(\d{1,20})", re.I)
_GIST = re.compile(r"https?://gist\.github\.com/([\w./-]{1,100}?)\.js(?:[?#]|$)")
_POSTS = re.compile(
    r"twitter-(?:tweet|video)|instagram-media|tiktok-embed|fb-post|bluesky-embed|mastodon-embed|reddit-embed|text-post-media"
)
_PERMALINKS = ("cite", "data-instgrm-permalink", "data-text-post-permalink", "data-embed-src", "data-href")
# characters
_MAX_TITLE = 200


def add_embed(walk: Walk, node: LexborNode) -> Close:
    """Write an `<iframe>`, a video and the like as a link, unless it is a form, an advertisement or a counter."""
    attributes = node.attributes
    url = walk.resolver.resolve(_source_of(node, attributes))
    if "autoplay" in attributes and "controls" not in attributes and "muted" in attributes:
        # a moving background
        return skip
    if url is None or not _has_size(attributes):
        return skip
    title = " ".join((attributes.get("title") or attributes.get("aria-label") or "").split())[:_MAX_TITLE]
    if not title:
        label = " ".join((attributes.get("playlabel") or attributes.get("data-title") or "").split())[
            :_MAX_TITLE
        ]
        title = label.removeprefix("Play: ").removeprefix("Play ")
    known = _KNOWN.search(url)
    kind = _MEDIA.get(node.tag_id) or (_NAMES[known.lastgroup or "page"] if known else "")
    if _UNWANTED.search(url) or not (kind or (title and not _UNWANTED_TITLE.search(title))):
        return skip
    walk.add_link(walk.see(title) or kind, _page_of(url))
    return skip


def _has_size(attributes: Mapping[str, str | None]) -> bool:
    """Whether readers see it: those who count them have no size or are not displayed."""
    style = (attributes.get("style") or "").replace(" ", "").lower()
    return "display:none" not in style and not any(
        attributes.get(side) in ("0", "1", "0px", "1px") for side in ("width", "height")
    )


def _source_of(node: LexborNode, attributes: Mapping[str, str | None]) -> str | None:
    if (name := node.tag) in CUSTOM_EMBEDS:
        shape, *keys = CUSTOM_EMBEDS[name]
        key = next((value for attribute in keys if (value := attributes.get(attribute))), None)
        return shape.format(key) if key else None
    for attribute in _SOURCES:
        value = attributes.get(attribute)
        if value and not value.lstrip()[:6].lower().startswith(("about:", "data:", "blob:")):
            return value
    if node.tag_id in _MEDIA:
        child = node.first_child
        while child is not None:
            if child.tag_id == ID["source"] and (value := child.attributes.get("src")):
                return value
            child = child.next
    return None


def _page_of(url: str) -> str:
    """The address where people watch what a player's address plays."""
    if match := _YOUTUBE.match(url):
        return url if match[1] == "videoseries" else f"https://www.youtube.com/watch?v={match[1]}"
    if match := _VIMEO.match(url):
        return f"https://vimeo.com/{match[1]}"
    return url


def add_gist(walk: Walk, source: str) -> None:
    """Write the link to a gist that a script would show."""
    if match := _GIST.match(source):
        walk.add_link(f"Gist {match[1]}", f"https://gist.github.com/{match[1]}")


def permalink_of(walk: Walk, quote: LexborNode) -> str | None:
    """The address of the post that a quotation shows, where the page marks it as one."""
    attributes = quote.attributes
    if not _POSTS.search(attributes.get("class") or ""):
        return None
    named = next((value for name in _PERMALINKS if (value := attributes.get(name))), None)
    return walk.resolver.resolve(named)
