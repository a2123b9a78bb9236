# syntax=docker/dockerfile:1
# The images for a registry, for amd64 and arm64 alike; `make image` writes the same ones without a container engine.
#
#   docker buildx build --platform linux/amd64,linux/arm64 --target runtime  --tag REGISTRY/troupe:TAG            --push .
#                                                          --target operator --tag REGISTRY/troupe-operator:TAG   …
#                                                          --target bridge   --tag REGISTRY/troupe-mcp-bridge:TAG …
#                                                          --target sandbox  --tag REGISTRY/troupe-sandbox:TAG    …
#                                                          --target mcp      --tag REGISTRY/troupe-mcp:TAG        …

ARG DEBIAN=bookworm
ARG RUST=1.95
ARG NODE=22

# The console, which the programs compile in.
FROM --platform=$BUILDPLATFORM node:${NODE}-${DEBIAN}-slim AS console
WORKDIR /source/web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY web .
RUN npm run build

# Static programs, on the machine that builds, for the one that runs them.
FROM --platform=$BUILDPLATFORM rust:${RUST}-${DEBIAN} AS programs
ARG BUILDARCH
ARG TARGETARCH
RUN case $TARGETARCH in amd64) echo x86_64 ;; arm64) echo aarch64 ;; *) exit 1 ;; esac >/machine \
    && rustup target add "$(cat /machine)-unknown-linux-gnu" \
    && if [ "$TARGETARCH" != "$BUILDARCH" ]; then \
        apt-get update && apt-get install --yes --no-install-recommends \
            "gcc-$(sed s/_/-/ /machine)-linux-gnu" "libc6-dev-$TARGETARCH-cross"; \
    fi
WORKDIR /source
COPY . .
COPY --from=console /source/web/dist web/dist
RUN machine=$(cat /machine) && triple=$machine-unknown-linux-gnu && variable=$(echo "$triple" | tr - _) \
    && export "CARGO_TARGET_$(echo "$variable" | tr a-z A-Z)_LINKER=$machine-linux-gnu-gcc" \
        "CC_$variable=$machine-linux-gnu-gcc" "AR_$variable=$machine-linux-gnu-ar" \
    && RUSTFLAGS='-C target-feature=+crt-static' cargo build --release --locked --target "$triple" \
        --package troupe-runtime --package troupe-operator --package troupe-bridge \
        --bin troupe --bin troupe-operator --bin troupe-mcp-bridge \
    && mkdir /programs && cd "target/$triple/release" && cp troupe troupe-operator troupe-mcp-bridge /programs/

# What the images have of Debian, Python and Node, said in images/.
FROM debian:${DEBIAN}-slim AS roots
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates findutils python3-pip
WORKDIR /source
COPY scripts scripts
COPY images images
COPY Cargo.toml .

FROM roots AS base-root
RUN scripts/images --root base /root-of/base

FROM roots AS sandbox-root
RUN scripts/images --root sandbox /root-of/sandbox

FROM roots AS mcp-root
RUN scripts/images --root mcp /root-of/mcp

# As in distroless images: no shell, and nobody is root.
FROM scratch AS base
COPY --from=base-root /root-of/base/ /
ENV PATH=/usr/local/bin:/usr/bin:/bin SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 65532:65532

FROM base AS runtime
LABEL org.opencontainers.image.title="Troupe's runtime" org.opencontainers.image.licenses=MIT
COPY --from=programs /programs/troupe /usr/bin/troupe
ENTRYPOINT ["/usr/bin/troupe"]

FROM base AS operator
LABEL org.opencontainers.image.title="Troupe's operator" org.opencontainers.image.licenses=MIT
COPY --from=programs /programs/troupe-operator /usr/bin/troupe-operator
ENTRYPOINT ["/usr/bin/troupe-operator"]

FROM scratch AS bridge
LABEL org.opencontainers.image.title="Troupe's MCP bridge" org.opencontainers.image.licenses=MIT
COPY --from=programs /programs/troupe-mcp-bridge /usr/bin/troupe-mcp-bridge
ENV PATH=/usr/local/bin:/usr/bin:/bin
USER 65532:65532
ENTRYPOINT ["/usr/bin/troupe-mcp-bridge"]

FROM base AS sandbox
LABEL org.opencontainers.image.title="Troupe's sandbox" org.opencontainers.image.licenses=MIT
COPY --from=sandbox-root /root-of/sandbox/ /
COPY --from=programs /programs/troupe /usr/bin/troupe
ENV LANG=C.UTF-8
ENTRYPOINT ["/usr/bin/troupe"]

FROM base AS mcp
LABEL org.opencontainers.image.title="MCP servers for Python and Node" org.opencontainers.image.licenses=MIT
COPY --from=mcp-root /root-of/mcp/ /
ENV LANG=C.UTF-8 UV_TOOL_DIR=/usr/local/share/uv/tools
WORKDIR /home/mcp
CMD ["bash"]
