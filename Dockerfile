# The connector as an image: what Airbyte runs. `make image` replays these steps where there is no Docker.
# With DuckDB, for `sync`, `audit`, `query` and `report` as well:
#   docker build --build-arg LOCK=image-sync.txt --tag source-pypi:sync .
#   docker run --rm --volume "$PWD:/data" --workdir /data source-pypi:sync sync flask
# Everything comes from the locks, nothing besides: hence --no-deps, --no-index and --no-build-isolation.
FROM docker.io/airbyte/python-connector-base:4.1.0@sha256:1d1aa21d34e851df4e8a87b391c27724c06e2597608e7161f4d167be853bd7b6 AS build
USER root
WORKDIR /airbyte/build
COPY requirements/image-build.txt ./
RUN python -m pip --disable-pip-version-check install --no-cache-dir --require-hashes -r image-build.txt
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY src src
RUN python -m pip --disable-pip-version-check wheel --no-deps --no-index --no-build-isolation --wheel-dir wheels .

FROM docker.io/airbyte/python-connector-base:4.1.0@sha256:1d1aa21d34e851df4e8a87b391c27724c06e2597608e7161f4d167be853bd7b6
USER root
WORKDIR /airbyte/integration_code
ARG LOCK=image.txt
COPY requirements/image.txt requirements/image-sync.txt ./
RUN python -m pip --disable-pip-version-check install --no-cache-dir --require-hashes -r "$LOCK"
COPY --from=build /airbyte/build/wheels wheels
RUN python -m pip --disable-pip-version-check install --no-cache-dir --no-deps --no-index wheels/*.whl
USER airbyte
ENV AIRBYTE_ENTRYPOINT="source-pypi"
ENTRYPOINT ["source-pypi"]
LABEL io.airbyte.name="airbyte/source-pypi"
LABEL io.airbyte.version="0.4.0"
