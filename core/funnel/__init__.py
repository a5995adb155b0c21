"""How users come from one step to the next, where they are lost, and what those who arrive do differently."""
