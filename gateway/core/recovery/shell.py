"""Pages that are not what they were asked for: an app's empty shell, or a wall in front of the page."""

import re
from collections.abc import Iterable

from selectolax.lexbor import LexborHTMLParser

from gateway.core.text.languages import count_words
from gateway.wire import Notice

# a page with more is no wall, whatever it mentions
_WALL_WORDS = 250
# sites load the same scripts for forms on real pages
_MARKED_WALL_WORDS = 100
_SHELL_WORDS = 30
_SHELL = "js_shell"
# a page with more has more words than a wall
_MAX_CHARACTERS = 4000

# how titles of walls begin
_WALL_TITLES = (
    *("just a moment", "one moment, please", "attention required", "access denied", "access to this page"),
    *(
        "are you a human",
        "are you human",
        "are you a robot",
        "robot check",
        "bot verification",
        "client challenge",
    ),
    *(
        "human verification",
        "pardon our interruption",
        "security check",
        "checking your browser",
        "ddos-guard",
    ),
    *("verify you are", "verifying you are", "you have been blocked", "captcha", "before you continue"),
    *("request unsuccessful", "403 forbidden", "blocked"),
)
_WALL_TEXT = re.compile(
    r"(?:verify|confirm|prove|check(?:ing)?)(?: that| if)? you(?:'re| are) (?:a |not a )?(?:human|robot)"
    r"|(?:checking|verifying) your browser|enable javascript and cookies to continue"
    r"|unusual traffic from your|complete the (?:captcha|security check)|solve (?:the|this) captcha"
    r"|performing security verification|(?:why have i|you have) been blocked|press (?:&|and) hold to confirm"
    r"|access to this page has been denied|ray id: ?[0-9a-f]{8}|before you continue to (?:google|youtube)"
    r"|не робот|確認您不是|ロボットではありません|您不是机器人",
    re.I,
)
_WALL_MARKS = (
    "#challenge-form,#challenge-running,#cf-challenge,#cf-wrapper,.cf-browser-verification,#px-captcha,"
    '[src*="/cdn-cgi/challenge-platform"],[src*="captcha-delivery.com"],[src*="hcaptcha.com"],'
    'form[action*="captcha" i],form[action*="consent.google" i],form[action*="consent.youtube" i]'
)
_APP_MARKS = (
    "#root,#app,#__next,#__nuxt,#___gatsby,#svelte,#q-app,[ng-app],app-root,[ng-version],[data-reactroot],"
    "discourse-assets,script[src],script[type=module]"
)


def needs_scripts(warnings: Iterable[Notice]) -> bool:
    """Whether a page with these warnings is a shell, whose content comes only when its scripts run."""
    return any(notice.code == _SHELL for notice in warnings)


def judge_page(tree: LexborHTMLParser, *, visible: str, recovered: bool) -> list[Notice]:
    """A warning that the page is no success, if it is none.

    Args:
        tree: the parsed page; not changed.
        visible: all text of the DOM that a reader may see.
        recovered: whether `recover` found the page behind the shell.
    Returns:
        `blocked` for a captcha, bot check or consent wall, `js_shell` for an app without its text, `empty`
        for a page without any; at most one.
    """
    if recovered or len(visible) > _MAX_CHARACTERS or (words := count_words(visible)) > _WALL_WORDS:
        return []
    node = tree.css_first("title")
    title = (node.text() or "").strip().lower() if node is not None else ""
    marked = words <= _MARKED_WALL_WORDS and tree.css_first(_WALL_MARKS) is not None
    if title.startswith(_WALL_TITLES) or _WALL_TEXT.search(visible) or marked:
        return [Notice(code="blocked", message="a captcha, bot check or consent wall stands before the page")]
    if words < _SHELL_WORDS and tree.css_first(_APP_MARKS) is not None:
        message = f"scripts build this page; without them it has {words} words: ask for render=always"
        return [Notice(code=_SHELL, message=message)]
    return [] if words else [Notice(code="empty", message="the page has no visible text")]
