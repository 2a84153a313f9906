"""One module in C for all Pythons from 3.11 on: it keeps to their stable interface."""

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "winnow_native",
            [
                "blocks.c",
                "descent.c",
                "kinds.c",
                "lexbor.c",
                "names.c",
                "parts.c",
                "select.c",
                "texts.c",
                "winnow_native.c",
                "words.c",
            ],
            depends=["arrays.h", "lexbor.h", "names.h", "text.h", "words.h"],
            extra_compile_args=["-std=c11", "-O2", "-Wall", "-Wextra", "-fvisibility=hidden"],
            py_limited_api=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
