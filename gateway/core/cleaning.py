"""Bytes or text of a page in, `Page` out: the public function of core."""

from msgspec import structs

from gateway.core.classifier.network import Choice, Classifier, choose, load_classifier
from gateway.core.dom.blocks import keep
from gateway.core.dom.boxes import find_boxes
from gateway.core.dom.pictures import with_pictures
from gateway.core.dom.selection import DRAWN, REMOVED
from gateway.core.markdown import Rendered, render
from gateway.core.markdown.headline import with_headline, without_headline
from gateway.core.model.page import Block, CleanOptions, KeptNodes, Page
from gateway.core.parsing import ParsedPage, read, root_of
from gateway.core.visibility.hidden import quote_hidden
from gateway.core.visibility.review import review
from gateway.wire import Notice

_DEFAULTS = CleanOptions()
_LOW_CONFIDENCE = 0.6


def clean(
    html: str | bytes,
    *,
    url: str | None = None,
    options: CleanOptions = _DEFAULTS,
    classifier: Classifier | None = None,
) -> Page:
    """Turn a page into its content.

    Args:
        html: the page; bytes are decoded as browsers do.
        url: its final address: the base of relative links, and a hint to the classifier.
        options: scope, selectors, styles and bounds.
        classifier: the one in `weights/` unless given.
    Raises:
        InvalidRequest: if a selector of the options is none.
    """
    parsed = read(html, url=url, options=options)
    warnings = [*parsed.warnings, *_count_hidden(parsed, quoted=options.quote_hidden)]
    kept: KeptNodes | None = None
    confidence: float | None = None
    page_type: str | None = None
    choice = Choice([], 0.0, "")
    if parsed.selected is not None:
        kept = parsed.selected
        if not kept.texts:
            warnings.append(Notice(code="nothing_selected", message="`select` matches no text of the page"))
    elif options.scope == "main":
        choice, kept = _choose(parsed, options, classifier)
        confidence, page_type = choice.confidence, choice.page_type
        if choice.repeated and kept is not None:
            message = (
                "what the page shows twice (for another width, as a clone, in a quotation) was left out once"
            )
            warnings.append(Notice(code="repeats_removed", message=message, count=choice.repeated))
        if confidence < _LOW_CONFIDENCE:
            found = (
                "the choice of the main content is unsure" if choice.blocks else "no main content was found"
            )
            message = f"{found} ({confidence:.2f}); compare with scope page"
            warnings.append(Notice(code="low_confidence", message=message))
    codes, callouts = find_boxes(parsed.blocks)

    def render_kept(kept: KeptNodes | None, options: CleanOptions) -> Rendered:
        return render(
            parsed.root,
            kept=kept,
            hidden=parsed.hidden,
            base_url=url,
            options=options,
            beside=[root_of(tree) for tree in parsed.beside] if options.select is None else [],
            codes=codes,
            callouts=callouts,
        )

    rendered = render_kept(kept, options)
    warnings += rendered.notices
    if parsed.truncated or rendered.truncated:
        message = (
            f"left out what is nested deeper than {options.max_depth} or beyond {options.max_blocks} blocks"
        )
        warnings.append(Notice(code="truncated", message=message))
    if rendered.invisible:
        message = "characters that no reader can see were taken out of the text"
        warnings.append(
            Notice(code="invisible_characters_removed", message=message, count=rendered.invisible)
        )
    title = parsed.facts.title
    blocks = _titled(rendered.blocks, title, options)
    page = Page(
        blocks=blocks,
        title=title,
        metadata=structs.replace(parsed.facts.metadata, page_type=page_type),
        confidence=confidence,
        links=rendered.links,
        images=rendered.images,
        structured=parsed.structured,
        warnings=warnings,
        appendix=rendered.appendix,
        judged=review(
            parsed.root,
            parsed.blocks,
            hidden=parsed.hidden,
            kept=kept.texts if kept else None,
            dropped=choice.dropped,
            otherwise="not_selected" if options.select is not None else "not_main",
            probabilities=choice.probabilities.tolist(),
            headline=title if title and blocks and options.headline and _is_of_main(options) else None,
        )
        if options.review
        else [],
    )
    if options.select is None or not options.unselected:
        return page
    options = structs.replace(options, select=None)
    kept = _choose(parsed, options, classifier)[1] if options.scope == "main" else None
    whole = render_kept(kept, options)
    blocks = _titled(whole.blocks, title, options)
    return structs.replace(page, unselected=structs.replace(page, blocks=blocks, appendix=whole.appendix))


def _choose(
    parsed: ParsedPage, options: CleanOptions, classifier: Classifier | None
) -> tuple[Choice, KeptNodes | None]:
    """The main content; None where all of the page is."""
    choice = choose(parsed.blocks, parsed.head, classifier or load_classifier())
    if parsed.is_content:
        return choice, None
    kept = keep(parsed.blocks, choice.blocks)
    return choice, with_pictures(kept, parsed.blocks, choice.blocks) if options.images != "none" else kept


def _is_of_main(options: CleanOptions) -> bool:
    return options.scope == "main" and options.select is None


def _titled(blocks: list[Block], title: str | None, options: CleanOptions) -> list[Block]:
    """The main content with the title as its headline, or without it where the options say so."""
    if not title or not _is_of_main(options):
        return blocks
    if options.headline and blocks:
        return with_headline(blocks, title, html=options.html)
    return without_headline(blocks, title)


def _count_hidden(parsed: ParsedPage, *, quoted: bool) -> list[Notice]:
    found = {mem_id: reason for mem_id, reason in parsed.hidden.items() if reason not in (REMOVED, DRAWN)}
    if not found:
        return []
    message = f"text that no reader can see was left out ({', '.join(sorted(set(found.values())))})"
    samples = quote_hidden(parsed.root, found) if quoted else []
    return [Notice(code="hidden_text_removed", message=message, count=len(found), samples=samples)]
