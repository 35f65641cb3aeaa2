"""The only place that builds objects and joins them; nobody imports it. One module per process."""
