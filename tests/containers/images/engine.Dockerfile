# A container engine in a container: a machine of its own to Swarm.
ARG DEBIAN
FROM ${DEBIAN}
RUN apt-get update -qq \
    && apt-get install -qq --no-install-recommends docker.io iptables >/dev/null \
    && rm -rf /var/lib/apt/lists/*
VOLUME /var/lib/docker
ENTRYPOINT ["dockerd", "--host=unix:///var/run/docker.sock", "--storage-driver=overlay2"]
