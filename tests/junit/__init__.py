"""Import of JUnit XML."""
