# One image for all programs: `python -m services` (all in one), `python -m services.ingest|ladder|notifier|migrate`.

FROM python:3.11-slim AS dependencies
RUN python -m venv /opt/venv
COPY requirements.lock /tmp/requirements.lock
RUN /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --requirement /tmp/requirements.lock

FROM python:3.11-slim
# The embedded PostgreSQL looks up the account it runs under, so the user has a name as well as a number.
RUN useradd --uid 10001 --no-create-home --home-dir /app --shell /usr/sbin/nologin loyalty \
    && install --directory --owner=loyalty --group=loyalty --mode=0755 /data
COPY --from=dependencies /opt/venv /opt/venv
WORKDIR /app
COPY pyproject.toml ./
COPY shared shared
COPY services services
COPY migrations migrations
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data
USER loyalty
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ.get('PORT', '8000')}/livez\", timeout=4)"]
CMD ["python", "-m", "services"]
