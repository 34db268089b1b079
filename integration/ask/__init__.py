"""Highlights for whoever asks over HTTP: `POST /v1/highlights`, then a poll or a callback.

- `settings` has what an admin sets; `service` says what the folder offers.
- `asking` (pure) reads a request, `answers` (pure) makes what is told of it, `openapi` describes both.
- `records` keeps a request and its result in Redis; `api` has the endpoints; `place` takes the result.
- `callback` sends it on: `hosts` (pure) says where it may go, `addresses` to which address.
"""
