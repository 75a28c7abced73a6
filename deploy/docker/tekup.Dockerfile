# `tekup serve`, and every other command of the program. Built from the root of the repository:
#   docker build -f deploy/docker/tekup.Dockerfile -t tekup:0.1.0 .
ARG RUST_VERSION=1.95.0
ARG DEBIAN=bookworm

FROM rust:${RUST_VERSION}-slim-${DEBIAN} AS build
WORKDIR /src
COPY . .
# What was compiled before is in neither stage: it stays with the builder. Lines of the source in backtraces would be most of the
# binary: names of functions stay.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --locked --release --package tekup-cli --bin tekup \
    && strip --strip-debug -o /usr/local/bin/tekup target/release/tekup

FROM debian:${DEBIAN}-slim
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="tekup" \
      org.opencontainers.image.description="Probes, metrics and tools of the Tekup event bus" \
      org.opencontainers.image.source="https://github.com/tekup/event-bus" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /usr/local/bin/tekup /usr/local/bin/tekup
# A number, so that Kubernetes can see that it is not root. It owns nothing and writes nothing.
USER 65532:65532
EXPOSE 9464
STOPSIGNAL SIGTERM
# Whether it lives: what is restarted when unhealthy must not be, because Redis is away.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["/usr/local/bin/tekup", "probe", "http://127.0.0.1:9464/livez"]
ENTRYPOINT ["/usr/local/bin/tekup"]
CMD ["serve", "--listen", "0.0.0.0:9464"]
