# One image for web and worker: `docker compose up` runs both, with a Valkey (compose.yaml).
FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PORT=8000
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.txt
COPY integration integration
COPY worker worker
COPY LICENSE .

RUN useradd --system --no-create-home highlights
USER highlights
EXPOSE 8000
# Of the web process; compose.yaml switches it off for the worker, which listens to nobody.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/healthz', timeout=3)"]
CMD ["python", "-m", "integration.web"]
