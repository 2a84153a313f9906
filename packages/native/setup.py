"""One module in C for all Pythons from 3.11 on: it keeps to their stable interface."""

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "winnow_native",
            [
                "around.c",
                "blocks.c",
                "characters.c",
                "declarations.c",
                "descent.c",
                "feature_rows.c",
                "features.c",
                "folding.c",
                "kinds.c",
                "lexbor.c",
                "markup.c",
                "match.c",
                "names.c",
                "parts.c",
                "possible.c",
                "select.c",
                "sheet_names.c",
                "sheets.c",
                "signs.c",
                "texts.c",
                "winnow_native.c",
                "words.c",
            ],
            depends=[
                "arrays.h",
                "counts.h",
                "css.h",
                "features.h",
                "folding.h",
                "lexbor.h",
                "marks.h",
                "names.h",
                "page_names.h",
                "text.h",
                "walk.h",
                "words.h",
            ],
            # a multiplication and an addition are rounded one by one, as numpy does
            extra_compile_args=[
                "-std=c11",
                "-O3",
                "-Wall",
                "-Wextra",
                "-fvisibility=hidden",
                "-ffp-contract=off",
            ],
            py_limited_api=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
