# What stands in for rust:1.95-slim-bookworm: Debian's own compiler of the same or a later version.
ARG DEBIAN
FROM ${DEBIAN}
RUN apt-get update -qq \
    && apt-get install -qq --no-install-recommends cargo-web rustc-web gcc libc6-dev >/dev/null \
    && rm -rf /var/lib/apt/lists/*
