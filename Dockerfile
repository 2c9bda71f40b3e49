# OpenWatts in an image without a shell. It runs as a user without rights, also with a read-only root
# file system; everything that it stores is in /data.
#
#   docker build -t openwatts .
#   docker run -p 8000:8000 -v openwatts:/data openwatts
#
# The first start prints the admin key. docs/containers.md says more.

# Any image with Deno and the libraries that it needs.
ARG DENO_IMAGE=denoland/deno:distroless-2.9.6

FROM ${DENO_IMAGE} AS build
ENV DENO_DIR=/deno-dir DENO_NO_UPDATE_CHECK=1
# An empty folder, which the image gives to the user of the service.
WORKDIR /data
WORKDIR /app
COPY deno.json deno.lock main.ts LICENSE ./
COPY data data
COPY jobs jobs
COPY kv kv
COPY routes routes
# In exec form, as there may be no shell. The packages of the pages are not imported, but shown.
RUN ["deno", "cache", "--frozen", "--no-check", "main.ts", "data/task_permissions.ts", "jobs/engine/deflate_worker.ts", "jobs/thread_worker.ts", "npm:swagger-ui-dist@5.35.0", "npm:redoc@2.5.4", "npm:uplot@1.6.32"]

FROM ${DENO_IMAGE}
COPY --from=build /deno-dir /deno-dir
COPY --from=build /app /app
COPY --from=build --chown=65532:65532 /data /data
ENV DENO_DIR=/deno-dir \
  DENO_NO_UPDATE_CHECK=1 \
  AUTH=keys \
  HOST=0.0.0.0 \
  PORT=8000 \
  DATA_DIR=/data \
  WORKER_THREADS=1
WORKDIR /app
USER 65532:65532
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=3s --start-period=20s --retries=3 \
  CMD ["deno", "eval", "if (!(await fetch(`http://127.0.0.1:${Deno.env.get('PORT')}/health`)).ok) Deno.exit(1)"]
ENTRYPOINT []
CMD ["deno", "task", "start"]
