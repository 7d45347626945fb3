"""What leaves the house: a finding as a PDF to print and take to a clinic."""
