"""Artefacts: the files that Grafana, Prometheus, Alertmanager and the Collector read.

Made of definitions (`production`), told as text (`outline`), compared in words (`comparison`).
"""
