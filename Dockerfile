# syntax=docker/dockerfile:1
# The image of `pullpass serve`: one bundled file on a base without shell and package manager, run by a user without rights.
# For a release, pin both bases: --build-arg BUILD_DIGEST=sha256:… --build-arg RUNTIME_DIGEST=sha256:…
ARG BUILD_IMAGE=docker.io/library/node:24-bookworm-slim
ARG BUILD_DIGEST=
ARG RUNTIME_IMAGE=gcr.io/distroless/nodejs24-debian12:nonroot
ARG RUNTIME_DIGEST=

FROM ${BUILD_IMAGE}${BUILD_DIGEST:+@${BUILD_DIGEST}} AS build
WORKDIR /build
COPY .npmrc package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json build.ts ./
COPY src ./src
RUN npm run build

FROM ${RUNTIME_IMAGE}${RUNTIME_DIGEST:+@${RUNTIME_DIGEST}}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="pullpass" \
      org.opencontainers.image.description="Private images just pull: a Kubernetes admission webhook for pull Secrets" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# The runtime base keeps node in /nodejs/bin; other bases have it where PATH usually looks.
# One arena, and fixed thresholds instead of growing ones: what the lists at the start needed is given back to the system. What a
# request needs stays below them.
ENV NODE_ENV=production \
    MALLOC_ARENA_MAX=1 \
    MALLOC_MMAP_THRESHOLD_=262144 \
    MALLOC_TRIM_THRESHOLD_=131072 \
    PATH=/nodejs/bin:/usr/local/bin:/usr/bin:/bin
WORKDIR /app
COPY --from=build /build/dist ./dist
COPY LICENSE ./
USER 65532:65532
EXPOSE 8443 8080
# What is short-lived is collected early, and what the lists at the start left behind once they are read.
ENTRYPOINT ["node", "--expose-gc", "--max-semi-space-size=2", "--heap-growing-percent=20", "/app/dist/pullpass.mjs"]
CMD ["serve"]
