"""Filters of maps that follow the edges of an image; pure torch, on any device."""
