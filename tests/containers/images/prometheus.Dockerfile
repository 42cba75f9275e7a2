# What stands in for the prom/prometheus image: Debian's Prometheus, started as that image starts it.
ARG DEBIAN
FROM ${DEBIAN}
RUN apt-get update -qq \
    && apt-get install -qq --no-install-recommends prometheus >/dev/null \
    && rm -rf /var/lib/apt/lists/*
USER nobody
ENTRYPOINT ["prometheus"]
CMD ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]
