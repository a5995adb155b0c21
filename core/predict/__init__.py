"""What users will do: how many purchases to expect of each, and what they are worth."""
