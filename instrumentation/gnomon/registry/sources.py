"""The conventions that names come from, at the versions that were read."""

from gnomon.registry.attribute import Source

SEMCONV = Source(
    name="OpenTelemetry semantic conventions",
    version="1.44.0",
    url="https://github.com/open-telemetry/semantic-conventions/tree/v1.44.0/docs",
)
GENAI = Source(
    name="OpenTelemetry GenAI semantic conventions",
    version="06ec68e",
    url="https://github.com/open-telemetry/semantic-conventions-genai/tree/06ec68e",
)
"""The generative AI conventions have no release: the version is a commit of their repository."""

GENAI_GEN2 = Source(
    name="OpenTelemetry semantic conventions",
    version="1.41.0",
    url="https://github.com/open-telemetry/semantic-conventions/tree/v1.41.0/docs/gen-ai",
)
"""The last core release that held the generative AI conventions; most of the market emits it."""

GNOMON = Source(name="Gnomon", version="", url="")
