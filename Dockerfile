# The same install steps as the Makefile: `pip install -c constraints.txt .[extras]` into one environment.
ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS build
# `anthropic` adds Anthropic's models, `render` a browser that runs elsewhere, `otel` traces, `local` llama.cpp
ARG EXTRAS=valkey,mcp
# for `local`, which is compiled: "build-essential cmake". Everything else comes as wheels, but for packages/native.
ARG BUILD_PACKAGES=
RUN apt-get update \
 && apt-get install --yes --no-install-recommends binutils gcc libc6-dev make ${BUILD_PACKAGES} \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
WORKDIR /src
COPY pyproject.toml constraints.txt Makefile README.md LICENSE ./
COPY deploy/llama_cmake_args.py deploy/
COPY gateway gateway
COPY backends backends
COPY packages/native packages/native
# What no running gateway uses goes: Faker (Litestar asks for it through polyfactory, for examples that are not made here),
# what colours Litestar's own command (structlog would import it too, 4 MB in memory), numpy's tests, symbols in wheels
# that were not stripped, setuptools and pip, since nobody installs packages into a running image.
RUN make install-only VENV=/opt/winnow EXTRAS="${EXTRAS}" EDITABLE= \
 && /opt/winnow/bin/python -m pip uninstall --quiet --yes faker polyfactory pygments rich rich-click setuptools pip \
 && cd /opt/winnow/lib/python3*/site-packages \
 && find . -type d -name tests -prune -exec rm -r {} + \
 && find zstandard uvloop httptools -name '*.so' -exec strip --strip-unneeded {} + \
 && /opt/winnow/bin/winnow --help > /dev/null

FROM python:${PYTHON}-slim
# `chromium-headless-shell` renders pages; without it the image is 300 MB smaller
ARG BROWSER_PACKAGE=
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates libgomp1 ${BROWSER_PACKAGE} \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* \
 && useradd --system --uid 10001 --create-home --home-dir /var/lib/winnow winnow \
 && install --directory --owner=winnow --mode=0700 /var/cache/winnow /var/lib/winnow-jobs
COPY --from=build /opt/winnow /opt/winnow
USER 10001
ENV PATH=/opt/winnow/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    WINNOW_HOST=0.0.0.0 \
    WINNOW_CACHE_DIR=/var/cache/winnow \
    WINNOW_JOBS_DIR=/var/lib/winnow-jobs \
    WINNOW_KEYS_FILE=/var/lib/winnow/keys.json
VOLUME ["/var/cache/winnow", "/var/lib/winnow", "/var/lib/winnow-jobs"]
EXPOSE 8000
# images in OCI's format drop this: compose.yaml and the Kubernetes manifest have checks of their own
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ.get(\"WINNOW_PORT\", 8000)}/health/live', timeout=2)"]
ENTRYPOINT ["winnow"]
CMD ["serve"]
