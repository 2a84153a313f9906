# The same install steps as the Makefile: `pip install -c constraints.txt .[extras]` into one environment.
ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS build
ARG EXTRAS=anthropic,valkey,mcp
RUN apt-get update \
 && apt-get install --yes --no-install-recommends build-essential cmake make \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY pyproject.toml constraints.txt Makefile README.md LICENSE ./
COPY deploy/llama_cmake_args.py deploy/
COPY gateway gateway
COPY backends backends
RUN make install-only VENV=/opt/winnow EXTRAS="${EXTRAS}" EDITABLE=

FROM python:${PYTHON}-slim
# `chromium-headless-shell` renders pages; without it the image is 300 MB smaller
ARG BROWSER_PACKAGE=
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates libgomp1 ${BROWSER_PACKAGE} \
 && rm -rf /var/lib/apt/lists/* \
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
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/live', timeout=2)"]
ENTRYPOINT ["winnow"]
CMD ["serve"]
