"""How many tokens a model call used, counted by OpenTelemetry's rule."""

from __future__ import annotations

from dataclasses import dataclass

from gnomon import given


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one model call, or of several together.

    `input` includes `cache_read` and `cache_write`, and `output` includes `reasoning`, as
    `gen_ai.usage.input_tokens` and `.output_tokens` do (OpenTelemetry GenAI conventions). Anthropic
    counts them apart: the readers in `gnomon.clients` add them. `cache_write_1h` is the part of
    `cache_write` that was stored for an hour, which Anthropic bills dearer. What is no number of tokens
    (None, text, a negative or not a finite number) counts as 0.
    """

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0
    cache_write_1h: int = 0

    def __post_init__(self) -> None:
        for kind in _KINDS:
            value = getattr(self, kind)
            if type(value) is not int or not 0 <= value <= given.LARGEST_COUNT:
                object.__setattr__(self, kind, given.count(value))

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input + other.input,
            self.output + other.output,
            self.cache_read + other.cache_read,
            self.cache_write + other.cache_write,
            self.reasoning + other.reasoning,
            self.cache_write_1h + other.cache_write_1h,
        )


_KINDS = ("input", "output", "cache_read", "cache_write", "reasoning", "cache_write_1h")
