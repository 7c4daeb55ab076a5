# The origin (docs/deploy.md). For CUDA instead of Vulkan or a CPU:
#   docker build --build-arg BASE=nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04 --build-arg CUDA=cuda12 .
ARG NODE=node:24-bookworm-slim
ARG BASE=debian:bookworm-slim

FROM ${NODE} AS dependencies
# "skip" or "cuda12". The CUDA providers are too large for npm and come from NuGet.
ARG CUDA=skip
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev && npm cache clean --force
RUN ONNXRUNTIME_NODE_INSTALL=${CUDA} node node_modules/onnxruntime-node/script/install.js

FROM ${BASE}
# WebGPU uses Vulkan; NVIDIA's container toolkit brings the driver from the host.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends libvulkan1 libstdc++6 ca-certificates \
  && rm -rf /var/lib/apt/lists/*
COPY --from=dependencies /usr/local/bin/node /usr/local/bin/node
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json ./
COPY models/manifest.json models/*.onnx models/*.int8.safetensors models/
COPY src/core src/core
COPY src/codecs src/codecs
COPY src/engine src/engine
COPY src/service src/service
COPY src/origin src/origin
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8788 NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics MALLOC_ARENA_MAX=2
USER 10001:10001
EXPOSE 8788
HEALTHCHECK --start-period=60s CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Node 24 runs TypeScript directly; there is no build step.
ENTRYPOINT ["node", "src/origin/main.ts"]
