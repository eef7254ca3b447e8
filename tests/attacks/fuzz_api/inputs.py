"""Inputs for a fuzz: schemathesis' from an OpenAPI document, and raw requests."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import requests
import schemathesis
from hypothesis import strategies as st
from schemathesis import GenerationMode


@dataclass(frozen=True)
class Sent:
    """One request as it goes over the wire; `path` begins with a slash."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


def of_openapi(
    document: dict[str, Any], known: Mapping[str, Sequence[str]]
) -> list[st.SearchStrategy[Sent]]:
    """Return a strategy for every operation: valid and not, known ids and not."""
    schema = schemathesis.openapi.from_dict(document)
    found = []
    for result in schema.get_all_operations():
        operation: Any = result.ok()  # type: ignore[union-attr]  # Err raises here
        names = [name for name in known if f"{{{name}}}" in operation.path]
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            found.append(operation.as_strategy(generation_mode=mode).map(_sent))
            if names:
                ids = {name: known[name][0] for name in names}
                aimed = operation.as_strategy(generation_mode=mode, path_parameters=ids)
                found.append(aimed.map(_sent))
    return found


def _sent(case: Any) -> Sent:
    kwargs = case.as_transport_kwargs(base_url="http://fuzz")
    prepared = requests.Request(**kwargs).prepare()
    body: Any = prepared.body or b""
    return Sent(
        prepared.method or "GET",
        prepared.path_url,
        {str(name): _text(value) for name, value in prepared.headers.items()},
        body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body,
    )


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.just("\ud800"),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=12,
)
_TYPES = (
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=b",
    "multipart/form-data",
    "text/plain",
    "application/json; charset=nonsense",
    "",
)


def raw(
    routes: Sequence[tuple[str, str]],
    known: Mapping[str, Sequence[str]],
    fields: Mapping[str, Sequence[Any]],
) -> st.SearchStrategy[Sent]:
    """Return requests to routes (method, path template), with any body and query.

    `fields` are names of body fields with values that are nearly right.
    """
    names = st.sampled_from([*fields, "x"])
    values = st.one_of(
        _JSON, *(st.sampled_from(list(values)) for values in fields.values())
    )
    forms = st.lists(
        st.tuples(names, values.map(str) | st.text(max_size=30)), max_size=6
    )
    bodies = st.one_of(
        st.just(b""),
        st.binary(max_size=200),
        (st.dictionaries(names, values, max_size=6) | _JSON).map(_dumps),
        forms.map(lambda pairs: urlencode(pairs, errors="replace").encode()),
        forms.map(_multipart),
    )

    @st.composite
    def requests_(draw: st.DrawFn) -> Sent:
        method, template = draw(st.sampled_from(list(routes)))
        method = draw(
            st.just(method) | st.sampled_from(["HEAD", "PUT", "DELETE", "OPTIONS"])
        )
        path = template
        for name, ids in known.items():
            one = draw(st.sampled_from(list(ids)) | st.text(min_size=1, max_size=14))
            path = path.replace(f"{{{name}}}", quote(one, safe="", errors="replace"))
        query = draw(st.lists(st.tuples(names, st.text(max_size=12)), max_size=3))
        if query:
            path += "?" + urlencode(query, errors="replace")
        headers = {"Accept": draw(st.sampled_from(["text/html", "*/*", ""]))}
        if kind := draw(st.sampled_from(_TYPES)):
            headers["Content-Type"] = kind
        return Sent(method, path, headers, draw(bodies))

    return requests_()


def _dumps(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=True).encode()


def _multipart(pairs: Sequence[tuple[str, str]]) -> bytes:
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"; '
        f'filename="f"\r\n\r\n{value}\r\n'
        for name, value in pairs
    ]
    return ("".join(parts) + "--b--\r\n").encode("utf-8", "replace")
