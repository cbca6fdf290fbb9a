# The image of `pullpass serve`: the bundle on a base without shell and package manager, run by a user without rights. What it adds to
# the base is one layer, the same bytes for the same sources. Pin both bases for a release; docs/image.md says how.
ARG BUILD_IMAGE=docker.io/library/node:24-trixie-slim
ARG BUILD_DIGEST=
ARG RUNTIME_IMAGE=gcr.io/distroless/nodejs24-debian13:nonroot
ARG RUNTIME_DIGEST=

# The bundle is the same for every platform, so it is made on the builder's own.
FROM --platform=${BUILDPLATFORM} ${BUILD_IMAGE}${BUILD_DIGEST:+@${BUILD_DIGEST}} AS build
WORKDIR /build
COPY .npmrc package.json package-lock.json ./
# No install script of a package runs. A mirror of the npm registry, and a login for it, come as a secret: --secret id=npmrc,src=FILE
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci --ignore-scripts
COPY tsconfig.json build.ts sbom.ts ./
COPY src ./src
RUN node build.ts
# What differs from one builder to the next is set: owner, modes, times. Builders keep the times of what they copy.
COPY LICENSE ./
RUN mkdir -p /image/app \
 && cp -R dist LICENSE /image/app \
 && chmod -R u=rwX,go=rX /image \
 && find /image -exec touch -h -d @0 {} +

FROM ${RUNTIME_IMAGE}${RUNTIME_DIGEST:+@${RUNTIME_DIGEST}}
ARG RUNTIME_IMAGE
ARG RUNTIME_DIGEST
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="pullpass" \
      org.opencontainers.image.description="Private images just pull: a Kubernetes admission webhook for pull Secrets" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${RUNTIME_IMAGE}" \
      org.opencontainers.image.base.digest="${RUNTIME_DIGEST}"
# The runtime base keeps node in /nodejs/bin; other bases have it where PATH usually looks.
# One arena, and fixed thresholds instead of growing ones: what the lists at the start needed is given back to the system. What a
# request needs stays below them.
ENV NODE_ENV=production \
    MALLOC_ARENA_MAX=1 \
    MALLOC_MMAP_THRESHOLD_=262144 \
    MALLOC_TRIM_THRESHOLD_=131072 \
    PATH=/nodejs/bin:/usr/local/bin:/usr/bin:/bin
COPY --from=build --chown=0:0 /image/ /
USER 65532:65532
EXPOSE 8443 8080
# What is short-lived is collected early, and what the lists at the start left behind once they are read. One thread beside the
# program marks what lives: four took the processor from it for up to 20 ms (decision 0024).
ENTRYPOINT ["node", "--expose-gc", "--max-semi-space-size=2", "--heap-growing-percent=20", "--v8-pool-size=1", "/app/dist/pullpass.mjs"]
CMD ["serve"]
