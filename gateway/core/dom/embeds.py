"""Elements that show something of another site, and those of them that belong to the content."""

from collections.abc import Collection

from selectolax.lexbor import LexborNode

from gateway.core.dom.tags import ID, ids

EMBEDS = ids("iframe video audio object embed")
# custom elements: the address of what they show, and the attributes that name it
CUSTOM_EMBEDS = {
    "amp-youtube": ("https://www.youtube.com/embed/{}", "data-videoid"),
    "lite-youtube": ("https://www.youtube.com/embed/{}", "videoid", "video-id"),
    "youtube-video": ("{}", "src"),
    "amp-vimeo": ("https://player.vimeo.com/video/{}", "data-videoid"),
    "lite-vimeo": ("https://player.vimeo.com/video/{}", "videoid"),
    "amp-iframe": ("{}", "src"),
    "amp-video": ("{}", "src"),
    "amp-audio": ("{}", "src"),
    "amp-twitter": ("https://twitter.com/i/status/{}", "data-tweetid"),
    "amp-instagram": ("https://www.instagram.com/p/{}/", "data-shortcode"),
    "amp-soundcloud": ("https://api.soundcloud.com/tracks/{}", "data-trackid"),
    "amp-gist": ("https://gist.github.com/{}", "data-gistid"),
}
_TOPS = ids("body html")
# elements around an embed that stands between two pieces of content
_BETWEEN = 12
# around one that content is on one side of
_BESIDE = 4


def path_to_content(
    embed: LexborNode, elements: Collection[int], *, before: bool, after: bool
) -> list[int] | None:
    """The mem_ids of what is between an embed and the element of the content that it stands in; None if in none.

    Args:
        elements: mem_ids of the elements that hold content.
        before: whether the text before it is content.
        after: whether the text after it is.
    """
    path: list[int] = []
    above = embed.parent
    for _ in range(_BETWEEN if before and after else _BESIDE if before or after else 0):
        if above is None or above.tag_id in _TOPS or above.tag_id == ID["form"]:
            return None
        if above.mem_id in elements:
            return path
        path.append(above.mem_id)
        above = above.parent
    return None
