# A service on the bus, with examples/axum_service as the sample: set PACKAGE and BIN for another. Built from the root of the
# repository:
#   docker build -f deploy/docker/service.Dockerfile -t tekup-service:0.1.0 .
ARG RUST_VERSION=1.95.0
ARG DEBIAN=bookworm

FROM rust:${RUST_VERSION}-slim-${DEBIAN} AS build
ARG PACKAGE=tekup-examples
ARG BIN=axum_service
WORKDIR /src
COPY . .
# What was compiled before is in neither stage: it stays with the builder. Lines of the source in backtraces would be most of the
# binary: names of functions stay.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --locked --release --package "${PACKAGE}" --bin "${BIN}" \
    && strip --strip-debug -o /usr/local/bin/service "target/release/${BIN}"

FROM debian:${DEBIAN}-slim
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="tekup-service" \
      org.opencontainers.image.description="A sample service on the Tekup event bus" \
      org.opencontainers.image.source="https://github.com/tekup/event-bus" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /usr/local/bin/service /usr/local/bin/service
# A number, so that Kubernetes can see that it is not root. It owns nothing and writes nothing.
USER 65532:65532
# Where it is reached from other containers; who it is and where Redis is, is said when it is run.
ENV LISTEN=0.0.0.0:3000 \
    OPERATIONS_LISTEN=0.0.0.0:9464 \
    LOG_FORMAT=json
EXPOSE 3000 9464
STOPSIGNAL SIGTERM
# Whether it lives: what is restarted when unhealthy must not be, because Redis is away.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["/usr/local/bin/service", "probe", "http://127.0.0.1:9464/livez"]
ENTRYPOINT ["/usr/local/bin/service"]
