"""One module in C for all Pythons from 3.11 on: it keeps to their stable interface."""

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "winnow_native",
            [
                "blocks.c",
                "characters.c",
                "descent.c",
                "folding.c",
                "kinds.c",
                "lexbor.c",
                "match.c",
                "names.c",
                "parts.c",
                "select.c",
                "sheet_names.c",
                "sheets.c",
                "signs.c",
                "texts.c",
                "winnow_native.c",
                "words.c",
            ],
            depends=["arrays.h", "css.h", "folding.h", "lexbor.h", "names.h", "text.h", "walk.h", "words.h"],
            extra_compile_args=["-std=c11", "-O3", "-Wall", "-Wextra", "-fvisibility=hidden"],
            py_limited_api=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
