"""What the claims about speed are measured with: ratios in one run, never times."""
