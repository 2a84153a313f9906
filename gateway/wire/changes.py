"""What has changed on a page since an earlier copy of it."""

from typing import Annotated, Literal

from msgspec import Meta, Struct


class Change(Struct, kw_only=True, frozen=True):
    """A block of the content that is not as it was."""

    old: Annotated[str | None, Meta(description="The block as it was; null: it is new.")]
    new: Annotated[str | None, Meta(description="The block as it is; null: it is gone.")]


class PageChanges(Struct, kw_only=True, frozen=True):
    """The content now, compared with an earlier copy's, read with the same options."""

    status: Annotated[
        Literal["new", "same", "changed"],
        Meta(description="`new`: there is no earlier copy; `same`: the content is as it was; `changed`."),
    ]
    compared_with: Annotated[
        float | None, Meta(description="When the earlier copy came, in Unix seconds; null without one.")
    ] = None
    blocks: Annotated[
        list[Change],
        Meta(
            description="What changed, in reading order, at most 1,000; blocks that only moved are left out."
        ),
    ] = []
