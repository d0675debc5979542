"""PromQL as written in dashboards and rules: a syntax tree in which every part knows its characters."""
