# What stands in for the nginx image: built from the source in the context, started as that image starts it.
ARG DEBIAN
FROM ${DEBIAN}
RUN apt-get update -qq \
    && apt-get install -qq --no-install-recommends gcc libc6-dev libpcre2-dev make >/dev/null \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN bash auto/configure --prefix=/usr/local/nginx --sbin-path=/usr/sbin/nginx --conf-path=/etc/nginx/nginx.conf \
        --error-log-path=stderr --http-log-path=/dev/stdout --pid-path=/tmp/nginx.pid --lock-path=/tmp/nginx.lock \
        --with-http_stub_status_module --without-http_gzip_module >/dev/null \
    && make --silent -j2 >/dev/null \
    && install -m 755 objs/nginx /usr/sbin/nginx
STOPSIGNAL SIGQUIT
ENTRYPOINT ["nginx"]
CMD ["-g", "daemon off;"]
