"""Customer lifetime value: BG/NBD for how often and how long, Gamma-Gamma for how much. Published by core.predict."""
