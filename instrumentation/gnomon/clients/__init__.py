"""Readers of what real clients return, and hooks that see the requests they make.

No client library is imported here: responses are recognised by their shape.
"""

from gnomon.clients.reading import Reading, read
from gnomon.clients.streams import StreamReader

__all__ = ["Reading", "StreamReader", "read"]
