"""What users do, told as stories, on real parts."""
