"""The visit: availability and booking."""
