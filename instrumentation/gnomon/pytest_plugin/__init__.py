"""The pytest plugin: what every test did, written as it happens, sent when the run is over."""
