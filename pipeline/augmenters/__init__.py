"""What is made for bins that have too few rows."""
