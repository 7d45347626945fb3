"""What tests stand on: databases of their own, a clock that stands still, no way out of this machine."""
