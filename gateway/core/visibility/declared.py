"""What style attributes declare, and which rules they or other rules outweigh; pages repeat theirs."""

from gateway.core.dom.landmarks import Attributes
from gateway.core.visibility.css import concealed_by, declarations, may_hide
from gateway.core.visibility.sheets import Rule, Sheets


class Declared:
    """The declarations of a page, each read once."""

    def __init__(self, rules: Sheets) -> None:
        self._rules = rules
        # style attribute -> what it declares, and how that hides
        self.styles: dict[str, tuple[dict[str, str], str]] = {}
        # what rules see of elements -> whether another rule shows them
        self._outweighed: dict[tuple[object, ...], bool] = {}

    def style(self, text: str) -> tuple[dict[str, str], str]:
        """The declarations of a style attribute, if they might matter here, and how they hide."""
        known = self.styles.get(text)
        if known is None:
            style = declarations(text) if may_hide(text) else {}
            if "var(" in text:
                style = self._rules.resolve(style)
            known = self.styles[text] = style, concealed_by(style) if style else ""
        return known

    def outweighs(self, rule: Rule, attributes: Attributes) -> bool:
        """Whether a `style` attribute or another rule shows what a rule hides."""
        look = (
            attributes.get("class"),
            attributes.get("id"),
            attributes.get("style"),
            rule.place,
            rule.selector,
            rule.reason,
        )
        known = self._outweighed.get(look)
        if known is None:
            known = self._outweighed[look] = self._rules.is_shown(attributes, rule)
        return known
