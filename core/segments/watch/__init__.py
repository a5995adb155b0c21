"""Segments compared and watched: profiles, overlap, movement, size over time."""
