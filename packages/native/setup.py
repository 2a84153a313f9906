"""One module in C for all Pythons from 3.11 on: it keeps to their stable interface."""

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "winnow_native",
            ["winnow_native.c"],
            extra_compile_args=["-std=c11", "-O2", "-Wall", "-Wextra"],
            py_limited_api=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
