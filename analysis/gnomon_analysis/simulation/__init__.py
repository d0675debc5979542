"""An organisation's agents, simulated: the telemetry of a fleet, and the truth about it."""
