# What stands in for the haproxy image: Debian's HAProxy, started as that image starts it.
ARG DEBIAN
FROM ${DEBIAN}
RUN apt-get update -qq \
    && apt-get install -qq --no-install-recommends haproxy >/dev/null \
    && rm -rf /var/lib/apt/lists/*
USER haproxy
ENTRYPOINT ["haproxy"]
CMD ["-W", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]
