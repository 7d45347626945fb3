"""What leaves the house: a finding as a PDF, all that a person has here, and records that only the law may ask for."""
