"""From settings to the content of config.yaml, and what follows from that alone."""
