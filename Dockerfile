# One image for every role: the program, statically linked, and nothing else.
#
#     docker build -t tilebrot .
#     docker build -t tilebrot --build-arg BINARY=target/x86_64-unknown-linux-gnu/release/tilebrot .
#
# The second form takes a binary that was built outside, and needs no base image.

ARG RUST_IMAGE=rust:1.95-slim-bookworm
# Of a static binary, in the build context; empty: it is built here.
ARG BINARY=

# The manifests with empty sources, so that the next stage's layers change only when a manifest does.
FROM ${RUST_IMAGE} AS manifests
WORKDIR /src
COPY . .
RUN find . -type f ! -name Cargo.toml ! -name Cargo.lock ! -name '*.rs' -delete \
    && find . -type d -empty -delete \
    && find . -name '*.rs' -exec sh -c 'echo "fn main() { }" >"$1"' sh {} \;

# Everything that others wrote.
FROM ${RUST_IMAGE} AS dependencies
# Who only tries whether an image works may leave out a build's slowest step.
ARG LTO=true
ARG CODEGEN_UNITS=1
WORKDIR /src
# glibc links statically; it resolves names without its shared objects since 2.34.
ENV RUSTFLAGS="-C target-feature=+crt-static" \
    CARGO_PROFILE_RELEASE_LTO=${LTO} \
    CARGO_PROFILE_RELEASE_CODEGEN_UNITS=${CODEGEN_UNITS} \
    CARGO_PROFILE_RELEASE_STRIP=debuginfo
COPY --from=manifests /src .
# A named target keeps the flags away from procedural macros, which cannot be static.
RUN cargo build --release --locked --target "$(rustc --print host-tuple)"

# Everything that we wrote.
FROM dependencies AS build
COPY balancer balancer
COPY crates crates
COPY frontend frontend
COPY src src
COPY worker worker
# Newer than what the stage before built of the empty sources.
RUN find . -name '*.rs' -exec touch {} + \
    && cargo build --release --locked --target "$(rustc --print host-tuple)" \
    && cp target/*/release/tilebrot /tilebrot

FROM scratch AS build-outside
ARG BINARY
COPY ${BINARY} /tilebrot

# hadolint ignore=DL3006
FROM build${BINARY:+-outside} AS binary

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Tilebrot" \
      org.opencontainers.image.description="Draws the Mandelbrot set on a cluster" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.source="https://github.com/tilebrot/tilebrot" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY LICENSE-APACHE LICENSE-MIT /licenses/
COPY --from=binary /tilebrot /tilebrot
USER 65532:65532
EXPOSE 8080
STOPSIGNAL SIGTERM
# TILEBROT_URL says what is asked: /livez on port 8080 unless it is set.
HEALTHCHECK --interval=3s --timeout=4s --start-period=30s --retries=3 CMD ["/tilebrot", "healthcheck"]
ENTRYPOINT ["/tilebrot"]
# Without a role: a whole cluster in one container.
CMD ["up", "--listen", "0.0.0.0:8080"]
