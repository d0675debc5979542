"""Which HTTP requests are calls to a model, by what the well-known APIs have in common."""

from __future__ import annotations

import re
from collections.abc import Callable

Match = Callable[[str, str], bool]
"""Takes a request's method and path, and says whether it asks a model."""

# Anthropic; OpenAI and everybody who speaks its protocol; Google; Amazon Bedrock; Cohere.
_PATH = re.compile(
    r"/(?:messages|complete|completions|responses|embeddings|invoke|invoke-with-response-stream"
    r"|converse|converse-stream|chat)/?$"
    r"|:(?:generateContent|streamGenerateContent|embedContent|batchEmbedContents|predict|rawPredict"
    r"|streamRawPredict)$"
)


def is_model_request(method: str, path: str) -> bool:
    """Whether a request looks like a call to a model: a POST to a path of one of the known APIs."""
    return method.upper() == "POST" and _PATH.search(path.partition("?")[0]) is not None
