"""What can be done in a rendered page before it is read."""

from typing import Annotated

from msgspec import Meta, Struct

from gateway.wire.common import Selector

_Times = Annotated[int, Meta(ge=1, le=50)]


class Wait(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="wait"):
    """Wait for a time, for an element, or, with neither, until the page is quiet."""

    ms: Annotated[Annotated[int, Meta(ge=0, le=60_000)] | None, Meta(description="Milliseconds to wait.")] = (
        None
    )
    selector: Annotated[Selector | None, Meta(description="CSS selector of the element to wait for.")] = None


class Scroll(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="scroll"):
    """Scroll to the end of the page and wait for what it loads then; or bring an element into view."""

    selector: Annotated[
        Selector | None,
        Meta(description="CSS selector of the element to bring into view. null: the page's end."),
    ] = None
    times: Annotated[_Times, Meta(description="How often; a list without end grows each time.")] = 1


class Click(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="click"):
    """Click on an element, and wait until the page is quiet."""

    selector: Annotated[Selector, Meta(description="CSS selector of the element.")]
    times: Annotated[_Times, Meta(description="How often, as long as the element is there.")] = 1


class Write(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="write"):
    """Write text into an element."""

    text: Annotated[str, Meta(max_length=10_000, description="What to write.")]
    selector: Annotated[
        Selector | None, Meta(description="CSS selector of the element. null: the one that has the focus.")
    ] = None


class Press(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="press"):
    """Press a key, and wait until the page is quiet."""

    key: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=20,
            description="A character, or `Enter`, `Tab`, `Escape`, `Backspace`, `Delete`, `Space`, `Home`, `End`, "
            "`PageUp`, `PageDown`, `ArrowUp`, `ArrowDown`, `ArrowLeft`, `ArrowRight`.",
        ),
    ]


Action = Wait | Scroll | Click | Write | Press
