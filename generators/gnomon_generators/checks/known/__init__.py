"""What queries may name: emitted series, recorded series, and the labels that each has."""
