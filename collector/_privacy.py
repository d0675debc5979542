"""What may not go further: words of people and customers, keys, passwords, addresses."""

from gnomon.registry import attributes as a
from gnomon.settings import Settings
from gnomon_generators.collector import Redaction, Statements, Transform, ottl

# The process that records is the first line and knows more (card numbers by their check digit); this is the
# second, for those who send without Gnomon.
SECRET_KEYS = (r"(?i).*(api[_-]?key|secret|password|passwd|authorization|cookie).*",)
SECRET_VALUES = (
    r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,253}\.[A-Za-z]{2,24}",
    r"\b\d{3}-\d{2}-\d{4}\b",
    r"\b(?:sk-[A-Za-z0-9_-]{20,200}|AKIA[A-Z2-7]{16}|gh[pousr]_[A-Za-z0-9]{36,255})",
    r"(?i)\bbearer +[A-Za-z0-9._~+/-]{16,512}=*",
)


def content(settings: Settings) -> Transform:
    """Takes out what was said, unless the settings record it."""
    return Transform(
        name="content",
        traces=(
            *ottl.without_content(settings),
            Statements("span", ("truncate_all(span.attributes, 4096)",)),
            Statements("spanevent", ("truncate_all(spanevent.attributes, 4096)",)),
        ),
        about="No words of people and customers, by the settings under `capture`; no attribute over 4 kB.",
    )


def redaction() -> Redaction:
    """Masks what looks like a secret."""
    return Redaction(
        blocked_keys=SECRET_KEYS,
        blocked_values=SECRET_VALUES,
        # `git@host:path` is no e-mail address, and credentials were cut off.
        ignored_keys=(a.VCS_REPOSITORY_URL_FULL.name,),
        about="Masks keys, passwords and addresses of people wherever they stand.",
    )
