# The explorer alone: it needs a node elsewhere (compose.yaml shows one way), or shows its demo chain:
#   docker build -t bitcoin-explorer . && docker run --rm -p 127.0.0.1:5000:5000 bitcoin-explorer

FROM python:3.13-slim AS build
WORKDIR /app
COPY requirements.txt .
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.txt
COPY app.py config.py gunicorn.conf.py ./
COPY explorer explorer
COPY templates templates
COPY static static
COPY translations translations
# Compiled here, because at run time nothing can be written; readable for any user, whatever the checkout's modes were.
RUN python -m compileall -q . && chmod -R a+rX .

FROM python:3.13-slim
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/app \
    HOST=0.0.0.0 \
    PORT=5000
EXPOSE 5000
# Any user id does: docker run --user.
USER 1000:1000
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s CMD ["python", "-c", "\
import http.client, config; \
s = config.load(); \
c = http.client.HTTPConnection('127.0.0.1', s.port, timeout=4); \
c.request('GET', s.base_path + '/healthz'); \
raise SystemExit(c.getresponse().status != 200)"]
CMD ["gunicorn", "app:app"]
