"""What users do that no single part expects, on real parts."""
