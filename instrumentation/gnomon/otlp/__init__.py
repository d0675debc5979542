"""OTLP as Gnomon writes and sends it: JSON encoding, endpoints, transports."""
