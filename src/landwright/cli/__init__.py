"""Command line of landwright; one module per verb."""
