"""What leaves the house, and records that only the law may ask for."""
