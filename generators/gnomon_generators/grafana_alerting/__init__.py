"""Grafana's own alerting from the definitions that Prometheus' and Alertmanager's files are made of.

For teams that have no Alertmanager. Grafana reads the files from `provisioning/alerting`; they follow
grafana.com/docs/grafana/latest/alerting/set-up/provision-alerting-resources/file-provisioning.
"""

from gnomon_generators.grafana_alerting.files import FOLDER, documents

__all__ = ["FOLDER", "documents"]
